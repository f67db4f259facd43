import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, launchChromium } from './browser.ts';
import { type House, startHouse, until } from './harness.ts';

// One person's day, in a browser, against the product as it is started: nothing of it is ours to pretend.

if (!hasChromium) test.skip('a journey needs a browser: the package chromium would run it', () => {});

describe.skipIf(!hasChromium)('a journey in Chromium', { timeout: 180_000 }, () => {
  let house: House;
  let browser: Browser;
  let base = '';
  beforeAll(async () => {
    house = await startHouse({ set: { alias: 'office@localhost elin@localhost', undo_send: 0 } });
    base = `http://127.0.0.1:${house.ports.http}`;
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await house?.remove();
  });

  const signUp = async (script: boolean, username: string): Promise<Page> => {
    const context = await browser.newContext({ javaScriptEnabled: script, viewport: { width: 1280, height: 820 } });
    const page = await context.newPage();
    await page.goto(base);
    await page.fill('#name', `${username} Example`);
    await page.fill('#username', username);
    await page.fill('#password', `${username} likes long words`);
    await page.click('button[type=submit]');
    await page.waitForURL('**/mail/inbox');
    return page;
  };
  const write = async (page: Page, to: string, subject: string, text: string) => {
    await page.goto(`${base}/compose`);
    await page.getByLabel('To', { exact: true }).fill(to);
    await page.getByLabel('Subject').fill(subject);
    await page.getByLabel('Message', { exact: true }).fill(text);
    await page.getByRole('button', { name: 'Send', exact: true }).click();
  };
  const row = (page: Page, text: string) => page.locator('.row', { hasText: text });

  test.each([
    ['with script', true],
    ['without script', false],
  ])('two people sign up, write, read, answer and are told of mistakes, %s', async (_, script) => {
    const suffix = script ? 'one' : 'two';
    const ann = await signUp(script, `ann-${suffix}`);
    const bo = await signUp(script, `bo-${suffix}`);

    await write(ann, `bo-${suffix}@localhost`, 'Grüße vom See', 'Komm doch am Samstag!');
    await ann.getByText('Message sent.').waitFor();
    // With script the mail is there by itself; without, a person loads the page again.
    if (!script) await bo.reload();
    await row(bo, 'Grüße vom See').locator('.row-link').click();
    await bo.getByText('Komm doch am Samstag!').last().waitFor();

    await bo.locator('.message-foot').getByText('Reply', { exact: true }).click();
    await bo.waitForURL('**/compose?reply=*');
    await bo.getByRole('button', { name: 'Send', exact: true }).click();
    await bo.getByText('Message sent.').waitFor();
    // Search follows the mail a moment later.
    await until('search finds it', async () => {
      await ann.goto(`${base}/search?q=samstag`);
      return (await row(ann, 'Re: Grüße vom See').count()) > 0;
    });
    await bo.goto(`${base}/mail/sent`);
    await row(bo, 'Re: Grüße vom See').waitFor();
    await bo.goto(`${base}/mail/drafts`);
    expect(await bo.locator('.row').count()).toBe(0);

    await write(ann, 'nobody-there@localhost', 'x', 'x');
    expect(await ann.locator('.compose-row .error').textContent()).toMatch(/nobody-there@localhost was refused/);
    for (const page of [ann, bo]) await page.context().close();
  });

  test('who has an alias writes as it and is answered there; the one written to is offered next time', async () => {
    const elin = await signUp(true, 'elin');
    const finn = await signUp(true, 'finn');
    await elin.goto(`${base}/settings/identities`);
    await elin.getByText('You may write as office@localhost.').waitFor();
    await elin.fill('#address-new', 'finn@localhost');
    await elin.getByRole('button', { name: 'Add address' }).click();
    await elin.getByText('You cannot write as finn@localhost').waitFor();
    await elin.fill('#address-new', 'office@localhost');
    await elin.fill('#signature-new', 'The office');
    await elin.getByRole('button', { name: 'Add address' }).click();
    await elin.getByText('office@localhost saved.').waitFor();
    await elin.goto(`${base}/compose`);
    await elin.getByLabel('From').selectOption('office@localhost');
    await elin.getByLabel('To', { exact: true }).fill('finn@localhost');
    await elin.getByLabel('Subject').fill('Opening hours');
    await elin.getByLabel('Message', { exact: true }).fill('Ten to five.\n\n-- \nThe office');
    await elin.getByRole('button', { name: 'Send', exact: true }).click();
    await elin.getByText('Message sent.').waitFor();
    await row(finn, 'Opening hours').locator('.row-link').click();
    await finn.getByText('The office').last().waitFor();
    await finn.locator('.message-foot').getByText('Reply', { exact: true }).click();
    await finn.waitForURL('**/compose?reply=*');
    expect(await finn.locator('input[type=hidden][name=to]').inputValue()).toContain('<office@localhost>');
    await finn.getByRole('button', { name: 'Send', exact: true }).click();
    await finn.getByText('Message sent.').waitFor();
    await row(elin, 'Re: Opening hours').locator('.row-link').click();
    await elin.locator('.message-foot').getByText('Reply', { exact: true }).click();
    await elin.waitForURL('**/compose?reply=*');
    expect(await elin.getByLabel('From').inputValue()).toBe('office@localhost');
    await elin.goto(`${base}/compose`);
    await elin.getByRole('combobox', { name: 'To', exact: true }).pressSequentially('fin');
    await elin.locator('.offers [role=option]', { hasText: 'finn@localhost' }).waitFor();
    for (const page of [elin, finn]) await page.context().close();
  });

  test('a password is changed and the old one is worth nothing', async () => {
    const page = await signUp(true, 'carla');
    await page.goto(`${base}/settings`);
    await page.fill('#old', 'carla likes long words');
    await page.fill('#next', 'carla likes other words');
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByText('Your password is changed.').waitFor();
    await page.context().clearCookies();
    await page.goto(`${base}/login`);
    for (const [password, goal] of [
      ['carla likes long words', '**/login'],
      ['carla likes other words', '**/mail/inbox'],
    ] as const) {
      await page.fill('#username', 'carla');
      await page.fill('#password', password);
      await page.click('button[type=submit]');
      await page.waitForURL(goal);
    }
    await page.context().close();
  });

  test('mail and webmail come back after kill -9, and the browser stays signed in', async () => {
    const page = await signUp(true, 'dora');
    await write(page, 'dora@localhost', 'Before the crash', 'x');
    await page.getByText('Message sent.').waitFor();
    await house.kill();
    await house.restart();
    await page.goto(`${base}/mail/inbox`);
    await row(page, 'Before the crash').waitFor();
    await page.context().close();
  });
});

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { enter, hasChromium, hearComplaints, launchChromium } from './browser.ts';
import { type House, startHouse, until } from './harness.ts';
import { popMessages } from './mail-talk.ts';

const password = 'long words of ann';

if (!hasChromium) test.skip('taking back in a browser needs one: the package chromium would run it', () => {});

describe.skipIf(!hasChromium)('taking back in Chromium', { timeout: 180_000 }, () => {
  let house: House;
  let browser: Browser;
  let base = '';
  const complaints: string[] = [];
  beforeAll(async () => {
    house = await startHouse({ set: { undo_send: 30 } });
    for (const name of ['ann', 'bob']) await house.addUser(`${name}@localhost`, password);
    base = `http://127.0.0.1:${house.ports.http}`;
    browser = await launchChromium();
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await house?.remove();
  });

  const signIn = async (script: boolean): Promise<Page> => {
    const context = await browser.newContext({ javaScriptEnabled: script, timezoneId: 'Asia/Tokyo' });
    const page = await context.newPage();
    hearComplaints(page, complaints);
    await enter(page, base, 'ann', password);
    return page;
  };
  const write = async (page: Page, subject: string) => {
    await page.goto(`${base}/compose?to=bob@localhost&subject=${subject}&body=At+ten`);
    await page
      .locator('input[type=file]')
      .setInputFiles({ name: `${subject}.txt`, mimeType: 'text/plain', buffer: Buffer.from('plan') });
    // Without script the file comes along with the click.
    await page.getByRole('button', { name: 'Send', exact: true }).waitFor();
  };
  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).first();
  const arrived = async (subject: string) =>
    (await popMessages(house.ports.pop3, 'bob@localhost', password)).filter(m => m.includes(`Subject: ${subject}\r\n`));

  test.each([
    ['with script', true],
    ['without script', false],
  ])('Undo opens the letter again with its file, and it can be sent after all, %s', async (_, script) => {
    const subject = script ? 'Scripted' : 'Plain';
    const page = await signIn(script);
    await write(page, subject);
    if (script) await page.locator('.attachment').waitFor();
    await press(page, 'Send').click();
    await page.getByText('Message sent.').waitFor();
    expect(await page.locator('#rail a[href="/outbox"] .count').textContent()).toContain('1');
    await press(page, 'Undo').dblclick({ noWaitAfter: true });
    await page.getByText('Not sent. It is a draft again.').waitFor();
    expect(page.url()).toMatch(/\/drafts\/\d+$/);
    expect(await page.getByLabel('Message', { exact: true }).inputValue()).toBe('At ten');
    await page.locator('.attachment', { hasText: `${subject}.txt` }).waitFor();
    expect(await page.locator('#rail a[href="/outbox"]').count()).toBe(0);
    await press(page, 'Send').click();
    await page.getByText('Message sent.').waitFor();
    await page.goto(`${base}/outbox`);
    await page.getByRole('button', { name: `Send now: “${subject}”` }).click();
    await page.getByText('On its way.').waitFor();
    await until('it to be there', async () => (await arrived(subject)).length === 1);
    await page.goto(`${base}/mail/sent`);
    await page.locator('.row', { hasText: subject }).first().waitFor();
    await page.context().close();
  });

  test.each([
    ['with script', true],
    ['without script', false],
  ])(
    'Send later waits until the reader’s own morning, and is put off and taken back from the Outbox, %s',
    async (_, script) => {
      const subject = script ? 'Later' : 'PlainLater';
      const page = await signIn(script);
      await page.goto(`${base}/compose?to=bob@localhost&subject=${subject}&body=x`);
      await page.getByText('Send later', { exact: true }).click();
      if (script) expect(await page.locator('.later-card .hint').textContent()).toContain('Asia/Tokyo');
      await page.getByRole('button', { name: /^Tomorrow morning/ }).click();
      await page.getByText(/^Will be sent .*8:00/).waitFor();
      await page.locator('#rail a[href="/outbox"]').click();
      const link = page.locator('.outbox-link', { hasText: subject });
      const shown = () => page.locator('.outbox-when time').first().getAttribute('datetime');
      const planned = await shown();
      // 8 o'clock there is 23 o'clock of the day before in Greenwich.
      if (script) expect(planned).toMatch(/T23:00/);
      await link.click();
      await page.getByText('Change the time').click();
      await page.fill('input[name=day]', '2020-01-01');
      await page.fill('input[name=time]', '09:00');

      await press(page, 'Send then').click();
      await page.getByText('This time is over. Choose one that is still to come.').waitFor();

      await page
        .getByRole('button', { name: /^Monday morning|^In an hour/ })
        .last()
        .click();
      await page
        .getByText(/^Will be sent /)
        .first()
        .waitFor();
      expect(await shown()).not.toBe(planned);
      await page.getByRole('button', { name: `Back to drafts: “${subject}”` }).click();
      await page.getByText('Not sent. It is a draft again.').waitFor();
      expect(await page.getByLabel('Subject').inputValue()).toBe(subject);
      await page.context().close();
    },
  );

  test('the offer ends before the letter leaves, and the count goes when it has left', async () => {
    const page = await signIn(true);
    await page.goto(`${base}/settings`);
    await page.getByLabel('Undo after sending').selectOption('5');
    await page.locator('form[action="/settings/sending"] button').click();
    await page.getByText('Saved how long you can undo.').waitFor();
    await page.goto(`${base}/compose?to=bob@localhost&subject=Leaves&body=x`);
    await press(page, 'Send').click();
    await page.getByText('Message sent.').waitFor();
    await page.locator('.toast').waitFor({ state: 'detached' });
    expect(await page.locator('#rail a[href="/outbox"]').count()).toBe(1);
    await until('it to be there', async () => (await arrived('Leaves')).length === 1, 30_000);
    await page.locator('#rail a[href="/outbox"]').waitFor({ state: 'detached' });
    await page.context().close();
  });

  test('nothing broke a rule of the page', () => {
    expect(complaints).toEqual([]);
  });
});

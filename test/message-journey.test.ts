import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, launchChromium } from './browser.ts';
import { type House, startHouse } from './harness.ts';
import { sendRaw } from './mail-talk.ts';

// What is done from a message, in a browser, against the product as it is started: the daemon takes what the site sends.
if (!hasChromium) test.skip('messages need a browser: the package chromium would run it', () => {});

describe.skipIf(!hasChromium)('messages in Chromium', { timeout: 180_000 }, () => {
  let house: House;
  let browser: Browser;
  let base = '';
  beforeAll(async () => {
    house = await startHouse({
      set: { authentication_from: 'edge.example.org 127.0.0.1', undo_send: 0 },
    });
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
    await page.goto(`${base}/signup`);
    await page.fill('#name', `${username} Example`);
    await page.fill('#username', username);
    await page.fill('#password', `${username} likes long words`);
    await page.click('button[type=submit]');
    await page.waitForURL('**/mail/inbox');
    return page;
  };
  const open = async (page: Page, subject: string) => {
    await page.goto(`${base}/mail/inbox`);
    await page.locator('.row', { hasText: subject }).locator('.row-link').click();
    await page.locator('.letter').first().waitFor();
  };
  const give = (to: string, content: string) =>
    sendRaw(house.ports.smtp, {
      from: 'carol@example.net',
      to: [to],
      data: Buffer.from(`${content}.\n`.replace(/\r?\n/g, '\r\n')),
    });

  test.each([
    ['with script', true],
    ['without script', false],
  ])('an invitation is answered, a receipt sent, images and text chosen, a list asked for, %s', async (_, script) => {
    const name = script ? 'ann' : 'anna';
    const ann = await signUp(script, name);
    const bo = await signUp(script, script ? 'bob' : 'bobo');
    const host = `${script ? 'bob' : 'bobo'}@localhost`;
    await give(
      `${name}@localhost`,
      `Authentication-Results: edge.example.org; dmarc=pass header.from=example.net
From: Carol <carol@example.net>
To: ${name}@localhost
Subject: Come and see
Message-ID: <come-${name}@example.net>
Disposition-Notification-To: ${host}
List-Id: Garden <garden.example>
List-Unsubscribe: <https://lists.example.net/leave>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=m

--m
Content-Type: multipart/alternative; boundary=a

--a
Content-Type: text/plain

The plain words.
--a
Content-Type: text/html

<p style="color:#000">The <b>designed</b> words.</p><img src="http://127.0.0.9:9/a.png" width="90" height="90">
--a--
--m
Content-Type: text/calendar; method=REQUEST

BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VEVENT
UID:see-${name}@example.net
SUMMARY:Seeing the garden
DTSTART:20261203T100000Z
ORGANIZER;CN=Bo:mailto:${host}
ATTENDEE:mailto:${name}@localhost
END:VEVENT
END:VCALENDAR
--m--
`,
    );
    await open(ann, 'Come and see');
    await ann.getByText('from example.net, checked').waitFor();
    await ann.frameLocator('iframe.frame').getByText('designed').waitFor();

    await ann.getByRole('button', { name: 'Accept' }).click();
    await ann.locator('.invitation').getByText('You accepted').waitFor();
    await open(bo, 'Accepted: Seeing the garden');
    await bo.locator('.invitation').getByText(`${name} Example accepts`).waitFor();

    await ann.getByRole('button', { name: 'Tell', exact: true }).click();
    await ann.locator('.banner').getByText('You told').waitFor();
    await open(bo, 'Read: Come and see');
    await bo.locator('.letter').getByText('That says nothing of whether it was understood.').waitFor();

    await ann.getByRole('button', { name: 'Always for carol@example.net' }).click();
    await ann.getByText('Images of this sender are always shown.').waitFor();
    await ann.getByRole('button', { name: 'Unsubscribe' }).click();
    await ann.getByText('This server is off line and could not ask lists.example.net.').first().waitFor();
    await ann.getByRole('button', { name: 'Show as plain text' }).click();
    await ann.locator('.message-text').getByText('The plain words.').waitFor();
    expect(await ann.locator('iframe.frame').count()).toBe(0);

    await ann.goto(`${base}/settings/senders`);
    expect(await ann.locator('.decided li').count()).toBe(2);
    await ann.getByRole('button', { name: 'Remove' }).first().click();
    await ann.getByText('Forgotten what was decided').waitFor();
    expect(await ann.locator('.decided li').count()).toBe(1);
    for (const page of [ann, bo]) await page.context().close();
  });
});

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, BrowserContext, FrameLocator, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Account } from '../daemon/store.ts';
import { enter, hasChromium, inChromium, serve, type Visited } from './browser.ts';
import { openSite, type TestSite } from './site.ts';

if (!hasChromium) test.skip('the editor needs a browser: the package chromium would run it', () => {});

let site: TestSite;
let ann: Account;
let browser: Browser;
let visited: Visited;
let base = '';
const complaints: string[] = [];
/** On while the test itself does what the page's policy forbids: filling the clipboard, running axe. */
let unheard = false;
/** What was asked for beyond the site. */
const outward: string[] = [];

beforeAll(async () => {
  if (!hasChromium) return;
  site = await openSite({ host_domain: ['example.org'], max_message_size: 3_000_000 });
  ann = await site.account('ann');
  visited = await inChromium(site);
  ({ base, browser } = visited);
});
afterAll(async () => {
  if (!hasChromium) return;
  await visited.close();
});
beforeEach(async () => {
  if (!hasChromium) return;
  site.sent.length = 0;
  for (const draft of await site.store.drafts.list(ann.id)) await site.store.drafts.remove(ann.id, draft.id);
});

async function writing(path: string, javaScriptEnabled = true): Promise<{ context: BrowserContext; page: Page }> {
  const permissions = ['clipboard-read', 'clipboard-write'];
  const context = await browser.newContext({ permissions, javaScriptEnabled });
  const page = await context.newPage();
  page.on('pageerror', error => complaints.push(error.message));
  page.on('console', m => {
    if (!unheard && /Content Security Policy|Uncaught|violat/i.test(m.text())) complaints.push(m.text());
  });
  page.on('request', r => !/^(?:blob:|data:)/.test(r.url()) && !r.url().startsWith(base) && outward.push(r.url()));
  await enter(page, base, 'ann');
  await page.goto(base + path);
  return { context, page };
}

const toggle = (page: Page) => page.getByRole('button', { name: 'Formatting', exact: true });
const editorIn = (page: Page) => page.frameLocator('.compose-text iframe');
const letter = (frame: FrameLocator) => frame.locator('#letter');
const tool = (frame: FrameLocator, name: string) => frame.getByRole('button', { name, exact: true });

async function formatted(path = '/compose?to=bo@example.net&subject=S') {
  const { context, page } = await writing(path);
  await toggle(page).click();
  const frame = editorIn(page);
  await frame.locator('#letter:focus').waitFor();
  return { context, page, frame };
}

const saved = async (test: (html: string) => boolean): Promise<string> => {
  let html = '';
  await expect
    .poll(
      async () => {
        html = (await site.store.drafts.list(ann.id))[0]?.html ?? '';
        return test(html) || html;
      },
      { timeout: 15_000 },
    )
    .toBe(true);
  return html;
};

/** `hostile`: its handlers are read in a document that cannot run them; the policy says so all the same. */
async function paste(page: Page, html: string, hostile = false) {
  unheard = true;
  await page.evaluate(
    `navigator.clipboard.write([new ClipboardItem({
      'text/html': new Blob([${JSON.stringify(html)}], { type: 'text/html' }),
      'text/plain': new Blob(['text'], { type: 'text/plain' }) })])`,
  );
  // What the page is told of the policy comes in order.
  const heard = page.waitForEvent('console', m => m.text() === 'written');
  await page.evaluate("console.log('written')");
  await heard;
  unheard = hostile;
  await page.keyboard.press('Control+v');
}

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAGUlEQVR4nGP8z8DwnwEPYMInOXwUMDAwAABh4wEPO3bYtwAAAABJRU5ErkJggg==',
  'base64',
);

describe.skipIf(!hasChromium)('writing with formatting in Chromium', { timeout: 180_000 }, () => {
  test('by mouse and keys, is saved while typing, comes back, and goes out in both versions', async () => {
    const { context, page, frame } = await formatted('/compose?to=bo@example.net&subject=S&body=Dear%20Bo');
    await letter(frame).press('Control+End');
    await page.keyboard.press('Enter');
    await tool(frame, 'Bold').click();
    await expect.poll(() => tool(frame, 'Bold').getAttribute('aria-pressed')).toBe('true');
    await page.keyboard.type('Ten');
    await page.keyboard.press('Control+b');
    await page.keyboard.type(' o’clock');
    await page.keyboard.press('Enter');
    await tool(frame, 'List').click();
    await page.keyboard.type('tea');
    await page.keyboard.press('Enter');
    await page.keyboard.type('cake');
    const html = '<div>Dear Bo</div><div><b>Ten</b> o’clock</div><ul><li>tea</li><li>cake</li></ul>';
    await saved(now => now === html);
    await page.waitForURL('**/drafts/*');
    await page.reload();
    await letter(frame).getByText('cake').waitFor();
    expect(await letter(frame).innerHTML()).toBe(html);
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.waitForURL('**/mail/inbox');
    const [{ content }] = site.sent as [(typeof site.sent)[0]];
    expect(content).toMatch(/text\/plain[\s\S]*Ten[\s\S]*\* tea[\s\S]*text\/html[\s\S]*<b>Ten<\/b>/);
    await context.close();
  });

  test('by the signs of Markdown, which Undo gives back', async () => {
    const { context, page, frame } = await formatted();
    await letter(frame).press('Control+Home');
    await page.keyboard.type('- ');
    await letter(frame).locator('li').waitFor();
    await page.keyboard.press('Control+z');
    await expect.poll(() => letter(frame).innerText()).toMatch(/^-\s*$/);
    await page.keyboard.press('Backspace');
    await expect.poll(() => letter(frame).innerText()).toMatch(/^\s*$/);
    const lines = [
      '# Saturday',
      'Bring **two spades** and **a barrow**, 2 ** 3 - 1',
      '- tea',
      'cake',
      '',
      '> as he said',
      '',
      '1. one',
    ];
    for (const [i, line] of lines.entries()) {
      if (i > 0) await page.keyboard.press('Enter');
      await page.keyboard.type(line);
    }
    await saved(
      now =>
        now ===
        '<h3>Saturday</h3><div>Bring <b>two spades</b> and <b>a barrow</b>, 2 ** 3 - 1</div>' +
          '<ul><li>tea</li><li>cake</li></ul><blockquote><div>as he said</div></blockquote><ol><li>one</li></ol><div><br /></div>',
    );
    await context.close();
  });

  test('takes what is typed right after all was deleted, however late its timers come', async () => {
    const { context, page, frame } = await formatted();
    await page.keyboard.type('x');
    await letter(frame).evaluate(
      '(() => { const later = setTimeout; window.setTimeout = (f, ms) => later(f, ms || 500) })()',
    );
    await page.keyboard.press('Backspace');
    await page.keyboard.type('# Saturday');
    await page.keyboard.press('Enter');
    await page.keyboard.type('morning');
    await saved(html => html.startsWith('<h3>Saturday</h3><div>morning</div>'));
    await context.close();
  });

  test('what was typed a moment before Send is sent, and Ctrl-Enter in the editor sends', async () => {
    for (const send of ['button', 'key']) {
      site.sent.length = 0;
      const { context, page, frame } = await formatted();
      await letter(frame).press('End');
      await page.keyboard.type('the very last words');
      if (send === 'key') await page.keyboard.press('Control+Enter');
      else await page.evaluate("document.querySelector('[data-key=send]').click()");
      await page.waitForURL('**/mail/inbox');
      expect(site.sent[0]?.content).toContain('the very last words');
      await context.close();
    }
  });

  test('what was typed is sent though the frame’s word of it comes late', async () => {
    site.sent.length = 0;
    const { context, page, frame } = await formatted();
    await page.waitForURL('**/drafts/*');
    // A window's listeners are called in the order they came in, so this one is there before those of the page.
    await page.addInitScript(() => {
      const window = globalThis as unknown as EventTarget & { slow?: boolean };
      window.addEventListener('message', event => {
        const { data, source } = event as unknown as { data: object; source: null };
        if (!window.slow || 'late' in data) return;
        event.stopImmediatePropagation();
        const again = { data: { ...data, late: true }, source };
        setTimeout(() => window.dispatchEvent(new MessageEvent('message', again)), 2_000);
      });
    });
    await page.reload();
    await letter(frame).press('Control+Home');
    await page.keyboard.type('First of all, ');
    await saved(html => html.includes('First of all,'));
    await page.evaluate('window.slow = true');
    await page.keyboard.type('the very last words');
    await page.evaluate("document.querySelector('[data-key=send]').click()");
    await page.waitForURL('**/mail/inbox');
    expect(site.sent[0]?.content).toContain('the very last words');
    await context.close();
  });

  test('can be given up and taken back, and what was formatted is as it was', async () => {
    const { context, page, frame } = await formatted();
    await page.keyboard.press('Control+i');
    await page.keyboard.type('slanted');
    await saved(html => html.includes('<i>slanted</i>'));
    await toggle(page).click();
    const text = page.getByLabel('Message', { exact: true });
    await expect.poll(() => text.inputValue()).toBe('slanted\n');
    await expect.poll(async () => (await site.store.drafts.list(ann.id))[0]?.html).toBeNull();
    await toggle(page).click();
    await letter(frame).locator('i').waitFor();
    await toggle(page).click();
    await text.fill('other <words>');
    await toggle(page).click();
    await expect.poll(() => letter(frame).textContent()).toBe('other <words>');
    await context.close();
  });

  test('Tab leaves the text, Alt-F10 goes to the tools, arrows go along them, Escape comes back', async () => {
    const { context, page, frame } = await formatted();
    await page.keyboard.type('a');
    await page.keyboard.press('Alt+F10');
    const focus = () => frame.locator(':focus').getAttribute('aria-label');
    expect(await focus()).toBe('Bold');
    await page.keyboard.press('ArrowRight');
    expect(await focus()).toBe('Italic');
    await page.keyboard.press('End');
    expect(await focus()).toBe('Redo');
    await page.keyboard.press('ArrowRight');
    expect(await focus()).toBe('Bold');
    expect(await frame.locator('.tools [tabindex="0"]').count()).toBe(1);
    await page.keyboard.press('Escape');
    await frame.locator('#letter:focus').waitFor();
    await page.keyboard.press('Tab');
    await expect.poll(() => page.evaluate('document.activeElement.textContent.trim()')).toBe('Formatting');
    await page.keyboard.press('Shift+Tab');
    await frame.locator('#letter:focus').waitFor();
    await page.keyboard.type('b');
    await expect.poll(() => letter(frame).textContent()).toContain('b');
    await context.close();
  });

  test('a link leads to a page or an address, or is told that it does not', async () => {
    const { context, page, frame } = await formatted();
    const link = async (to: string) => {
      await page.keyboard.press('Control+k');
      await frame.getByLabel('Leads to').fill(to);
      await page.keyboard.press('Enter');
    };
    await page.keyboard.type('here');
    await page.keyboard.press('Control+a');
    await link('javascript:alert(1)');
    await frame.getByRole('alert').getByText('A link leads to a page').waitFor();
    await frame.getByLabel('Leads to').fill('not a page');
    await page.keyboard.press('Enter');
    expect(await frame.getByLabel('Leads to').getAttribute('aria-invalid')).toBe('true');
    await frame.getByLabel('Leads to').fill('x.example/a?b');
    await page.keyboard.press('Enter');
    expect(await letter(frame).locator('a').getAttribute('href')).toBe('https://x.example/a?b');
    expect(await frame.locator('.link').isVisible()).toBe(false);
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowRight');
    await link('bo@example.net');
    expect(await letter(frame).locator('a').getAttribute('href')).toBe('mailto:bo@example.net');
    await page.keyboard.press('Control+k');
    await tool(frame, 'Remove link').click();
    expect(await letter(frame).locator('a').count()).toBe(0);
    expect((await letter(frame).textContent())?.replaceAll('\u200b', '')).toBe('here');
    await context.close();
  });

  test('heading, quote, clearing, undo and redo do what they say', async () => {
    const { context, page, frame } = await formatted();
    const html = async () => (await letter(frame).innerHTML()).replaceAll('\u200b', '');
    await page.keyboard.type('Plan');
    await tool(frame, 'Heading').click();
    expect(await html()).toContain('<h3>Plan</h3>');
    await expect.poll(() => tool(frame, 'Heading').getAttribute('aria-pressed')).toBe('true');
    await tool(frame, 'Heading').click();
    expect(await html()).toContain('<div>Plan</div>');
    await tool(frame, 'Quote').click();
    expect(await html()).toContain('<blockquote><div>Plan</div>');
    await tool(frame, 'Quote').click();
    expect(await html()).not.toContain('blockquote');
    await page.keyboard.press('Control+a');
    await page.keyboard.press('Control+b');
    expect(await html()).toContain('<b>Plan</b>');
    await tool(frame, 'Remove formatting').click();
    expect(await html()).not.toContain('<b>');
    await page.keyboard.press('Control+z');
    expect(await html()).toContain('<b>Plan</b>');
    await tool(frame, 'Redo').click();
    expect(await html()).not.toContain('<b>');
    await context.close();
  });

  test('what is pasted keeps what it says and sheds how it looked', async () => {
    const { context, page, frame } = await formatted();
    const word =
      '<html xmlns:o="x"><head><style>p.MsoNormal{color:red}</style></head><body><!--StartFragment--><p class=MsoNormal style="margin:0"><b style="mso-bidi-font-weight:normal"><span lang=EN style="font-family:Calibri">Plan</span></b><o:p></o:p></p><p class=MsoListParagraph style="text-indent:-18pt;mso-list:l0 level1 lfo1"><span style="mso-list:Ignore">·<span>&nbsp;&nbsp;</span></span>tea</p><p class=MsoListParagraph style="mso-list:l0 level1 lfo1"><span style="mso-list:Ignore">·</span>cake</p><!--EndFragment--></body></html>';
    await paste(page, word);
    await saved(html => html.includes('cake'));
    const html = await letter(frame).innerHTML();
    expect(html).toMatch(/<b>Plan<\/b>/);
    expect(html).toMatch(/<ul><li>tea<\/li><li>cake<\/li><\/ul>/);
    expect(html).not.toMatch(/mso|class=|style=|font|·/i);
    await page.keyboard.press('Control+a');
    const google =
      '<meta charset="utf-8"><b style="font-weight:normal;" id="docs-internal-guid-1"><p dir="ltr" style="line-height:1.38"><span style="font-weight:700;color:#000">bold</span><span style="font-style:italic;color:#111"> slanted</span></p></b>';
    await paste(page, google);
    await expect.poll(() => letter(frame).innerHTML()).toMatch(/<b>bold<\/b><i> slanted<\/i>/);
    await page.keyboard.press('Control+a');
    const hostile =
      '<img src="https://far.example/t.png" onerror="parent.x()"><a href="javascript:alert(1)" onclick="x()">a</a><svg onload="alert(1)"></svg><script>alert(1)</script><iframe src="https://far.example"></iframe><form action="https://far.example"><input></form><p style="background:url(https://far.example/b)">p</p>';
    await paste(page, hostile, true);
    await expect.poll(() => letter(frame).locator('img').count()).toBe(1);
    unheard = false;
    const left = await letter(frame).innerHTML();
    expect(left).not.toMatch(/ src=|onerror|onclick|javascript:|svg|script|iframe|<form|input|background/);
    expect(left).toContain('data-remote="https://far.example/t.png"');
    await context.close();
  });

  test('a pasted picture goes into the text, to the draft, and out with the letter; and can be taken back', async () => {
    const { context, page, frame } = await formatted();
    await page.keyboard.type('See ');
    await frame.locator('#pictures').setInputFiles({ name: 'plan.png', mimeType: 'image/png', buffer: png });
    await letter(frame).locator('img[src^="blob:"]').waitFor();
    const html = await saved(now => /src="cid:i-/.test(now));
    expect(html).toMatch(/<img alt="plan" src="cid:i-[a-z0-9]+" \/>/);
    await expect.poll(async () => (await site.store.drafts.list(ann.id))[0]?.uploads.length).toBe(1);
    const [draft] = await site.store.drafts.list(ann.id);
    expect(html).toContain(`cid:${draft?.uploads[0]?.label}"`);
    await page.waitForURL(`**/drafts/${draft?.id}`);
    await page.reload();
    await letter(frame).locator('img[src^="blob:"]').waitFor();
    const width = (image: object) => Reflect.get(image, 'naturalWidth') as number;
    await expect.poll(() => letter(frame).locator('img').evaluate(width)).toBe(8);
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.waitForURL('**/mail/inbox');
    expect(site.sent[0]?.content).toMatch(/multipart\/related/);
    await context.close();
  });

  test('without script a draft with formatting is read, kept by every button, and goes on as plain text by choice', async () => {
    const fields = { to: 'bo@example.net', cc: '', bcc: '', subject: 'S', relatedId: null, relation: null };
    const html = '<p>Dear <b>Bo</b></p>';
    const draft = await site.store.drafts.create(ann.id, { ...fields, text: 'Dear Bo\n', html }, site.clock.now);
    if (draft === 'no-room') throw new Error('no room');
    const { context, page } = await writing(`/drafts/${draft.id}`, false);
    expect(await page.getByLabel('Message', { exact: true }).inputValue()).toBe('Dear Bo\n');
    await page.getByText('This letter has formatting').waitFor();
    await page.getByLabel('Subject').fill('Other');
    await page.getByRole('button', { name: 'Save draft', exact: true }).last().click();
    await page.waitForURL('**/mail/drafts');
    expect(await site.store.drafts.get(ann.id, draft.id)).toMatchObject({ subject: 'Other', html });
    await page.goto(`${base}/drafts/${draft.id}`);
    await page.getByRole('button', { name: 'Go on as plain text' }).click();
    await page.getByLabel('Message', { exact: true }).fill('Dear Bo, plain');
    expect((await site.store.drafts.get(ann.id, draft.id))?.html).toBeNull();
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.waitForURL('**/mail/inbox');
    expect(site.sent[0]?.content).toContain('Dear Bo, plain');
    await context.close();
  });

  test('a reply quotes a mail with its looks, and nothing is loaded for it', async () => {
    const mail =
      'From: Bo <bo@example.net>\nTo: ann@example.org\nSubject: Q\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n<p style="color:#c00">Red</p><img src="https://far.example/p.png" width="90">\n';
    const id = await site.deliver(ann, mail);
    const { context, page, frame } = await formatted(`/compose?reply=${id}`);
    await letter(frame).locator('blockquote p').waitFor();
    expect(await letter(frame).locator('blockquote p').getAttribute('style')).toBe('color:#c00;');
    expect(await letter(frame).locator('img').getAttribute('title')).toEqual(expect.stringContaining('far.example'));
    await page.keyboard.type('My answer');
    const html = await saved(now => now.includes('My answer'));
    expect(html).toMatch(/^<div>My answer<\/div>.*<blockquote class="quote"><p style="color:#c00;">Red/s);
    await context.close();
  });

  test('a canned reply goes where the caret is, formatted or not; in plain text above the signature', async () => {
    const { cannedReplies, identities } = site.store;
    await cannedReplies.save(ann.id, null, { name: 'Hours', text: 'We open at <ten>.\n', html: null });
    await cannedReplies.save(ann.id, null, { name: 'Thanks', text: 'Thank you', html: '<b>Thank you</b>' });
    const identity = { name: '', replyTo: '', isDefault: false };
    await identities.save(ann.id, {
      ...identity,
      address: 'ann@example.org',
      signature: 'Ann',
      signatureHtml: '<i>Ann</i>',
    });
    await identities.save(ann.id, { ...identity, address: 'us@example.org', signature: 'Us', signatureHtml: '' });
    const { context, page, frame } = await formatted();
    await page.keyboard.type('Dear Bo, ');
    const choose = page.getByLabel('Insert a canned reply');
    await choose.selectOption({ label: 'Thanks' });
    await letter(frame).locator('b').waitFor();
    await page.keyboard.type('!');
    await choose.selectOption({ label: 'Hours' });
    await letter(frame).getByText('We open at <ten>.').waitFor();
    expect((await letter(frame).innerHTML()).replaceAll('\u200b', '')).toMatch(
      /^<div>Dear Bo,(?: |&nbsp;)<b>Thank you!?<\/b>!?We open at &lt;ten&gt;\.(?:<b><\/b>)?(?:<br>)?<\/div>.*<div class="signature">.*<i>Ann<\/i>/,
    );
    await page.getByLabel('From').selectOption('us@example.org');
    await letter(frame).locator('.signature').getByText('Us').waitFor();
    expect(await letter(frame).locator('.signature').count()).toBe(1);
    await toggle(page).click();
    const text = page.getByLabel('Message', { exact: true });
    await expect.poll(() => text.inputValue()).toMatch(/-- \nUs\n$/);
    await context.close();
    const plain = await writing('/compose?to=bo@example.net');
    await plain.page.getByLabel('Insert a canned reply').selectOption({ label: 'Hours' });
    await expect
      .poll(() => plain.page.getByLabel('Message', { exact: true }).inputValue())
      .toBe('We open at <ten>.\n\n-- \nAnn\n');
    await plain.context.close();
  });

  test('who chose so begins with formatting, with the caret in an answer; signatures hold no pictures', async () => {
    await site.store.accounts.set(ann.id, { writesRich: true });
    const id = await site.deliver(ann, 'From: bo@example.net\nTo: ann@example.org\nSubject: Q\n\nWhen?\n');
    const { context, page } = await writing(`/compose?reply=${id}`);
    const frame = editorIn(page);
    await frame.locator('#letter:focus').waitFor();
    await page.keyboard.type('At ten');
    const html = await saved(now => now.includes('At ten'));
    expect(html).toMatch(/^<div>At ten(?:<br \/>)?<\/div>.*<blockquote class="quote"><div>When\?<\/div>/s);
    await page.goto(`${base}/settings/identities`);
    const signature = page.frameLocator('.compose-text iframe').first();
    await signature.locator('#letter').waitFor();
    await expect.poll(() => tool(signature, 'Picture').isVisible()).toBe(false);
    await site.store.accounts.set(ann.id, { writesRich: false });
    await context.close();
  });

  test('works where the site lives under a sub-path', async () => {
    const below = await openSite({ host_domain: ['example.org'], base_path: '/cw' });
    const eve = await below.account('eve');
    const served = await serve(below);
    const root = `${served.base}/cw`;
    const page = await browser.newPage();
    await page.goto(`${root}/login`);
    await page.fill('#username', 'eve');
    await page.fill('#password', 'correct horse');
    await page.click('button[type=submit]');
    await page.waitForURL('**/cw/mail/inbox');
    await page.goto(`${root}/compose?to=bo@example.net`);
    await toggle(page).click();
    const frame = editorIn(page);
    await frame.locator('#letter:focus').waitFor();
    await frame.locator('#pictures').setInputFiles({ name: 'plan.png', mimeType: 'image/png', buffer: png });
    await page.waitForURL('**/cw/drafts/*');
    const stored = async () => (await below.store.drafts.list(eve.id))[0];
    await expect.poll(async () => (await stored())?.html ?? '').toMatch(/src="cid:i-/);
    await page.reload();
    await letter(frame).locator('img[src^="blob:"]').waitFor();
    await page.close();
    await served.servers.close(500);
    await below.close();
  });

  test('axe finds nothing in the editor', async () => {
    const { context, page, frame } = await formatted();
    await page.keyboard.press('Control+k');
    await frame.locator('.link').waitFor();
    const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    const inner = page.frames().find(f => f.url().endsWith('/editor'))!;
    unheard = true;
    await inner.evaluate(axe);
    const found = (await inner.evaluate(
      // The page around has it.
      "axe.run(document, { rules: { 'page-has-heading-one': { enabled: false } } })",
    )) as { violations: { id: string; nodes: unknown[] }[] };
    unheard = false;
    expect(found.violations.map(v => [v.id, v.nodes])).toEqual([]);
    await context.close();
  });

  test('nothing broke a rule of the page, and nothing was asked of anybody else', () => {
    expect(complaints).toEqual([]);
    expect(outward).toEqual([]);
  });
});

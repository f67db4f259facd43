import { existsSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import type { Browser, Frame } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { leavingLetter } from '../views/letter.ts';
import { quotable, safeLetter } from '../views/safe-html.ts';
import { serveSite } from '../web/app.ts';
import { hasChromium, launchChromium } from './browser.ts';
import { openSite, type TestSite } from './site.ts';
import { askedOf, leadingTo, type Vector, XssRig } from './xss-rig.ts';

const own = listed(new URL('./corpus/xss.jsonl', import.meta.url).pathname);
const corpus = process.env.MAIL_CORPUS ?? new URL('../../shared/corpus', import.meta.url).pathname;
const published = ['vectors', 'htmx'].flatMap(name => listed(`${corpus}/xss/${name}.jsonl`));
const all = [...own, ...published];
const forHtmx = own.filter(({ id }) => id.startsWith('own-htmx'));

const NO_WALL = { allowList: false, sandbox: false, policy: false };
const EVERY_WALL = { allowList: true, sandbox: true, policy: true };
const NOTHING = { scripts: [], requests: [], tops: [] };

if (!hasChromium) test.skip('hostile letters need a browser: the package chromium would run it', () => {});

describe.skipIf(!hasChromium)(`letters of ${all.length} hostile mails in a browser`, { timeout: 240_000 }, () => {
  const rig = new XssRig();
  beforeAll(() => rig.open());
  afterAll(() => rig.close());

  const each = (make: (html: string) => Promise<string>): Promise<Vector[]> =>
    Promise.all(all.map(async ({ id, html }) => ({ id, html: await make(html) })));

  test('safeLetter alone lets nothing out, where no other wall stands', async () => {
    expect(await rig.show(await each(safeLetter), NO_WALL)).toEqual(NOTHING);
  });

  test('quotable alone lets nothing out, in a letter with its quote', async () => {
    const quoted = await each(
      async html => `<blockquote class="quote">${await quotable(html, () => 'i-1')}</blockquote>`,
    );
    const letters = quoted.map(({ id, html }) => ({ id, html: html.replaceAll(' src="cid:i-1"', '') }));
    expect(await rig.show(letters, NO_WALL)).toEqual(NOTHING);
  });

  test('what leaves is safe to look at as any mail is', async () => {
    const leaving = await each(async html => leavingLetter(await safeLetter(html), new Map()));
    expect(await rig.show(leaving, EVERY_WALL)).toEqual(NOTHING);
  });

  test('safeLetter leaves htmx nothing to obey', async () => {
    const letters = await Promise.all(forHtmx.map(async ({ id, html }) => ({ id, html: await safeLetter(html) })));
    expect(await rig.showInPage(letters, false)).toEqual(NOTHING);
  });
});

describe.skipIf(!hasChromium)(`the editor and ${all.length} hostile mails`, { timeout: 400_000 }, () => {
  let site: TestSite;
  let servers: ReturnType<typeof serveSite>;
  let browser: Browser;
  let trap: Server;
  let editor: Frame;
  const scripts: string[] = [];
  const requests: string[] = [];

  beforeAll(async () => {
    site = await openSite({ host_domain: ['example.org'] });
    await site.account('ann');
    servers = serveSite({ app: site.app });
    await new Promise<void>(resolve => servers.http.listen(0, '127.0.0.1', () => resolve()));
    const base = `http://127.0.0.1:${(servers.http.address() as AddressInfo).port}`;
    // Every name leads here: whatever is asked of others is seen, prefetched or not.
    trap = createServer(socket => {
      socket
        .once('data', hello => {
          const asked = askedOf(hello.toString('latin1'));
          if (asked !== null) requests.push(asked);
          socket.end();
        })
        .on('error', () => {});
    });
    await new Promise<void>(resolve => trap.listen(0, '127.0.0.1', () => resolve()));
    browser = await launchChromium([leadingTo((trap.address() as AddressInfo).port)]);
    const context = await browser.newContext();
    await context.addInitScript(() => {
      for (const name of ['alert', 'confirm', 'prompt', 'print', 'open'])
        Reflect.set(globalThis, name, (...given: unknown[]) => console.log('ran', name, String(given)));
    });
    const page = await context.newPage();
    await page.goto(`${base}/login`);
    await page.fill('#username', 'ann');
    await page.fill('#password', 'correct horse');
    await page.click('button[type=submit]');
    await page.waitForURL('**/mail/inbox');
    await page.goto(`${base}/compose`);
    await page.getByRole('button', { name: 'Formatting', exact: true }).click();
    await page.frameLocator('.compose-text iframe').locator('#letter div').first().waitFor();
    editor = page.frames().find(f => f.url().endsWith('/editor'))!;
    page.on('console', message => message.args().length > 0 && scripts.push(message.text().slice(0, 120)));
    page.on('pageerror', error => scripts.push(String(error).slice(0, 120)));
    page.on('dialog', dialog => {
      scripts.push(`dialog ${dialog.message().slice(0, 80)}`);
      dialog.dismiss().catch(() => {});
    });
    page.on('request', request => {
      const [path] = request.url().slice(base.length).split('?');
      if (request.url().startsWith('blob:') || /^\/(?:drafts|events)\b/.test(path ?? '')) return;
      requests.push(`${request.method()} ${request.url().slice(0, 100)}`);
    });
  });
  afterAll(async () => {
    await browser?.close();
    trap?.close();
    await servers?.close(500);
    await site?.close();
  });

  /** Each in the editor, with all a hand could do to it, and back through what can be undone. */
  const inEditor = async (put: string) => {
    for (let from = 0; from < all.length; from += 100) {
      const batch = all.slice(from, from + 100).map(({ html }) => html);
      await editor.evaluate(`(async mails => {
        const put = ${put};
        for (const html of mails) {
          put(html);
          const events = 'mouseover mouseenter mousedown focus focusin input keydown scroll toggle wheel load error'.split(' ');
          for (const element of root.querySelectorAll('*')) {
            for (const event of events) element.dispatchEvent(new Event(event, { bubbles: true }));
            element.click();
          }
          editor.insertPlainText('x');
          editor.undo();
          editor.redo();
          await new Promise(resolve => setTimeout(resolve));
        }
      })(${JSON.stringify(batch)})`);
    }
    await new Promise(resolve => setTimeout(resolve, 1_000));
    const seen = { scripts: [...scripts], requests: [...requests] };
    scripts.length = 0;
    requests.length = 0;
    return seen;
  };

  test('shows letters as they never passed the server, and nothing runs or loads', async () => {
    expect(await inEditor('html => heard.load({ html, focus: false, pictures: false })')).toEqual({
      scripts: [],
      requests: [],
    });
  });

  test('takes them pasted, and nothing runs or loads', async () => {
    const paste = `html => {
      const clipboardData = new DataTransfer();
      clipboardData.setData('text/html', html);
      clipboardData.setData('text/plain', 'text');
      editor.setHTML('<div>here</div>');
      editor.focus();
      root.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
    }`;
    expect(await inEditor(paste)).toEqual({ scripts: [], requests: [] });
    // It did take them.
    expect(await editor.evaluate("root.textContent.includes('here')")).toBe(true);
  });

  test('hears its own page alone, and cannot be heard by another', async () => {
    const html = '<b>from itself</b>';
    await editor.evaluate(`window.postMessage({ kind: 'load', html: ${JSON.stringify(html)} }, '*')`);
    await new Promise(resolve => setTimeout(resolve, 300));
    expect(await editor.evaluate("root.innerHTML.includes('from itself')")).toBe(false);
    // What it is allowed: no cookies, no storage, no address.
    expect(await editor.evaluate("(() => { try { return document.cookie } catch { return 'none' } })()")).toBe('none');
    expect(await editor.evaluate("fetch('/mail/inbox').then(() => 'read', () => 'refused')")).toBe('refused');
  });
});

function listed(path: string): Vector[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter(line => line !== '').map(line => JSON.parse(line));
}

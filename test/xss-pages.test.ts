import { existsSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer as createTrap } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Account } from '../daemon/store.ts';
import { serveSite } from '../web/app.ts';
import { hasChromium, launchChromium } from './browser.ts';
import { openSite, type TestSite } from './site.ts';
import { attribute, property, tnef } from './tnef-writer.ts';
import {
  BROWSERS_OWN,
  hookFunctions,
  leadingTo,
  listening,
  serverName,
  touchEverything,
  type Vector,
  watchScripts,
} from './xss-rig.ts';

// The hostile mails again, in every other place of a message that is shown: alone, attached, as a name, in a header.
if (!hasChromium) test.skip('hostile pages need a browser: the package chromium would run them', () => {});

type Listed = Vector & { chromium156_raw?: { script: string | null; load: boolean } };
const listed = (path: string): Listed[] =>
  existsSync(path)
    ? readFileSync(path, 'utf8')
        .split('\n')
        .filter(line => line !== '')
        .map(line => JSON.parse(line))
    : [];
const corpus = process.env.MAIL_CORPUS ?? new URL('../../shared/corpus', import.meta.url).pathname;
/** Ours, and of the published ones those that do something in this browser where no wall stands. */
const vectors = [
  ...listed(new URL('./corpus/xss.jsonl', import.meta.url).pathname),
  ...listed(`${corpus}/xss/vectors.jsonl`).filter(({ chromium156_raw: raw }) => raw?.script || raw?.load),
];
const CHUNK = 40;
const chunks = Array.from({ length: Math.ceil(vectors.length / CHUNK) }, (_, i) =>
  vectors.slice(i * CHUNK, i * CHUNK + CHUNK),
);

/** What our own pages ask for. */
const OWN =
  /^\/(?:assets\/|icon\/|events\b|robots\.txt$|favicon\.ico$|mail\/inbox\/\d+$|settings\/senders$|messages\/\d+\/(?:print|headers|body|parts\/[\d.]+(?:\/files\/\d+)?(?:\/view)?)(?:\?inline)?$)/;

/** As much of a document as is used here; these functions run in the browser. */
type Box = {
  contains(other: Box | null): boolean;
  getBoundingClientRect(): { left: number; top: number; width: number; height: number };
};
type Tree = {
  body: { replaceChildren(...elements: object[]): void };
  createElement(name: string): object;
  querySelector(selector: string): Box;
  elementFromPoint(x: number, y: number): Box | null;
  defaultView: { getComputedStyle(box: Box, part?: string): Record<string, string> };
};

type Escapes = { scripts: string[]; requests: string[] };

describe.skipIf(!hasChromium)(`pages of a message, ${vectors.length} hostile ones,`, { timeout: 300_000 }, () => {
  const escapes: Escapes = { scripts: [], requests: [] };
  const trap = createTrap(socket => {
    socket.once('data', hello => {
      const text = hello.toString('latin1');
      const name = /\r\nHost: (\S+)/i.exec(text)?.[1] ?? serverName(text);
      if (!BROWSERS_OWN.test(name)) escapes.requests.push(`out to ${name}`);
      socket.end();
    });
    socket.on('error', () => {});
  });
  let site: TestSite;
  let ann: Account;
  let browser: Browser;
  let page: Page;
  let base = '';
  let close = async () => {};

  beforeAll(async () => {
    site = await openSite({ host_domain: ['example.org'] });
    ann = await site.account('ann');
    const served = serveSite({ app: site.app });
    await new Promise<void>(resolve => served.http.listen(0, '127.0.0.1', () => resolve()));
    base = `http://127.0.0.1:${(served.http.address() as AddressInfo).port}`;
    browser = await launchChromium([leadingTo(await listening(trap))]);
    const context = await browser.newContext();
    context.on('page', opened => watchScripts(opened, escapes.scripts));
    await context.addInitScript(hookFunctions);
    page = await context.newPage();
    await page.goto(`${base}/login`);
    await page.fill('#username', 'ann');
    await page.fill('#password', 'correct horse');
    await page.click('button[type=submit]');
    await page.waitForURL('**/mail/inbox');
    await page.waitForLoadState('networkidle').catch(() => {});
    context.on('request', request => {
      const url = request.url();
      const path = url.startsWith(base) ? url.slice(base.length) : null;
      if (
        path === null ? !/^(?:data|blob|about|chrome-error):/.test(url) : request.method() !== 'GET' || !OWN.test(path)
      )
        escapes.requests.push(`${request.method()} ${url.slice(0, 200)}`);
    });
    close = async () => {
      await browser.close();
      await served.close(100);
      trap.close();
      await site.close();
    };
  });
  afterAll(() => close());

  const nothing = () => {
    expect(escapes).toEqual({ scripts: [], requests: [] });
  };
  const line = (text: string) => text.replace(/[\r\n\0]+/g, ' ');
  const encoded = (text: string) => `=?utf-8?B?${Buffer.from(line(text).slice(0, 600)).toString('base64')}?=`;
  const base64 = (text: string) => Buffer.from(text).toString('base64').replace(/.{76}/g, '$&\n');

  /** On an address of the site that brings no script, so that only what is framed can do anything. */
  const framed = async (paths: string[]) => {
    await page.goto(`${base}/robots.txt`);
    await page.evaluate(sources => {
      const own = Reflect.get(globalThis, 'document') as Tree;
      own.body.replaceChildren(...sources.map(src => Object.assign(own.createElement('iframe'), { src })));
    }, paths);
    await page.waitForLoadState('networkidle').catch(() => {});
    await page.evaluate(touchEverything).catch(() => {});
    await page.waitForTimeout(150);
  };
  const shown = async (path: string) => {
    await page.goto(base + path, { timeout: 30_000 });
    await page.waitForTimeout(100);
  };

  test('the watch sees a script and a request where there are some', async () => {
    await page.goto(`${base}/settings/senders`);
    await page.evaluate(() => {
      Reflect.get(globalThis, 'alert')(1);
      void fetch('/logout', { method: 'POST' }).catch(() => {});
    });
    await page.waitForTimeout(200);
    expect(escapes.scripts).toHaveLength(1);
    expect(escapes.requests.length).toBeGreaterThan(0);
    escapes.scripts.length = 0;
    escapes.requests.length = 0;
    await page.goto(`${base}/login`);
    if (page.url().endsWith('/login')) {
      await page.fill('#username', 'ann');
      await page.fill('#password', 'correct horse');
      await page.click('button[type=submit]');
      await page.waitForURL('**/mail/inbox');
    }
    await page.waitForTimeout(300);
    escapes.requests.length = 0;
  });

  test('printed, attached as HTML and in an attached message: nothing gets out', async () => {
    for (const chunk of chunks) {
      const paths: string[] = [];
      for (const { html } of chunk) {
        const inner = `From: ${encoded(html)} <x@y.example>\nSubject: ${encoded(html)}\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\n${base64(html)}`;
        const id = await site.deliver(
          ann,
          `From: ${encoded(html)} <x@y.example>\nSubject: ${encoded(html)}\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=m\n\n--m\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\n${base64(html)}\n--m\nContent-Type: text/html; charset=utf-8\nContent-Disposition: attachment; filename*=UTF-8''${encodeURIComponent(line(html).slice(0, 200).toWellFormed())}\nContent-Transfer-Encoding: base64\n\n${base64(html)}\n--m\nContent-Type: message/rfc822\n\n${inner}\n--m--\n`,
        );
        paths.push(`/messages/${id}/print`, `/messages/${id}/parts/2/view`, `/messages/${id}/parts/3/view`);
      }
      await framed(paths);
    }
    nothing();
  });

  test('as subject, names, file names, packed file names, header fields, list and event: nothing gets out', async () => {
    for (const chunk of chunks) {
      const [first, second] = chunk.map(v => v.html);
      const files = chunk.map(
        v =>
          `--m\nContent-Type: application/octet-stream\nContent-Disposition: attachment; filename*=UTF-8''${encodeURIComponent(line(v.html).slice(0, 200).toWellFormed())}\n\nx\n`,
      );
      const pack = tnef(
        ...chunk.flatMap(v => [
          attribute(2, 0x9002, ''),
          attribute(2, 0x800f, 'x'),
          attribute(2, 0x9005, property([0x3707, line(v.html).slice(0, 200)])),
        ]),
      );
      const words = (html: string) =>
        line(html)
          .slice(0, 300)
          .replace(/[\\;,]/g, '\\$&');
      const event = [
        'BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT',
        `UID:${words(first!)}`,
        `SUMMARY:${words(first!)}`,
        `LOCATION:${words(second ?? '')}`,
        `DTSTART;TZID="${line(first!).replaceAll('"', "'")}":20261126T140000`,
        ...chunk
          .slice(0, 12)
          .map(v => `ATTENDEE;CN="${line(v.html).slice(0, 200).replaceAll('"', "'")}":mailto:a@b.example`),
        'ORGANIZER;CN="x":mailto:x@y.example\nEND:VEVENT\nEND:VCALENDAR',
      ].join('\n');
      const fields = chunk
        .map((v, i) => `X-Odd-${i}: ${encoded(v.html)}\nX-Raw-${i}: ${line(v.html).slice(0, 400)}\n`)
        .join('');
      const id = await site.deliver(
        ann,
        `From: ${encoded(first!)} <x@y.example>\nReply-To: ${encoded(first!)} <z@w.example>\nTo: ${chunk.map(v => `${encoded(v.html)} <a@b.example>`).join(', ')}\nSubject: ${encoded(first!)}\nList-Id: ${encoded(second ?? '')} <l.example>\nList-Unsubscribe: <https://l.example/>\n${fields}MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=m\n\n--m\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n${base64(chunk.map(v => v.html).join('\n'))}\n${files.join('')}--m\nContent-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n${pack.toString('base64').replace(/.{76}/g, '$&\n')}\n--m\nContent-Type: text/calendar; charset=utf-8\nContent-Transfer-Encoding: base64\n\n${base64(event)}\n--m--\n`,
      );
      await shown(`/mail/inbox/${id}`);
      await shown(`/messages/${id}/headers`);
    }
    nothing();
  });

  const bare =
    'display:none!important;visibility:hidden!important;opacity:0!important;font-size:0!important;color:#fff!important';
  test.each([
    ['rules for everything', `<style>header,h1,dl,dt,dd,main,body,html,*{${bare}}:root{transform:none}</style>`],
    ['blocks in front', '<div style="position:relative;top:-400px;height:600px;background:#fff;z-index:9">cover</div>'],
    ['blocks laid over', '<div style="position:absolute;inset:0;height:600px;background:#fff;z-index:99">cover</div>'],
    ['margins', '<p style="margin:-900px 0 0;height:1900px;background:#fff;position:relative">up</p>'],
    ['shadows', '<style>body,main{box-shadow:0 0 0 900px #fff;outline:900px solid #fff}</style>'],
    ['lines and letters', `<style>*::first-line{${bare}}h1::first-letter,dd::first-letter{${bare}}</style>`],
    ['another direction', '<style>*{direction:rtl!important;unicode-bidi:bidi-override!important}</style>'],
    ['another way of writing', '<style>html,body{writing-mode:vertical-rl!important}</style>'],
    ['a page that is elsewhere', '<style>html{margin:-900px 0 0 -900px}body{position:absolute;left:-999px}</style>'],
    ['a page that is small', '<style>html{width:0;max-height:0;columns:99;overflow:hidden}</style>'],
    ['letters in one place', '<style>html,body{letter-spacing:-50px;text-indent:-999px;line-height:0}</style>'],
    ['names like ours', '<style>.cw-own,[class*="cw-own"],:root > body > header{display:none!important}</style>'],
    [
      'ends of what is around it',
      '</main></div></body><footer class="cw-own">x</footer><h1 style="margin-top:-99px">x</h1>',
    ],
  ])('what we say above a printed mail cannot be hidden, covered or turned round by %s', async (_, markup) => {
    const id = await site.deliver(
      ann,
      `From: Bo <bo@example.net>\nSubject: Shown\nMIME-Version: 1.0\nContent-Type: text/html\n\n${markup}<p>x</p>\n`,
    );
    await page.goto(`${base}/messages/${id}/print`);
    const seen = await page.evaluate(() => {
      const own = Reflect.get(globalThis, 'document') as Tree;
      const title = own.querySelector('.cw-own h1');
      const { left, top, width, height } = title.getBoundingClientRect();
      const at = own.elementFromPoint(left + Math.min(width, 20) / 2, top + height / 2);
      const style = own.defaultView.getComputedStyle(title);
      const name = own.defaultView.getComputedStyle(own.querySelector('.cw-own dd bdi'));
      return {
        on: title.contains(at),
        ...{ size: style.fontSize, visible: style.visibility, opacity: style.opacity, spacing: style.letterSpacing },
        ...{ direction: name.direction, order: name.unicodeBidi, writing: style.writingMode },
        line: own.defaultView.getComputedStyle(title, '::first-line').fontSize,
        letter: own.defaultView.getComputedStyle(title, '::first-letter').fontSize,
        high: height > 10 && height < 60,
      };
    });
    expect(seen).toEqual({
      on: true,
      ...{ size: '20px', visible: 'visible', opacity: '1', spacing: 'normal' },
      ...{ direction: 'ltr', order: 'isolate', writing: 'horizontal-tb' },
      ...{ line: '20px', letter: '20px', high: true },
    });
  });

  test.each([
    'small{display:none!important}',
    'a + *,a ~ *{position:absolute;left:-999px;opacity:0;visibility:hidden;font-size:0}',
    '[class*="cw-leads"]{color:#fff!important;letter-spacing:-50px;float:left;margin:-900px}',
    'p{line-height:0;letter-spacing:-50px;word-spacing:-50px;text-transform:uppercase}a{letter-spacing:normal}',
    'a{position:absolute;padding:0 900px 20px 0;background:#fff;z-index:9999}',
  ])('what we say of a link in a mail stays beside it: %s', async css => {
    const id = await site.deliver(
      ann,
      `From: Bo <bo@example.net>\nSubject: Led\nMIME-Version: 1.0\nContent-Type: text/html\n\n<style>${css}</style><p><a href="https://evil.test/">https://bank.example/</a></p>\n`,
    );
    await page.goto(`${base}/messages/${id}/body`);
    const seen = await page.evaluate(() => {
      const own = Reflect.get(globalThis, 'document') as Tree;
      const said = own.querySelector('.cw-leads');
      const { left, top, width, height } = said.getBoundingClientRect();
      const { fontSize, visibility, opacity, color } = own.defaultView.getComputedStyle(said);
      return {
        on: said.contains(own.elementFromPoint(left + width / 2, top + height / 2)),
        fontSize,
        visibility,
        opacity,
        color,
      };
    });
    expect(seen).toEqual({ on: true, fontSize: '12px', visibility: 'visible', opacity: '1', color: 'rgb(138, 90, 0)' });
  });
});

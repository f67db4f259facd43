/** Every page the site has, in every language, on a window of 320 px: what a person who sees or types otherwise meets. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Account } from '../daemon/store.ts';
import { languages } from '../views/words.ts';
import { hasChromium, inChromium, type Visited } from './browser.ts';
import { fits } from './fits.ts';
import { garden } from './garden.ts';
import { untilIndexed } from './harness.ts';
import { letters } from './letters.ts';
import { openSite, type TestSite } from './site.ts';

if (!hasChromium) test.skip('the pages need a browser: the package chromium would run it', () => {});

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let site: TestSite;
let ann: Account;
let browser: Browser;
let visited: Visited;
let base = '';
let pages: string[] = [];

beforeAll(async () => {
  if (!hasChromium) return;
  site = await openSite({
    host_domain: ['example.org', 'a-much-longer-domain-name.example.org'],
    user_quota: 1_000_000,
  });
  ann = await site.account('ann');
  const ids = await furnish();
  visited = await inChromium(site);
  ({ base, browser } = visited);
  pages = await everyPage(ids);
});
afterAll(async () => {
  if (!hasChromium) return;
  await visited.close();
});

/** Something on every page; the ids by the names that routes give them. */
async function furnish(): Promise<Record<string, (string | number)[]>> {
  const at = site.clock.now;
  const messages: number[] = [];
  for (const [i, l] of letters.entries()) messages.push(await site.deliver(ann, l.source, at - i * 60_000));
  for (const [i, l] of garden.entries()) messages.push(await site.deliver(ann, l.source, at - 9e6 + i * 1000));
  await untilIndexed(site.store);
  await site.store.folders.create(ann.id, 'Rechnungen und sehr lange Ordnernamen 2026', at);
  await site.store.savedSearches.save(ann.id, 'Garden', 'subject:garden');
  const contact = {
    name: 'Donaudampfschifffahrtsgesellschaftskapitän Hohenlohe',
    addresses: [
      { label: 'home', address: 'wilhelmine.von.und.zu.hohenlohe-langenburg@a-very-long-domain-name.example' },
    ],
    note: '',
    groups: ['Choir'],
    kept: ['TEL:+46 8 123 45'],
  };
  await site.store.contacts.create(ann.id, 'c', contact, at);
  await site.store.correspondents.wroteTo(ann.id, [{ name: 'Bodil', address: 'bodil@example.net' }], at);
  const identity = { name: '', replyTo: '', signature: 'Ann', signatureHtml: '', isDefault: false };
  await site.store.identities.save(ann.id, { address: 'ann@example.org', ...identity });
  await site.store.identities.save(ann.id, { address: 'committee.of.the.allotment@example.org', ...identity });
  const fields = { to: 'bo@example.net', cc: '', bcc: '', subject: 'x', text: 'x', relatedId: null, relation: null };
  const draft = await fits(site.store.drafts.create(ann.id, fields, at));
  const [person] = (await site.store.contacts.page(ann.id, { limit: 1 })).contacts;
  const shown = [0, 1, 2, 3].map(i => messages[i]!).concat(messages.at(-1)!);
  return { folder: ['inbox', 'drafts', 'trash'], message: shown, drafts: [draft.id], contacts: [person!.id] };
}

/** What the routes of the site lead to, as far as it is a page; with what is found by what it asks for. */
async function everyPage(ids: Record<string, (string | number)[]>): Promise<string[]> {
  const routes = [...new Set(site.app.routes.filter(r => r.method === 'GET').map(r => r.path))];
  const paths = routes.flatMap(route => filled(route, ids));
  const asked = ['/search?q=garden', '/search?q=before%3Asoon', '/search?q=zebra', `/compose?reply=${ids.message![0]}`];
  const b = site.browser();
  await b.login('ann');
  const found: string[] = [];
  for (const path of [...paths, ...asked]) {
    // A stream never ends.
    if (path === '/events') continue;
    const answer = await b.request(path);
    const policy = answer.headers.get('content-security-policy') ?? '';
    const html = answer.headers.get('content-type')?.startsWith('text/html');
    if (answer.status === 200 && html && !policy.includes('sandbox') && (await answer.text()).startsWith('<!doctype'))
      found.push(path);
  }
  return [...found, '/nowhere'];
}

/** `/mail/:folder/:message` with each that fits; an `:id` is of what its path begins with. */
function filled(route: string, ids: Record<string, (string | number)[]>): string[] {
  const name = /:(\w+)/.exec(route);
  if (!name) return [route];
  const kind = name[1] === 'id' ? route.split('/')[1]! : name[1]!;
  const some = route.startsWith('/mail/:folder/:message') && kind === 'folder' ? ['inbox'] : (ids[kind] ?? [1]);
  return some.flatMap(id => filled(route.replace(/:\w+(\{[^}]*\})?/, String(id)), ids));
}

async function open(options: BrowserContextOptions, signedIn = true) {
  const context = await browser.newContext({ viewport: { width: 320, height: 640 }, ...options });
  if (signedIn) {
    const form = { username: 'ann', password: 'correct horse' };
    await context.request.post(`${base}/login`, { form, headers: { Origin: base } });
  }
  return { context, page: await context.newPage() };
}

type Finding = { id: string; nodes: { html: string; failureSummary: string }[] };

/** Colours are the same in every language, and the dearest thing to look at. */
async function faults(page: Page, colours = true): Promise<string[]> {
  // The page's own policy forbids injected script elements; evaluate is the debugger's and may.
  await page.evaluate(axeSource);
  const rules = { 'target-size': { enabled: true }, 'color-contrast': { enabled: colours } };
  const run = `axe.run(document, { iframes: false, rules: ${JSON.stringify(rules)} })`;
  const { violations } = (await page.evaluate(run)) as { violations: Finding[] };
  return violations.map(
    v =>
      `${v.id}: ${v.nodes
        .map(n => n.html.slice(0, 160))
        .slice(0, 3)
        .join(' | ')}`,
  );
}

/** What other words can break on a page whose markup is the same: its width, its language, and how large its targets are. */
async function misfits(page: Page, language: string): Promise<string[]> {
  const [wide, lang] = (await page.evaluate(
    '[document.documentElement.scrollWidth - document.documentElement.clientWidth, document.documentElement.lang]',
  )) as [number, string];
  return [
    ...(wide > 0 ? [`${wide} px wider than the window`] : []),
    ...(lang.split('-')[0] === language ? [] : [`says that it is in ${lang}`]),
    ...((await page.evaluate(smallTargets(23.9, 23.9))) as string[]),
  ];
}

const controls = ['button', 'checkbox', 'combobox', 'DisclosureTriangle', 'image', 'link', 'listbox', 'radio'];
const namedRoles = new Set([...controls, 'searchbox', 'spinbutton', 'textbox']);

/** By the tree that Chromium gives to screen readers. */
async function nameless(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send('Accessibility.getFullAXTree');
  await session.detach();
  const some = nodes.filter(n => !n.ignored && namedRoles.has(n.role?.value) && !n.name?.value?.trim());
  return some.map(n => `${n.role?.value} without a name`);
}

describe.skipIf(!hasChromium)('every page', () => {
  test('is found by the routes of the site', () => {
    expect(pages.length).toBeGreaterThan(25);
    for (const path of ['/mail/inbox', '/compose', '/settings', '/contacts', '/search']) expect(pages).toContain(path);
  });

  /** What is wrong with each, signed in and out. */
  async function wrongIn(language: string, look: (page: Page) => Promise<string[]>): Promise<string[]> {
    const wrong: string[] = [];
    for (const signedIn of [true, false]) {
      const { context, page } = await open({ locale: language }, signedIn);
      for (const path of signedIn ? pages : ['/signup', '/login']) {
        await page.goto(base + path);
        const found = [...(await misfits(page, language)), ...(await look(page))];
        wrong.push(...found.map(fault => `${path}: ${fault}`));
      }
      await context.close();
    }
    return wrong;
  }

  // One of each direction; the markup of the others is the same.
  const judged = ['en', 'ar'];
  test.each(judged)(
    'in %s fits 320 px, and axe finds nothing',
    async language => {
      expect(await wrongIn(language, page => faults(page, language === 'en'))).toEqual([]);
    },
    240_000,
  );

  test.each(Object.keys(languages).filter(language => !judged.includes(language)))(
    'in %s fits 320 px, with targets of 24 px, and all that can be used has a name',
    async language => {
      expect(await wrongIn(language, nameless)).toEqual([]);
    },
    240_000,
  );

  test('on a touch screen has targets of 44 px, but for links in running text', async () => {
    const { context, page } = await open({ hasTouch: true, isMobile: true, viewport: { width: 360, height: 740 } });
    const wrong: string[] = [];
    for (const path of pages) {
      await page.goto(base + path);
      wrong.push(...((await page.evaluate(smallTargets(43.5))) as string[]).map(one => `${path}: ${one}`));
    }
    await context.close();
    expect(wrong).toEqual([]);
  }, 240_000);
});

/** To be run in the page. A control that lies in its label is as large as that; the link that skips is for keys. */
const smallTargets = (
  least: number,
  narrowest = 0,
) => `[...document.querySelectorAll('a, button, summary, select, input:not([type=hidden]), textarea')].flatMap(target => {
  const place = target.matches('input, select') ? (target.closest('label, .control, .search') ?? target) : target;
  const { width, height, top, left } = place.getBoundingClientRect();
  const hidden = target.matches('.skip') || !target.checkVisibility() || getComputedStyle(target).clipPath !== 'none' || width <= 1;
  const inText = target.matches('a') && target.closest('p:not(.banner, .alternatives), dd, dt, .message-text, .search-notes, small') !== null;
  return hidden || inText || (height >= ${least} && width >= ${narrowest}) ? [] : [Math.round(width) + 'x' + Math.round(height) + ' ' + target.outerHTML.slice(0, 120)];
})`;

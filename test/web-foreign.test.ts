/**
 * Every route of the running site, asked by somebody signed in for what belongs to somebody else, by somebody who is
 * not signed in, and by pages of other sites. A route that is not in the tables of belongings-asked.ts fails here by name.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Belongings, belongings } from './belongings.ts';
import { type Form, filled, forms, type Meant, nobodys, plainQueries, queries } from './belongings-asked.ts';
import { rowsOf } from './belongings-kept.ts';
import { untilIndexed } from './harness.ts';
import { openSite, origin, type TestSite } from './site.ts';

const timeout = 300_000;

/** Stands in every name, text and address of hers, and nowhere else. */
const mark = 'zqkx';

let site: TestSite;
let ann: Belongings;
beforeAll(async () => {
  let last = 0;
  // What is made up differs by its digits alone, so that answers can be compared.
  const random = (octets: number) => `r${++last}`.padEnd(octets, '_');
  site = await openSite({ host_domain: ['example.org'] }, { now: Date.UTC(2026, 10, 26) }, { random });
  ann = await belongings(site, mark, 20);
});
afterAll(() => site.close());

type Route = { method: string; path: string };
const routes = (): Route[] => {
  const own = site.app.routes.filter(r => r.method !== 'ALL');
  return [...new Map(own.map(({ method, path }) => [`${method} ${path}`, { method, path }])).values()];
};
const gets = () => routes().filter(r => r.method === 'GET');
const changing = () => routes().filter(r => r.method !== 'GET');

type Browser = ReturnType<TestSite['browser']>;
type Answer = { status: number; headers: Headers; text: string };

let visitors = 0;
/** Somebody new, with things of their own. */
const somebody = (): Promise<Belongings> => belongings(site, `own${word(++visitors)}`);
/** Of letters, since numbers in answers are ids. */
const word = (n: number): string => String.fromCharCode(...[n / 676, n / 26, n].map(i => 97 + (Math.floor(i) % 26)));
const allOf = (whose: Belongings) => rowsOf(site, whose);
const meantBy = ({ ids, account }: Belongings): Meant => ({ ids, address: account.address });

async function ask(browser: Browser, path: string, init: Parameters<Browser['request']>[1] = {}): Promise<Answer> {
  const response = await browser.request(path, init);
  const streams = response.headers.get('content-type')?.startsWith('text/event-stream');
  return {
    status: response.status,
    headers: response.headers,
    text: streams ? await begun(response) : await response.text(),
  };
}

/** A stream of events has no end: what it says at once. */
async function begun(response: Response): Promise<string> {
  const reader = response.body!.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  return Buffer.from(value ?? []).toString();
}

const typedIn = (form: Form) =>
  Object.values(form)
    .flat()
    .filter(value => value !== undefined);

function bodyOf(form: Form): { body: string | FormData; headers: Record<string, string> } {
  const fields = Object.entries(form).flatMap(([name, value]) =>
    typedIn({ name: value }).map((one): [string, string | File] => [name, one instanceof File ? one : String(one)]),
  );
  if (!fields.some(([, value]) => value instanceof File)) {
    const body = new URLSearchParams(fields as [string, string][]).toString();
    return { body, headers: { 'Content-Type': 'application/x-www-form-urlencoded' } };
  }
  const body = new FormData();
  for (const [name, value] of fields) body.append(name, value);
  return { body, headers: {} };
}

function post(browser: Browser, path: string, form: Form, more: Record<string, string> = { Origin: origin }) {
  const { body, headers } = bodyOf(form);
  return ask(browser, path, { method: 'POST', body, headers: { ...headers, ...more } });
}

/** Of an answer, all that is not about who asks or what they sent: ids, the asker's own words, what was typed. */
function shapeOf(answer: Answer, asker: string, sent: Form = {}) {
  const cookies = answer.headers.getSetCookie().map(line => {
    const [, name, value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    return name === 'notice' ? Buffer.from(value, 'base64url').toString() : name;
  });
  const plain = (text: string) => {
    let left = text;
    for (const typed of typedIn(sent)) left = left.replaceAll(String(typed), '');
    return left.replace(new RegExp(asker, 'gi'), '').replace(/\d+_*/g, '');
  };
  const { status, headers, text } = answer;
  return [`${status} to ${plain(headers.get('location') ?? '')}`, plain(cookies.join()), ...plain(text).split('\n')];
}

/** Where one answer differs from another; empty: nowhere. */
function difference(one: string[], other: string[]): string[] {
  const at = one.findIndex((line, i) => line !== other[i]);
  return at < 0 && one.length === other.length ? [] : [one[at] ?? '', other[at] ?? ''];
}

/** What of hers stands in an answer, but for what was sent to get it. */
function leakIn({ headers, text }: Answer, sent: Form = {}): string {
  const notices = headers
    .getSetCookie()
    .map(line => Buffer.from(/=([^;]*)/.exec(line)?.[1] ?? '', 'base64url').toString());
  let all = [...headers].flat().concat(notices, text).join('\n');
  for (const typed of typedIn(sent)) all = all.replaceAll(String(typed), '');
  const at = all.toLowerCase().indexOf(mark);
  return at < 0 ? '' : all.slice(Math.max(0, at - 80), at + 40);
}

test('every route is known to this walk, and every name in a query', () => {
  for (const { method, path } of routes()) {
    expect(method, path).toMatch(/^(GET|POST)$/);
    expect(filled(path, ann.ids), `what goes into the path ${path}?`).not.toBeNull();
    if (method === 'POST') expect(forms[path], `what is sent to ${path}?`).toBeDefined();
  }
  const known = new Set(routes().map(r => r.path));
  expect(Object.keys(forms).filter(path => !known.has(path))).toEqual([]);
  const sources = readdirSync('web', { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'));
  const text = sources.map(name => readFileSync(join('web', name), 'utf8')).join('\n');
  const asked = new Set([...text.matchAll(/\bquery\('(\w+)'\)/g)].map(m => m[1]!));
  expect([...asked].filter(name => !queries[name] && !plainQueries.includes(name))).toEqual([]);
});

describe('somebody else', () => {
  test('sees nothing of hers by any GET: her ids are answered as ids that nobody has', { timeout }, async () => {
    const { browser, word } = await somebody();
    await untilIndexed(site.store);
    for (const { path } of gets()) {
      const own = await ask(ann.browser, filled(path, ann.ids)!);
      if (!/^\/(?:assets|forwarding|\.well-known)\/|\/config-v1\.1\.xml$/.test(path))
        expect.soft([path, own.status]).toEqual([path, expect.toSatisfy(isServed)]);
      for (const name of ['', ...Object.keys(queries)]) {
        const asked = (whose: Meant) => filled(path, whose.ids)! + (name === '' ? '' : queryOf(name, whose));
        const hers = await ask(browser, asked(meantBy(ann)));
        const nobodysOwn = await ask(browser, asked(nobodys));
        expect.soft([asked(meantBy(ann)), leakIn(hers)]).toEqual([asked(meantBy(ann)), '']);
        expect.soft([path, difference(shapeOf(hers, word), shapeOf(nobodysOwn, word))]).toEqual([path, []]);
        if (isOwned(path)) expect.soft([path, hers.status]).toEqual([path, 404]);
      }
    }
  });

  const rooms = [
    'acts',
    'contact-groups',
    'contacts',
    'conversations',
    'correspondents',
    'drafts',
    'folders',
    'forwarding',
    'labels',
  ];
  const all = [
    ...rooms,
    'Autodiscover',
    'autodiscover',
    'language',
    'login',
    'logout',
    'mail',
    'messages',
    'outbox',
    'searches',
    'settings',
    'signup',
  ];
  test.each(all)('changes nothing of hers by any POST to /%s', { timeout }, async room => {
    const her = await belongings(site, `${mark}${word(++visitors)}`, 20);
    for (const { path } of changing().filter(r => r.path.split('/')[1] === room))
      for (let i = 0; i < forms[path]!(nobodys).length; i++) await askFor(path, i, her);
  });

  test('finds every POST in these rooms', () => {
    expect([...new Set(changing().map(r => r.path.split('/')[1]!))].toSorted()).toEqual(all.toSorted());
  });

  /** With her ids in its path, in its form, and in both; and, so that this means something, with one's own. */
  async function askFor(path: string, i: number, her: Belongings): Promise<void> {
    const before = allOf(her);
    const asked = async (inPath: 'own' | Meant, inForm: 'own' | Meant) => {
      const own = await somebody();
      const of = (whose: 'own' | Meant) => (whose === 'own' ? meantBy(own) : whose);
      const form = forms[path]!(of(inForm))[i]!;
      if ('q' in form) await untilIndexed(site.store);
      const answer = await post(own.browser, filled(path, of(inPath).ids)!, form);
      await settled(answer, own);
      expect.soft([path, form, leakIn(answer, form)]).toEqual([path, form, '']);
      expect.soft([path, form, allOf(her)]).toEqual([path, form, before]);
      return { own, status: answer.status, shape: shapeOf(answer, own.word, form) };
    };
    const hers = meantBy(her);
    const names = JSON.stringify(forms[path]!(hers)[i]) !== JSON.stringify(forms[path]!(nobodys)[i]);
    expect.soft([path, i, (await asked('own', 'own')).status]).toEqual([path, i, expect.toSatisfy(isServed)]);
    if (isOwned(path)) {
      const { shape, status } = await asked(hers, hers);
      expect.soft([path, difference(shape, (await asked(nobodys, nobodys)).shape)]).toEqual([path, []]);
      expect
        .soft([path, (await asked(hers, 'own')).status, status])
        .toEqual([path, status, expect.toSatisfy(isRefused)]);
    }
    if (!names) return;
    const { shape, own } = await asked('own', hers);
    expect.soft([path, difference(shape, (await asked('own', nobodys)).shape)]).toEqual([path, []]);
    if (i === 0) await seesNothing(own);
  }

  /** What is done to many messages is done behind the answer. */
  async function settled({ headers }: Answer, { account }: Belongings) {
    const id = /\/acts\/([\w-]+)/.exec(headers.get('location') ?? '')?.[1];
    if (id) await site.acts.get(account.id, id)?.ended;
  }

  /** Nor do the pages of who tried show anything of hers afterwards. */
  async function seesNothing({ browser, ids }: Belongings) {
    for (const { path } of gets()) {
      const answer = await ask(browser, filled(path, ids)!);
      expect.soft([path, leakIn(answer)]).toEqual([path, '']);
    }
  }
});

describe('who is not signed in', () => {
  /** What anybody may have. */
  const open = [
    '/health',
    '/icon/:name{\\d{1,3}\\.svg}',
    '/assets/:hash/:name',
    '/language',
    '/login',
    '/login/code',
    '/manifest.webmanifest',
  ]
    .concat(['/icon-192.png', '/icon-512.png', '/icon-maskable-512.png', '/offline', '/robots.txt', '/worker.js'])
    .concat(['/.well-known/autoconfig/mail/config-v1.1.xml', '/autodiscover/autodiscover.xml'])
    .concat(['/Autodiscover/Autodiscover.xml'])
    .concat(['/signup', '/signup/address', '/logout', '/forwarding/:secret']);
  /** What a page, htmx and a script ask with. */
  const ways: Record<string, string>[] = [{}, { 'HX-Request': 'true', 'HX-Request-Type': 'partial' }];

  test('gets nothing by any route but those of the door, and changes nothing', { timeout }, async () => {
    const before = allOf(ann);
    expect(open.filter(path => !routes().some(r => r.path === path))).toEqual([]);
    for (const { method, path } of routes())
      for (const form of method === 'GET' ? [{}] : forms[path]!(meantBy(ann)))
        for (const way of ways) {
          const browser = site.browser();
          const at = filled(path, ann.ids)!;
          const answer =
            method === 'GET'
              ? await ask(browser, at, { headers: way })
              : await post(browser, at, form, { ...way, Origin: origin });
          expect.soft([method, path, leakIn(answer, form)]).toEqual([method, path, '']);
          if (!open.includes(path)) expect.soft([method, path, turnedAway(answer)]).toEqual([method, path, true]);
        }
    expect(allOf(ann)).toEqual(before);
  });

  /** Led to the page where one signs in, or told to, with nothing else. */
  const turnedAway = ({ status, headers, text }: Answer) =>
    (status === 303 && /^\/(login|signup)/.test(headers.get('location') ?? '')) ||
    (status === 200 && text === '' && (headers.get('hx-redirect') ?? '').startsWith('/login')) ||
    (status === 401 && (text === '' || text.includes('action="/login"')));
});

describe('a page of another site', () => {
  const kinds: Record<string, string>[] = [
    { Origin: 'https://evil.test' },
    { Origin: 'null' },
    { Origin: 'http://mail.test.evil.test' },
    { Origin: 'http://mail.test:81' },
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
    { Origin: origin, 'Sec-Fetch-Site': 'cross-site' },
    { Origin: 'https://evil.test', 'HX-Request': 'true', 'HX-Request-Type': 'partial' },
    {},
  ];

  test('changes nothing for who is signed in, by any POST, in any form', { timeout }, async () => {
    const before = allOf(ann);
    for (const { path } of changing())
      for (const headers of kinds) {
        const [form = {}] = forms[path]!(meantBy(ann));
        const at = filled(path, ann.ids)!;
        for (const type of [null, 'text/plain']) {
          const answer =
            type === null
              ? await post(ann.browser, at, form, headers)
              : await ask(ann.browser, at, {
                  method: 'POST',
                  body: 'message=1&to=trash',
                  headers: { ...headers, 'Content-Type': type },
                });
          expect.soft([path, headers, answer.status]).toEqual([path, headers, 403]);
        }
      }
    expect(allOf(ann)).toEqual(before);
  });
});

/** It found what it was asked for. */
const isServed = (status: number): boolean => [200, 204, 303].includes(status);

/** A contact that is gone comes back with what was typed, as 409. */
const isRefused = (status: number): boolean => status === 404 || status === 409;

/** Its path names something that one account has. */
const isOwned = (path: string): boolean =>
  path.includes('/:') && !/^\/(?:assets|icon|forwarding)\//.test(path) && path !== '/messages/:id/choices';

const queryOf = (name: string, { ids }: Meant): string => `?${name}=${encodeURIComponent(String(queries[name]!(ids)))}`;

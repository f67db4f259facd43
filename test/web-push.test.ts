/** Notifications, with a push service of our own on loopback that keeps what it is given. */
import type { IncomingHttpHeaders } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Account } from '../daemon/store.ts';
import { isGlobal, isLoopback } from '../daemon/wire/ip.ts';
import { post } from '../daemon/wire/post.ts';
import { localhost } from './certificate.ts';
import { decryptPush, receiver } from './push-receiver.ts';
import { openSite, type TestSite } from './site.ts';

let site: TestSite;
let ann: Account;
let service: Server;
let status = 201;
let carried: { url?: string; headers: IncomingHttpHeaders; body: Buffer }[] = [];

beforeAll(async () => {
  service = createServer(localhost, async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    carried.push({ url: request.url, headers: request.headers, body: Buffer.concat(pieces) });
    response.writeHead(status).end();
  });
  await new Promise<void>(resolve => service.listen(0, '127.0.0.1', resolve));
  const { port } = service.address() as AddressInfo;
  site = await openSite({ host_domain: ['example.org'] });
  ann = await site.account('ann');
  // The service answers on a port of this machine: all else is what the site does.
  site.answerPosts((url, form) =>
    post(url.replace('https://push.example/', `https://localhost:${port}/`), form, {
      addresses: async () => ({ kind: 'found', addresses: ['127.0.0.1'] }),
      timeout: 5_000,
      allowed: { address: isLoopback, port },
      ca: localhost.cert,
    }),
  );
});
afterAll(async () => {
  await site.close();
  service.close();
});
beforeEach(async () => {
  await site.store.sessions.removeAll(ann.id);
  carried = [];
  status = 201;
});

const signedIn = async (name = 'ann') => {
  const b = site.browser();
  await b.login(name);
  return b;
};
type Browser = Awaited<ReturnType<typeof signedIn>>;
const device = receiver();
const ask = (b: Browser, shows: string, path = 'device', keys = device.keys) =>
  b.post('/settings/notifications', { endpoint: `https://push.example/${path}`, ...keys, shows });

let at = Date.now();
async function comes(source: string, account = ann): Promise<number> {
  const id = await site.deliver(account, source, at++);
  const folder = await site.store.folders.byRole(account.id, 'inbox');
  site.tell.changed([{ accountId: account.id, folderId: folder.id, modseq: 1 }]);
  return id;
}
const letter = (subject: string) => `From: Bo Ek <bo@example.net>\nSubject: ${subject}\n\nThe text of it.\n`;
const until = async (true_: () => boolean | Promise<boolean>) => {
  for (let i = 0; i < 200 && !(await true_()); i++) await pause(25);
};
const read = ({ body }: (typeof carried)[0]) => JSON.parse(decryptPush(body, device.own, device.auth));

describe('notifications', () => {
  test('of sender and subject hold these and nothing else, sealed for the device', async () => {
    const b = await signedIn();
    await comes(letter('came before'));
    expect((await ask(b, 'sender')).status).toBe(303);
    const id = await comes(letter('Saturday'));
    await until(() => carried.length > 0);
    expect(read(carried[0]!)).toEqual({
      title: 'Bo Ek',
      body: 'Saturday',
      url: `/mail/inbox/${id}`,
      tag: 'mail',
      lang: 'en-GB',
      dir: 'ltr',
    });
    const { url, headers, body } = carried[0]!;
    expect(url).toBe('/device');
    expect(headers).toMatchObject({ 'content-encoding': 'aes128gcm', ttl: '86400', topic: 'mail' });
    expect(headers.authorization).toMatch(/^vapid t=[\w.-]+, k=[\w-]{87}$/);
    expect(body.includes('Saturday')).toBe(false);
    const { html } = await b.page('/settings/notifications');
    expect(html).toContain('This device');
    expect(html).not.toContain('push.example/device');
  });

  test('that there is mail say only how many, once for each, and in the language of the device', async () => {
    const b = await signedIn();
    await b.post('/settings/appearance', { language: 'de' });
    await ask(b, 'arrival');
    await site.deliver(ann, letter('one'), at++);
    await comes(letter('two'));
    await until(() => carried.length > 0);
    expect(read(carried[0]!)).toMatchObject({
      title: '2 neue Nachrichten',
      body: '',
      url: '/mail/inbox',
      lang: 'de-DE',
    });
    // the same change told twice, and one that brought nothing
    site.tell.changed([{ accountId: ann.id, folderId: 1, modseq: 1 }]);
    site.tell.changed([{ accountId: ann.id, folderId: 1, modseq: 2 }]);
    await pause(200);
    expect(carried).toHaveLength(1);
    await b.post('/settings/appearance', { language: '' });
  });

  test('end with the session, wherever it is ended', async () => {
    const b = await signedIn();
    await ask(b, 'arrival');
    await b.post('/logout', {});
    expect(await site.store.pushSubscriptions.list(ann.id, site.clock.now)).toEqual([]);
    await comes(letter('unheard'));
    await pause(200);
    expect(carried).toEqual([]);
  });

  test('are turned off by a plain form, once', async () => {
    const b = await signedIn();
    await ask(b, 'arrival');
    const [mine] = await site.store.pushSubscriptions.list(ann.id, site.clock.now);
    expect((await b.post(`/settings/notifications/${mine!.id}/removal`, {})).status).toBe(303);
    expect((await b.post(`/settings/notifications/${mine!.id}/removal`, {})).status).toBe(404);
  });

  test('are tried more and more seldom where a service takes none, and after a week no more', async () => {
    const b = await signedIn();
    await ask(b, 'arrival');
    const begun = site.clock.now;
    const device = async () => (await site.store.pushSubscriptions.list(ann.id, begun))[0];
    /** Mail comes so many minutes after it began, and the service answers so; what is known of it then. */
    const come = async (minutes: number, answer: number, failures: number | undefined) => {
      site.clock.now = begun + minutes * 60_000;
      status = answer;
      const before = carried.length;
      await comes(letter('again'));
      await until(async () => carried.length > before && (await device())?.failures === failures);
      return [carried.length, (await device())?.failures];
    };
    expect(await come(0, 503, 1)).toEqual([1, 1]);
    expect(await come(0, 503, 2)).toEqual([2, 2]);
    site.clock.now = begun + 30_000;
    await comes(letter('too soon'));
    await pause(200);
    expect(carried).toHaveLength(2);
    expect(await come(1, 503, 3)).toEqual([3, 3]);
    site.clock.now = begun + 150_000;
    await comes(letter('too soon'));
    await pause(200);
    expect(carried).toHaveLength(3);
    // What comes in a pause is told with what comes behind it.
    expect(await come(3, 201, 0)).toEqual([4, 0]);
    expect(read(carried[3]!).title).toBe('2 new messages');
    expect(await come(10, 503, 1)).toEqual([5, 1]);
    expect(await come(9 + 7 * 24 * 60, 503, 2)).toEqual([6, 2]);
    expect(await come(10 + 7 * 24 * 60, 503, undefined)).toEqual([7, undefined]);
    site.clock.now = begun;
  });

  test.each([404, 410, 403])('are over for a device its service answers %i for', async answer => {
    const b = await signedIn();
    await ask(b, 'arrival');
    status = answer;
    await comes(letter('gone'));
    await until(async () => (await site.store.pushSubscriptions.list(ann.id, site.clock.now)).length === 0);
    expect(await site.store.pushSubscriptions.list(ann.id, site.clock.now)).toEqual([]);
    expect(carried).toHaveLength(1);
  });

  test('go on after a service failed once, without asking it again for the same mail', async () => {
    const b = await signedIn();
    await ask(b, 'sender');
    status = 503;
    await comes(letter('lost'));
    await until(() => carried.length > 0);
    await pause(200);
    status = 201;
    await comes(letter('found'));
    await until(() => carried.length > 1);
    expect(carried.map(one => read(one).body)).toEqual(['lost', 'found']);
  });

  test.each([
    ['http://push.example/x', device.keys],
    ['https://push.example:8443/x', device.keys],
    ['https://ann:secret@push.example/x', device.keys],
    ['file:///etc/passwd', device.keys],
    [`https://push.example/${'x'.repeat(1000)}`, device.keys],
    ['https://push.example/x', { ...device.keys, auth: 'short' }],
    ['https://push.example/x', { ...device.keys, p256dh: 'BAAA' }],
  ])('are refused for %s', async (endpoint, keys) => {
    const b = await signedIn();
    expect((await b.post('/settings/notifications', { endpoint, ...keys, shows: 'arrival' })).status).toBe(422);
    expect(await site.store.pushSubscriptions.list(ann.id, site.clock.now)).toHaveLength(0);
  });

  test('reach no address of the inside: a device whose service lies there is forgotten', async () => {
    const answered = site.answerPosts((url, form) =>
      post(url, form, {
        addresses: async () => ({ kind: 'found', addresses: ['10.0.0.1'] }),
        timeout: 5_000,
        allowed: { address: isGlobal, port: 443 },
      }),
    );
    expect(answered).toBeUndefined();
    const b = await signedIn();
    await ask(b, 'arrival', 'inside');
    await comes(letter('inside'));
    await until(async () => (await site.store.pushSubscriptions.list(ann.id, site.clock.now)).length === 0);
    expect(await site.store.pushSubscriptions.list(ann.id, site.clock.now)).toEqual([]);
  });
});

describe('as an app', () => {
  test('the manifest speaks the language of the visitor, and holds addresses that hold below a sub-path', async () => {
    const b = site.browser();
    const answer = await b.request('/manifest.webmanifest', { headers: { 'Accept-Language': 'ar' } });
    expect(answer.headers.get('content-type')).toBe('application/manifest+json');
    const manifest = (await answer.json()) as Record<string, unknown> & { icons: { src: string; purpose: string }[] };
    expect(manifest).toMatchObject({
      name: 'CWMail',
      dir: 'rtl',
      start_url: 'mail/inbox',
      scope: './',
      display: 'standalone',
    });
    expect(JSON.stringify(manifest)).not.toContain('":"/');
    expect(manifest.icons.map(i => i.purpose)).toEqual(['any', 'any', 'maskable']);
    for (const { src } of manifest.icons) {
      const icon = await b.request(`/${src}`);
      expect(icon.headers.get('content-type')).toBe('image/png');
      expect(Buffer.from(await icon.arrayBuffer()).toString('latin1', 1, 4)).toBe('PNG');
    }
  });

  test('pages name it, and their policy lets it and the worker in, from this site alone', async () => {
    const { html, headers } = await site.browser().page('/login');
    expect(html).toContain('<link rel="manifest" href="/manifest.webmanifest" crossorigin="use-credentials">');
    expect(headers.get('content-security-policy')).toContain("manifest-src 'self'; worker-src 'self'");
  });

  test('the worker lies at the root of the site; the page it keeps says what is up and holds nothing of anybody', async () => {
    const b = await signedIn();
    const worker = await b.request('/worker.js');
    expect(worker.headers.get('content-type')).toContain('text/javascript');
    const { html } = await b.page('/offline');
    expect(html).toContain('No way to the site');
    expect(html).not.toContain('ann@example.org');
  });
});

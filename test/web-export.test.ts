import { randomBytes } from 'node:crypto';
import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { serveSite } from '../web/app.ts';
import { createSoleStreams } from '../web/sole-stream.ts';
import { openSite, type TestSite } from './site.ts';

const everything = '/settings/export/everything.zip';
const allMail = '/settings/export/mail.mbox';
const clock = { now: Date.now() };
let site: TestSite;
let ann: ReturnType<TestSite['browser']>;
let bob: ReturnType<TestSite['browser']>;
beforeAll(async () => {
  site = await openSite({ host_domain: ['example.org'] }, clock);
  for (const name of ['ann', 'bob']) {
    const account = await site.account(name);
    for (let n = 0; n < 3; n++) await site.deliver(account, `Subject: ${n}\n\n${'line\n'.repeat(20_000)}`);
  }
  [ann, bob] = [site.browser(), site.browser()];
  await ann.login('ann');
  await bob.login('bob');
});
afterAll(() => site.close());

const statusOf = async (path: string): Promise<number> => {
  const answer = await ann.request(path);
  await answer.body?.cancel();
  return answer.status;
};

describe('a download of everything', () => {
  test('is one at a time for an account; a second one is told so, and the first goes on', async () => {
    const first = await ann.request(everything);
    const reader = first.body!.getReader();
    const pieces = [(await reader.read()).value!];
    for (const path of [everything, allMail]) {
      const second = await ann.request(path);
      expect([second.status, second.headers.get('retry-after')]).toEqual([503, '60']);
      expect(second.headers.get('content-disposition')).toBeNull();
      expect(await second.text()).toContain('Another download of all your mail is still running.');
    }
    const other = await bob.request(everything);
    expect(other.status).toBe(200);
    await other.body!.cancel();
    for (let next = await reader.read(); !next.done; next = await reader.read()) pieces.push(next.value);
    const zip = Buffer.concat(pieces);
    expect(zip.subarray(-22, -18).toString('latin1')).toBe('PK\x05\x06');
    expect(await statusOf(everything)).toBe(200);
  });

  test('gives its place up when its reader leaves, has read of it or not', async () => {
    const begun = (await ann.request(everything)).body!.getReader();
    await begun.read();
    await begun.cancel();
    expect(await statusOf(everything)).toBe(200);
    await (await ann.request(allMail)).body!.cancel();
    const gone = new AbortController();
    expect((await ann.request(everything, { signal: gone.signal })).status).toBe(200);
    expect(await statusOf(everything)).toBe(503);
    gone.abort();
    expect(await statusOf(everything)).toBe(200);
    expect((await ann.request(everything, { method: 'HEAD' })).status).toBe(200);
    expect(await statusOf(everything)).toBe(200);
  });

  test('that stands still for two minutes gives way, and is ended', async () => {
    const first = (await ann.request(everything)).body!.getReader();
    clock.now += 119_000;
    expect(await statusOf(everything)).toBe(503);
    await first.read();
    clock.now += 119_000;
    expect(await statusOf(everything)).toBe(503);
    clock.now += 2_000;
    const next = await ann.request(everything);
    expect(next.status).toBe(200);
    await expect(first.read()).rejects.toThrow('left by');
    expect(await statusOf(everything)).toBe(503);
    await next.body!.cancel();
    expect(await statusOf(everything)).toBe(200);
  });
});

test('a download that is cut on the wire frees its place, while one that only waits keeps it', async () => {
  const cy = await site.account('cy');
  // More than the buffers of both ends hold.
  await site.deliver(cy, `Subject: big\n\n${randomBytes(24_000_000).toString('base64').replace(/.{76}/g, '$&\n')}`);
  const b = site.browser();
  await b.login('cy');
  const { http } = serveSite({ app: site.app });
  await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  const Cookie = [...b.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const dialled = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ port, host: '127.0.0.1', path: everything, headers: { Cookie } }, resolve).on('error', reject);
  });
  const asked = async () => {
    const answer = await b.request(everything);
    await answer.body?.cancel();
    return answer.status;
  };
  expect(dialled.statusCode).toBe(200);
  expect(await asked()).toBe(503);
  dialled.destroy();
  await vi.waitFor(async () => expect(await asked()).toBe(200), { timeout: 30_000, interval: 50 });
  http.closeAllConnections();
  await new Promise(resolve => http.close(resolve));
});

test('createSoleStreams frees the place of a stream that fails, and closes what was read', async () => {
  const streams = createSoleStreams(() => 0);
  const { signal } = new AbortController();
  let closed = 0;
  async function* failing(): AsyncIterable<Buffer> {
    try {
      yield Buffer.from('a');
      throw new Error('no disk');
    } finally {
      closed++;
    }
  }
  const reader = streams.open(1, failing(), signal)!.getReader();
  await reader.read();
  expect(streams.open(1, failing(), signal)).toBeNull();
  await expect(reader.read()).rejects.toThrow('no disk');
  expect(closed).toBe(1);
  const second = streams.open(1, failing(), signal)!.getReader();
  await second.read();
  await second.cancel();
  expect(closed).toBe(2);
  expect(streams.open(1, failing(), AbortSignal.abort())).not.toBeNull();
  expect(streams.open(1, failing(), signal)).not.toBeNull();
});

import { type AddressInfo, connect, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FetchAccount } from '../daemon/config.ts';
import { silentLog } from '../daemon/log.ts';
import { isOurs, pauseAfter } from '../fetcher/rounds/pause.ts';
import { type Fetcher, startFetcher } from '../fetcher/rounds.ts';
import { accountAt, type Door, openDoor } from './fetch-door.ts';
import { type Behaviour, letter, pause, startUpstream, type Upstream } from './fetch-upstream.ts';

describe('pauseAfter', () => {
  const minute = 60_000;
  const cases: [every: number, failure: Parameters<typeof pauseAfter>[1], failures: number, minutes: number][] = [
    [10, null, 0, 10],
    // Growing to an hour.
    [10, 'temporary', 1, 10],
    [10, 'temporary', 2, 20],
    [10, 'timeout', 3, 40],
    [10, 'dns', 4, 60],
    [10, 'tls', 100, 60],
    [0.1, 'door', 1, 1],
    // A refused login waits longer.
    [10, 'auth', 1, 30],
    [10, 'auth', 2, 60],
    [10, 'auth', 50, 24 * 60],
    // Never more often than asked for.
    [600, 'temporary', 3, 600],
    [3000, 'auth', 9, 3000],
  ];
  for (const [every, failure, failures, minutes] of cases)
    test(`pauseAfter waits ${minutes} minutes after ${failures} × ${failure} at every ${every}`, () => {
      expect(pauseAfter(every * minute, failure, failures, 0.5) / minute).toBeCloseTo(minutes);
      expect(pauseAfter(every * minute, failure, failures, 0) / minute).toBeCloseTo(minutes * 0.9);
    });
});

describe('isOurs', () => {
  const ports = {
    ...{ pop_port: 2110, pops_port: 2995, smtp_port: 2525 },
    ...{ submission_port: 2587, submissions_port: 2465, odmr_port: 2366 },
  };
  const none = {
    ...{ smtp_listen: [], submission_listen: [], submissions_listen: [], odmr_listen: [], pops_listen: [] },
    ...{ http_listen: [], https_listen: [] },
  };
  const ours = { ...ports, ...none, pop_listen: [], host_domain: ['example.org', 'mail.example.org'] };
  const cases: [host: string, port: number, listen: string, own: boolean][] = [
    ['127.0.0.1', 2110, '127.0.0.1', true],
    ['localhost', 2110, '127.0.0.1', true],
    ['LOCALHOST.', 2110, '127.0.0.1', true],
    ['::1', 2110, '::', true],
    ['[::1]', 2110, '::', true],
    ['127.0.0.7', 2110, '0.0.0.0', true],
    ['mail.example.org', 2110, '0.0.0.0', true],
    ['127.0.0.4', 2110, '127.0.0.4', true],
    ['localhost', 2366, '127.0.0.1', true],
    ['localhost', 2587, '127.0.0.1', true],
    ['localhost', 2465, '127.0.0.1', true],
    ['127.0.0.1', 2995, '127.0.0.1', true],
    // Others.
    ['127.0.0.1', 110, '127.0.0.1', false],
    ['127.0.0.2', 2110, '127.0.0.1', false],
    ['192.0.2.1', 2110, '0.0.0.0', false],
    ['pop.provider.net', 2110, '0.0.0.0', false],
  ];
  for (const [host, port, listen, own] of cases)
    test(`isOurs says ${own} of ${host}:${port} where we listen on ${listen}`, () => {
      expect(isOurs({ host, port }, { ...ours, listen: [listen] })).toBe(own);
    });

  test('isOurs looks at the addresses of the very listener', () => {
    const own = { ...ours, listen: ['0.0.0.0'], pop_listen: ['127.0.0.5', '::1'] };
    const asked = [
      ['127.0.0.5', 2110],
      ['::1', 2110],
      ['127.0.0.1', 2110],
      ['127.0.0.1', 2525],
    ] as const;
    expect(asked.map(([host, port]) => isOurs({ host, port }, own))).toEqual([true, true, false, true]);
  });
});

describe('startFetcher', () => {
  let door: Door;
  const upstreams: Upstream[] = [];
  const fetchers: Fetcher[] = [];
  beforeEach(async () => {
    door = await openDoor();
  });
  afterEach(async () => {
    for (const one of fetchers.splice(0)) await one.stop(100);
    for (const one of upstreams.splice(0)) await one.stop();
    await door.close();
  });

  async function upstream(behaviour: Behaviour): Promise<Upstream> {
    const server = await startUpstream(behaviour);
    upstreams.push(server);
    return server;
  }

  /** `random` 1: the first visits begin after two seconds, so that a test comes before them. */
  function start(fetch: FetchAccount[], over: { online?: 'always' | 'never'; random?: number; timeout?: number } = {}) {
    const fetcher = startFetcher({
      settings: { ...door.settings, fetch, online: over.online ?? 'always' },
      store: door.store,
      submitter: door.submitter,
      serviceKey: 'of the house',
      log: silentLog(),
      now: Date.now,
      random: () => over.random ?? 1,
      timeout: over.timeout ?? 5000,
    });
    fetchers.push(fetcher);
    return fetcher;
  }

  test('startFetcher visits by itself, again and again', async () => {
    const server = await upstream({ letters: [letter('a')] });
    const fetcher = start([accountAt(server.port, { every: 50 })], { random: 0 });
    for (let i = 0; i < 100 && server.letters.length > 0; i++) await pause(50);
    server.letters.push(letter('b'));
    for (let i = 0; i < 100 && server.letters.length > 0; i++) await pause(50);
    expect((await door.inbox('ann')).length).toBe(2);
    expect(fetcher.status()[0]).toMatchObject({ failures: 0, idle: null });
  });

  test('startFetcher goes by the proxy of the account', async () => {
    const server = await upstream({ letters: [letter('a')] });
    const asked: string[] = [];
    const proxy = createServer(socket => {
      socket.on('error', () => {});
      socket.once('data', request => {
        asked.push(request.toString().split('\r\n')[0] ?? '');
        const far = connect(server.port, '127.0.0.1');
        far.on('error', () => socket.destroy());
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.pipe(far).pipe(socket);
      });
    });
    await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve));
    const by = {
      kind: 'http',
      host: '127.0.0.1',
      port: (proxy.address() as AddressInfo).port,
      login: null,
      remoteNames: true,
    } as const;
    const fetcher = start([accountAt(server.port, { host: 'pop.far.test', proxy: by })]);
    const [visit] = await fetcher.runNow();
    proxy.close();
    expect(visit?.result.fetched, visit?.result.error ?? '').toBe(1);
    expect(asked).toEqual([`CONNECT pop.far.test:${server.port} HTTP/1.1`]);
  });

  test('startFetcher visits on demand, and keeps one session per account', async () => {
    const server = await upstream({ letters: [letter('a')], slow: 30 });
    const fetcher = start([accountAt(server.port)]);
    const [first, second] = await Promise.all([fetcher.runNow(), fetcher.runNow(accountAt(0).name)]);
    expect([first[0]!.result.fetched, second[0]!.result]).toEqual([1, first[0]!.result]);
    expect(server.said.filter(line => line.startsWith('USER')).length).toBe(1);
    await expect(fetcher.runNow('nobody')).rejects.toThrow('no fetch account is called nobody');
  });

  test('startFetcher tells what became of a visit, and when the next is', async () => {
    const server = await upstream({ answer: line => (line.startsWith('PASS') ? '-ERR [AUTH] wrong\r\n' : undefined) });
    const fetcher = start([accountAt(server.port)], { random: 0.5 });
    await fetcher.runNow();
    const [status] = fetcher.status();
    expect(status).toMatchObject({ running: false, failures: 1, lastGoodAt: null, last: { failure: 'auth' } });
    // From the end of the visit, which took a moment.
    const minutes = ({ nextAt, lastAt }: { nextAt: number | null; lastAt: number | null }) =>
      Math.floor((nextAt! - lastAt!) / 60_000);
    expect(minutes(status!)).toBe(30);
    await fetcher.runNow();
    const [again] = fetcher.status();
    expect(minutes(again!)).toBe(60);
  });

  test('startFetcher lets no upstream hold up another', async () => {
    const stuck = await upstream({ answer: line => (line === 'LIST' ? () => {} : undefined) });
    const good = await upstream({ letters: [letter('a')] });
    const fetcher = start([accountAt(stuck.port, { name: 'stuck' }), accountAt(good.port, { name: 'good' })]);
    const waiting = fetcher.runNow('stuck');
    expect((await fetcher.runNow('good'))[0]!.result).toMatchObject({ fetched: 1 });
    expect(fetcher.status()[0]!.running).toBe(true);
    await fetcher.stop(50);
    await waiting;
  });

  test('startFetcher fetches nothing with online never, nor from our own POP3 server, and says so', async () => {
    const server = await upstream({ letters: [letter('a')] });
    const offLine = start([accountAt(server.port)], { online: 'never', random: 0 });
    expect((await offLine.runNow())[0]!.result).toMatchObject({
      fetched: 0,
      error: expect.stringContaining('online is never'),
    });
    expect(offLine.status()[0]).toMatchObject({ nextAt: null, idle: expect.stringContaining('online is never') });
    const circle = start([accountAt(door.settings.pop_port)], { random: 0 });
    expect((await circle.runNow())[0]!.result.error).toContain('our own server');
    await pause(50);
    expect(server.said).toEqual([]);
  });

  test('startFetcher ends the message under way before it stops', async () => {
    const server = await upstream({ letters: ['a', 'b', 'c', 'd'].map(name => letter(name)), slow: 40 });
    const fetcher = start([accountAt(server.port)]);
    const visit = fetcher.runNow();
    while (server.retrieved() === 0) await pause(5);
    await fetcher.stop();
    const { result } = (await visit)[0]!;
    expect(result).toMatchObject({ error: null, failure: null });
    expect(result.fetched).toBe(result.deleted);
    expect(server.letters.length + (await door.inbox('ann')).length).toBe(4);
    expect(server.letters.length).toBeGreaterThan(0);
    expect((await fetcher.runNow())[0]!.result.error).toBe('the fetcher is stopping');
  });
});

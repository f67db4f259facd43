import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Pop3Client } from '../fetcher/pop3-client.ts';
import { connectPop3 } from '../fetcher/pop3-client.ts';
import { accountAt, type Door, openDoor, tellingLog, visit } from './fetch-door.ts';
import { type Behaviour, letter, startUpstream, stuffed, type Upstream } from './fetch-upstream.ts';

let door: Door;
const upstreams: Upstream[] = [];
beforeEach(async () => {
  door = await openDoor({ max_message_size: 1_000_000 });
});
afterEach(async () => {
  for (const one of upstreams.splice(0)) await one.stop();
  await door.close();
});

async function upstream(behaviour: Behaviour): Promise<Upstream> {
  const server = await startUpstream(behaviour);
  upstreams.push(server);
  return server;
}

const letters = (...names: string[]) => names.map(name => letter(name));
const text = (name: string) => letter(name).bytes.toString('latin1');
const keep = { kind: 'keep', days: 0 } as const;

describe('fetchAccount', () => {
  test('fetchAccount brings every message to its mailbox, octet by octet, and deletes it upstream', async () => {
    const odd = Buffer.from('Subject: odd\r\n\r\n..dots\r\n.\r\n\xe9\xff and a long line \r\n', 'latin1');
    const server = await upstream({ letters: [...letters('a', 'b'), { uidl: 'c', bytes: odd }] });
    const result = await visit(door, server.port);
    expect(result).toMatchObject({
      fetched: 3,
      deleted: 3,
      left: 0,
      refused: 0,
      skipped: 0,
      error: null,
      failure: null,
    });
    expect(result.bytes).toBe(text('a').length + text('b').length + odd.length);
    expect(await door.inbox('ann')).toEqual([text('a'), text('b'), odd.toString('latin1')]);
    expect(server.letters).toEqual([]);
  });

  test('fetchAccount brings old mail to its place in lists, searches and conversations', async () => {
    const came = (day: string, more: string) =>
      Buffer.from(`Received: by pop.example; ${day} 2020 09:00:00 +0000\r\nMessage-ID: <${more}\r\n\r\nhello\r\n`);
    const old = [
      { uidl: 'b', bytes: came('Wed, 4 Mar', 'b@x>\r\nIn-Reply-To: <a@x>') },
      { uidl: 'a', bytes: came('Tue, 3 Mar', 'a@x>') },
    ];
    const { port } = await upstream({ letters: old });
    expect(await visit(door, port)).toMatchObject({ fetched: 2 });
    const { id } = (await door.store.accounts.byAddress('ann@example.org'))!;
    const inbox = await door.store.folders.byRole(id, 'inbox');
    const { messages } = await door.store.messages.page(id, inbox.id, 9);
    const days = [4, 3].map(day => Date.UTC(2020, 2, day, 9));
    expect(messages.map(m => [m.messageId, m.receivedAt, m.listedAt])).toEqual([
      ['b@x', days[0], days[0]],
      ['a@x', days[1], days[1]],
    ]);
    expect(new Set(messages.map(m => m.conversation)).size).toBe(1);
  });

  test('fetchAccount leaves mail upstream where it is told to, and asks for it once', async () => {
    const server = await upstream({ letters: letters('a', 'b') });
    for (const fetched of [2, 0, 0])
      expect(await visit(door, server.port, { account: { after: keep } })).toMatchObject({
        fetched,
        left: 2,
        deleted: 0,
        error: null,
      });
    server.letters.push(letter('c'));
    expect(await visit(door, server.port, { account: { after: keep } })).toMatchObject({ fetched: 1, left: 3 });
    expect(server.retrieved()).toBe(3);
    expect((await door.inbox('ann')).length).toBe(3);
  });

  test('fetchAccount deletes what it has kept long enough', async () => {
    const server = await upstream({ letters: letters('a', 'b') });
    const account = { after: { kind: 'keep', days: 14 } } as const;
    const start = Date.now();
    const at = (day: number) => ({ account, now: () => start + day * 86_400_000 });
    expect(await visit(door, server.port, at(0))).toMatchObject({ fetched: 2, deleted: 0 });
    server.letters.push(letter('c'));
    expect(await visit(door, server.port, at(13))).toMatchObject({ fetched: 1, deleted: 0 });
    expect(await visit(door, server.port, at(14))).toMatchObject({ fetched: 0, deleted: 2, left: 1 });
    expect(server.letters.map(l => l.uidl)).toEqual(['c']);
  });

  test('fetchAccount forgets what is no longer upstream', async () => {
    const server = await upstream({ letters: letters('a', 'b') });
    const known = async () => (await door.store.fetched.known(accountAt(0).name)).map(row => row.uidl.split(' ')[0]);
    await visit(door, server.port, { account: { after: keep } });
    server.letters.shift();
    await visit(door, server.port, { account: { after: keep } });
    expect(await known()).toEqual(['b']);
    server.letters.length = 0;
    await visit(door, server.port);
    expect(await known()).toEqual([]);
  });

  test('fetchAccount gives the return path of the message to the door, and nobody where there is none', async () => {
    const fields = ['Return-Path: <s@example.net>\r\n', 'Return-Path: <>\r\n', 'Return-Path: <a b@c>\r\n', ''];
    const server = await upstream({ letters: fields.map((f, i) => letter(`${i}`, `${f}Subject: ${i}\r\n\r\nx\r\n`)) });
    await visit(door, server.port);
    const ann = (await door.store.accounts.byAddress('ann@example.org'))!;
    const drop = await door.store.messages.maildrop(ann.id);
    const prefixes = await Promise.all(
      drop.map(async ({ id }) => (await door.store.messages.get(ann.id, id))!.prefix.split('\r\n')[0]),
    );
    expect(prefixes).toEqual(['Return-Path: <s@example.net>', 'Return-Path: <>', 'Return-Path: <>', 'Return-Path: <>']);
  });

  test('fetchAccount ends a session after so many deletions and goes on in another', async () => {
    const server = await upstream({ letters: letters(...Array.from({ length: 25 }, (_, i) => `m${i}`)) });
    expect(await visit(door, server.port, { batch: 10 })).toMatchObject({ fetched: 25, deleted: 25, left: 0 });
    expect(server.said.filter(line => line === 'QUIT').length).toBe(3);
    expect((await door.inbox('ann')).length).toBe(25);
  });

  test('fetchAccount stays in one session where the upstream wants pauses between logins', async () => {
    const server = await upstream({ letters: letters('a', 'b', 'c'), capa: ['LOGIN-DELAY 900', 'UIDL', 'TOP'] });
    expect(await visit(door, server.port, { batch: 1 })).toMatchObject({ deleted: 3 });
    expect(server.said.filter(line => line === 'QUIT').length).toBe(1);
  });

  test('fetchAccount does not run round with an upstream that says it deletes and does not', async () => {
    const server = await upstream({
      letters: letters('a', 'b', 'c'),
      answer: line => (line.startsWith('DELE') ? '+OK\r\n' : undefined),
    });
    expect(await visit(door, server.port, { batch: 2 })).toMatchObject({ fetched: 3 });
    expect(await visit(door, server.port, { batch: 2 })).toMatchObject({ fetched: 0 });
    expect(server.retrieved()).toBe(3);
    expect((await door.inbox('ann')).length).toBe(3);
  });

  test('fetchAccount finishes the message under way when it is to stop', async () => {
    const server = await upstream({ letters: letters('a', 'b', 'c') });
    const stopping = new AbortController();
    const log = tellingLog(event => event === 'fetched' && stopping.abort());
    expect(await visit(door, server.port, { signal: stopping.signal, log })).toMatchObject({
      fetched: 1,
      deleted: 1,
      left: 2,
    });
    expect(server.letters.map(l => l.uidl)).toEqual(['b', 'c']);
  });
});

describe('fetchAccount and messages it cannot have', () => {
  test('fetchAccount skips what is too large by LIST, and fetches it when it may', async () => {
    const large = letter('large', `Subject: l\r\n\r\n${'x'.repeat(70)}\r\n`);
    const server = await upstream({ letters: [{ ...large, size: 200_000 }, letter('a')] });
    for (const fetched of [1, 0])
      expect(await visit(door, server.port, { maxSize: 100_000 })).toMatchObject({
        fetched,
        skipped: 1,
        left: 1,
        error: null,
      });
    expect(server.said).not.toContain('RETR 1');
    expect(await visit(door, server.port)).toMatchObject({ fetched: 1, skipped: 0, left: 0, error: null });
  });

  test('fetchAccount leaves upstream what our door refuses for good, and asks for it once', async () => {
    const lied = { ...letter('lied', `Subject: l\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(20_000)}`), size: 10 };
    const server = await upstream({ letters: [lied, letter('a')] });
    for (const fetched of [1, 0, 0])
      expect(await visit(door, server.port)).toMatchObject({ fetched, refused: 1, left: 1, error: null });
    expect(server.letters.map(l => l.uidl)).toEqual(['lied']);
    expect(server.retrieved()).toBe(2);
  });

  test('fetchAccount gives up content that never ends, and goes on with the others', async () => {
    const endless: Behaviour['answer'] = (line, socket) =>
      line === 'RETR 1' && server.letters[0]?.uidl === 'endless'
        ? () => {
            socket.write('+OK\r\nSubject: x\r\n\r\n');
            const more = () => {
              while (!socket.destroyed && socket.write('x'.repeat(60_000)));
              if (!socket.destroyed) setTimeout(more, 2);
            };
            more();
          }
        : undefined;
    const server = await upstream({ letters: letters('endless', 'a'), answer: (...args) => endless(...args) });
    expect(await visit(door, server.port)).toMatchObject({ fetched: 1, deleted: 1, failure: 'protocol' });
    expect(await visit(door, server.port)).toMatchObject({ fetched: 0, refused: 1, left: 1, error: null });
    expect(await door.inbox('ann')).toEqual([text('a')]);
  });

  test('fetchAccount fetches the others when one message breaks every connection', async () => {
    const server = await upstream({
      letters: letters('a', 'bad', 'c'),
      answer: (line, socket) => (line === 'RETR 2' ? () => socket.destroy() : undefined),
    });
    const result = await visit(door, server.port);
    expect(result).toMatchObject({ fetched: 2, failure: 'temporary' });
    expect(await door.inbox('ann')).toEqual([text('a'), text('c')]);
    expect(server.letters.map(l => l.uidl)).toEqual(['bad']);
  });

  test('fetchAccount leaves everything upstream while our door is away', async () => {
    const server = await upstream({ letters: letters('a', 'b', 'c', 'd', 'e') });
    const away = {
      send: async (_: unknown, s: { recipients: unknown[] }) =>
        s.recipients.map(() => ({ code: 451, status: '3.0', text: 'away' })),
    };
    const { createFeed } = await import('../fetcher/feed.ts');
    expect(await visit(door, server.port, { feed: createFeed(away) })).toMatchObject({
      fetched: 0,
      deleted: 0,
      left: 5,
      failure: 'door',
    });
    expect(server.retrieved(), 'it does not try them all').toBe(3);
    expect(await visit(door, server.port)).toMatchObject({ fetched: 5, deleted: 5 });
  });

  test('fetchAccount stops at a local address nobody has, and nothing is marked refused', async () => {
    const server = await upstream({ letters: letters('a', 'b') });
    const account = { to: { kind: 'address', address: 'nobody@example.org' } } as const;
    expect(await visit(door, server.port, { account })).toMatchObject({
      fetched: 0,
      left: 2,
      failure: 'door',
      error: expect.stringContaining('no recipient here'),
    });
    expect(await visit(door, server.port)).toMatchObject({ fetched: 2 });
  });

  test('fetchAccount says which certificate or password was wrong', async () => {
    const server = await upstream({
      letters: letters('a'),
      answer: line => (line.startsWith('PASS') ? '-ERR [AUTH] wrong\r\n' : undefined),
    });
    expect(await visit(door, server.port)).toMatchObject({
      failure: 'auth',
      error: 'upstream refused PASS: [AUTH] wrong',
    });
    expect(await visit(door, server.port, { account: { tls: 'required' } })).toMatchObject({ failure: 'tls' });
  });
});

describe('fetchAccount for a domain', () => {
  const to = { kind: 'multidrop', domain: 'example.org', envelope: null, fallback: null } as const;
  const addressed = (uidl: string, fields: string) => letter(uidl, `${fields}Subject: ${uidl}\r\n\r\nx\r\n`);

  test('fetchAccount sorts by the envelope, and what nobody is named for goes to postmaster', async () => {
    const server = await upstream({
      letters: [
        addressed('one', 'X-Original-To: ann@example.org\r\n'),
        addressed('two', 'X-Envelope-To: ann@example.org, bob@example.org\r\n'),
        addressed('none', 'To: bob@example.org\r\n'),
        addressed('unknown', 'X-Original-To: nobody@example.org\r\n'),
        addressed('half', 'X-Envelope-To: bob@example.org, nobody@example.org\r\n'),
      ],
    });
    expect(await visit(door, server.port, { account: { to } })).toMatchObject({ fetched: 5, deleted: 5, error: null });
    const subjects = async (name: string) => (await door.inbox(name)).map(t => /Subject: (\w+)/.exec(t)![1]);
    expect(await subjects('ann')).toEqual(['one', 'two']);
    expect(await subjects('bob')).toEqual(['two', 'half']);
    expect(await subjects('postmaster')).toEqual(['none', 'unknown', 'half']);
  });

  test('fetchAccount gives nobody two copies, however often it runs before the ledger is written', async () => {
    const server = await upstream({
      letters: [addressed('half', 'X-Envelope-To: bob@example.org, nobody@example.org\r\n')],
    });
    const fetched = { ...door.store.fetched, remember: () => Promise.reject(new Error('the disk is full')) };
    for (let i = 0; i < 3; i++)
      expect(await visit(door, server.port, { account: { to }, fetched })).toMatchObject({
        fetched: 0,
        failure: 'broken',
      });
    expect(await visit(door, server.port, { account: { to } })).toMatchObject({ fetched: 1, deleted: 1 });
    expect([(await door.inbox('bob')).length, (await door.inbox('postmaster')).length]).toEqual([1, 1]);
  });
});

describe('fetchAccount and UIDLs that are none', () => {
  /** Two days of mail, three visits in each; the UIDLs a server gives, and what it must not come to. */
  const servers: [name: string, behaviour: Behaviour][] = [
    ['are absent', { uidl: null }],
    ['are absent, with no TOP either', { uidl: null, top: false }],
    ['are all the same', { uidl: () => 'same' }],
    ['are new in every session', { uidl: (l, _, session) => `${session}.${l.uidl}` }],
    ['are new in every session, with no TOP', { uidl: (l, _, session) => `${session}.${l.uidl}`, top: false }],
    ['are message numbers', { uidl: (_, i) => String(i + 1) }],
    ['are message numbers, with no TOP', { uidl: (_, i) => String(i + 1), top: false }],
    ['have 500 characters', { uidl: l => l.uidl + 'x'.repeat(500) }],
    ['have spaces in them', { uidl: l => `${l.uidl} and more` }],
    ['are given to every second message', { uidl: (l, i) => (i % 2 ? null : l.uidl) }],
  ];
  const rounds = (server: Upstream, after: 'delete' | 'keep') =>
    (async () => {
      const account = { after: after === 'delete' ? ({ kind: 'delete' } as const) : keep };
      for (const arrived of [letters('a', 'b', 'c'), [], letters('d'), [], letters('e', 'f')]) {
        server.letters.push(...arrived);
        await visit(door, server.port, { account });
      }
    })();

  for (const [name, behaviour] of servers) {
    test(`fetchAccount that deletes loses and doubles nothing where UIDLs ${name}`, async () => {
      const server = await upstream({ letters: [], ...behaviour });
      await rounds(server, 'delete');
      expect(await door.inbox('ann')).toEqual(['a', 'b', 'c', 'd', 'e', 'f'].map(text));
      expect(server.letters).toEqual([]);
    });

    test(`fetchAccount that deletes loses and doubles nothing where UIDLs ${name} and QUIT is never answered`, async () => {
      let deaf = true;
      const server = await upstream({
        letters: [],
        ...behaviour,
        answer: (line, socket) => (deaf && line === 'QUIT' ? () => socket.destroy() : undefined),
      });
      await rounds(server, 'delete');
      expect(server.letters.length).toBe(6);
      deaf = false;
      await visit(door, server.port);
      expect((await door.inbox('ann')).sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f'].map(text));
      expect(server.letters).toEqual([]);
    });

    test(`fetchAccount that deletes loses nothing where UIDLs ${name} and QUIT is done but its answer lost`, async () => {
      const server: Upstream = await upstream({
        letters: [],
        ...behaviour,
        answer: (line, socket) => {
          if (line !== 'QUIT') return undefined;
          const marked = server.said
            .slice(server.said.lastIndexOf('LIST'))
            .filter(l => l.startsWith('DELE'))
            .map(l => Number(l.slice(5)));
          server.letters.splice(0, Infinity, ...server.letters.filter((_, i) => !marked.includes(i + 1)));
          return () => socket.destroy();
        },
      });
      await rounds(server, 'delete');
      expect(await door.inbox('ann')).toEqual(['a', 'b', 'c', 'd', 'e', 'f'].map(text));
      expect(server.letters).toEqual([]);
    });

    if (behaviour.uidl !== null)
      test(`fetchAccount that keeps mail upstream loses and doubles nothing where UIDLs ${name}`, async () => {
        const server = await upstream({ letters: [], ...behaviour });
        await rounds(server, 'keep');
        expect((await door.inbox('ann')).sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f'].map(text));
        expect(
          (await door.store.fetched.known(accountAt(0).name)).length,
          'the ledger does not grow',
        ).toBeLessThanOrEqual(12);
      });
  }

  test('fetchAccount refuses to keep mail at an upstream without UIDL, and says why', async () => {
    const server = await upstream({ letters: letters('a'), uidl: null });
    expect(await visit(door, server.port, { account: { after: keep } })).toMatchObject({
      fetched: 0,
      failure: 'protocol',
      error: expect.stringContaining('use delete'),
    });
  });

  test('fetchAccount fetches equal messages as often as they are there', async () => {
    const same = () => ({ uidl: 'x', bytes: Buffer.from('Subject: same\r\n\r\nsame\r\n') });
    const server = await upstream({ letters: [same(), same(), same()] });
    expect(await visit(door, server.port)).toMatchObject({ fetched: 3, deleted: 3 });
    server.letters.push(same());
    expect(await visit(door, server.port)).toMatchObject({ fetched: 1 });
    expect((await door.inbox('ann')).length).toBe(4);
  });

  test('fetchAccount fetches a message that got the UIDL of one it took', async () => {
    const server = await upstream({ letters: letters('a') });
    await visit(door, server.port, { account: { after: keep } });
    server.letters[0] = { ...letter('b'), uidl: 'a' };
    expect(await visit(door, server.port)).toMatchObject({ fetched: 1, deleted: 1 });
    expect(await door.inbox('ann')).toEqual([text('a'), text('b')]);
  });

  test('fetchAccount tells messages apart whose names are as long as can be', async () => {
    const long = (i: number) => letter(`${'+'.repeat(69)}${i}`);
    const server = await upstream({ letters: [long(1), long(2), long(3)] });
    const account = { name: `${'+'.repeat(450)}@upstream:110` };
    expect(await visit(door, server.port, { account })).toMatchObject({ fetched: 3, deleted: 3 });
    expect((await door.inbox('ann')).length).toBe(3);
  });

  test('fetchAccount does not mind a list in another order each time', async () => {
    const server = await upstream({ letters: letters('a', 'b', 'c') });
    for (let i = 0; i < 3; i++) {
      await visit(door, server.port, { account: { after: keep } });
      server.letters.reverse();
    }
    expect(server.retrieved()).toBe(3);
  });
});

describe('fetchAccount and a line that drops', () => {
  test('fetchAccount delivers no part of a message, wherever it is cut, and has it whole the next time', async () => {
    const whole = Buffer.concat([Buffer.from('+OK\r\n'), stuffed(letter('a').bytes)]);
    for (let cut = 0; cut < whole.length; cut++) {
      const broken = await upstream({
        letters: letters('a'),
        answer: (line, socket) => (line.startsWith('RETR') ? () => void socket.end(whole.subarray(0, cut)) : undefined),
      });
      expect(await visit(door, broken.port), `cut at ${cut}`).toMatchObject({
        fetched: 0,
        deleted: 0,
        failure: 'temporary',
      });
      expect(broken.said.some(line => line.startsWith('DELE'))).toBe(false);
    }
    expect(await door.inbox('ann')).toEqual([]);
    const mended = await upstream({ letters: letters('a') });
    expect(await visit(door, mended.port)).toMatchObject({ fetched: 1, deleted: 1 });
    expect(await door.inbox('ann')).toEqual([text('a')]);
  });

  test('fetchAccount delivers no part of a large message that is cut', async () => {
    const large = Buffer.from(`Subject: large\r\n\r\n${`${'x'.repeat(76)}\r\n`.repeat(4000)}`);
    const whole = Buffer.concat([Buffer.from('+OK\r\n'), stuffed(large)]);
    for (let cut = 1024; cut < whole.length; cut += 40_000) {
      const broken = await upstream({
        letters: [{ uidl: 'large', bytes: large }],
        answer: (line, socket) => (line.startsWith('RETR') ? () => void socket.end(whole.subarray(0, cut)) : undefined),
      });
      expect(await visit(door, broken.port)).toMatchObject({ fetched: 0, failure: 'temporary' });
    }
    expect(await door.inbox('ann')).toEqual([]);
  });

  test('fetchAccount loses and doubles nothing when the line drops behind any of its commands', async () => {
    const names = ['a', 'b', 'c'];
    for (let n = 1; n <= 16; n++) {
      const own = await openDoor();
      let heard = 0;
      const server = await upstream({
        letters: letters(...names),
        answer: (_, socket, session) => (session <= 3 && ++heard % n === 0 ? () => socket.destroy() : undefined),
      });
      for (let i = 0; i < 5; i++) await visit(own, server.port, { batch: 2 });
      expect((await own.inbox('ann')).sort(), `dropped at every ${n}th command`).toEqual(names.map(text));
      expect(server.letters).toEqual([]);
      await own.close();
    }
  });

  test('fetchAccount loses and doubles nothing when our own side fails between any two steps', async () => {
    for (let n = 1; ; n++) {
      const own = await openDoor();
      const server = await upstream({ letters: letters('a', 'b', 'c') });
      let step = 0;
      let client: Pop3Client | null = null;
      const fail = () => {
        if (++step !== n) return;
        client?.destroy();
        throw new Error('crashed here');
      };
      const between =
        <A extends unknown[], T>(act: (...args: A) => Promise<T>) =>
        async (...args: A): Promise<T> => {
          fail();
          const done = await act(...args);
          fail();
          return done;
        };
      const { fetched } = own.store;
      const failing: typeof fetched = {
        known: between(fetched.known),
        remember: between(fetched.remember),
        deleted: between(fetched.deleted),
        forget: between(fetched.forget),
      };
      const connect = async () => {
        client = await connectPop3({ ...accountAt(server.port), timeout: 5000 });
        return client;
      };
      await visit(own, server.port, { fetched: failing, log: tellingLog(fail), connect, batch: 2 });
      const crashed = step >= n;
      for (let i = 0; i < 2; i++) await visit(own, server.port);
      expect((await own.inbox('ann')).sort(), `crashed at step ${n}`).toEqual(['a', 'b', 'c'].map(text));
      expect(server.letters).toEqual([]);
      await own.close();
      if (!crashed) {
        expect(n).toBeGreaterThan(15);
        break;
      }
    }
  });
});

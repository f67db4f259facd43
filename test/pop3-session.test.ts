import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLog } from '../daemon/log.ts';
import { startSession } from '../daemon/pop3-server/session.ts';
import { StoreError } from '../daemon/store.ts';
import { localhost } from './certificate.ts';
import { cpuMillis } from './cpu.ts';
import { dial } from './pop3-dial.ts';
import { addAccount, deliver, password, prefix, startPop3 } from './pop3-house.ts';
import { playTalk, sentenceOf } from './talk.ts';

let pop3: Awaited<ReturnType<typeof startPop3>>;
beforeAll(async () => {
  pop3 = await startPop3();
});
afterAll(() => pop3.stop());

let made = 0;
/** A new account with these contents in its Inbox. */
async function mailbox(contents: (string | Buffer)[], { store } = pop3) {
  const name = `box${++made}`;
  const id = await addAccount(store, name);
  for (const content of contents) await deliver(store, id, content);
  return { name, id };
}

const letter = (text: string) => `Subject: ${text}\r\n\r\n${text}\r\n`;

const corpus = process.env.MAIL_CORPUS ?? (existsSync('../shared/corpus') ? '../shared/corpus' : 'test/corpus');

/** As the door leaves content: CRLF line ends, and one at the end. */
function asStored(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1').replace(/\r\n|\r|\n/g, '\r\n');
  return Buffer.from(text.endsWith('\r\n') ? text : `${text}\r\n`, 'latin1');
}

test.skipIf(!existsSync(corpus))(
  `retr sends every file of ${corpus} as it lies in the store, in the size that list tells`,
  async () => {
    const files = readdirSync(corpus, { recursive: true, encoding: 'utf8' }).map(f => join(corpus, f));
    const contents = files
      .filter(f => statSync(f).isFile() && statSync(f).size < 3_000_000)
      .map(f => asStored(readFileSync(f)));
    const { name } = await mailbox(contents);
    const client = await dial(pop3.port);
    await client.login(name);
    const sizes = (await client.fetch('LIST')).toString().trimEnd().split('\r\n');
    expect(sizes).toHaveLength(contents.length);
    let octets = 0;
    for (const [i, content] of contents.entries()) {
      const got = await client.fetch(`RETR ${i + 1}`);
      expect(got.equals(Buffer.concat([Buffer.from(prefix), content]))).toBe(true);
      expect(sizes[i]).toBe(`${i + 1} ${got.length}`);
      octets += got.length;
      const top = await client.fetch(`TOP ${i + 1} 3`);
      expect(top.equals(topOf(got, 3))).toBe(true);
    }
    expect(await client.ask('STAT')).toBe(`+OK ${contents.length} ${octets}`);
    console.log(`${contents.length} contents, ${octets} octets`);
    client.hangUp();
  },
  120_000,
);

/** The plain way: header, blank line, lines. */
function topOf(content: Buffer, lines: number): Buffer {
  const all = content.toString('latin1').split('\r\n').slice(0, -1);
  const blank = all.indexOf('');
  const wanted = blank < 0 ? all : all.slice(0, blank + 1 + lines);
  return Buffer.from(`${wanted.join('\r\n')}\r\n`, 'latin1');
}

test('uidl names a message for ever: over deletions, a restart and new mail, and no name comes again', async () => {
  let server = await startPop3();
  const { name, id } = await mailbox(['a', 'b', 'c', 'd'].map(letter), server);
  const uidls = async () => {
    const client = await dial(server.port);
    await client.login(name);
    const list = (await client.fetch('UIDL'))
      .toString()
      .trimEnd()
      .split('\r\n')
      .map(l => l.split(' ')[1]!);
    const subjects: string[] = [];
    for (const n of list.keys())
      subjects.push(/Subject: (.)/.exec((await client.fetch(`RETR ${n + 1}`)).toString())![1]!);
    return { client, of: Object.fromEntries(subjects.map((s, i) => [s, list[i]!])) };
  };
  const first = await uidls();
  expect(Object.values(first.of).every(u => /^[!-~]{1,70}$/.test(u))).toBe(true);
  for (const n of [2, 4]) await first.client.ask(`DELE ${n}`);
  expect(await first.client.ask('QUIT')).toMatch(/^\+OK/);
  await server.stop(true);
  server = await startPop3({ folder: server.folder });
  await deliver(server.store, id, letter('e'));
  const second = await uidls();
  expect(second.of).toEqual({ a: first.of.a, c: first.of.c, e: expect.any(String) });
  expect(new Set([...Object.values(first.of), second.of.e]).size).toBe(5);
  await server.stop();
});

test('createMaildrop shows a session neither new mail nor other numbers', async () => {
  const { name, id } = await mailbox(['a', 'b'].map(letter));
  const client = await dial(pop3.port);
  expect(await client.login(name)).toMatch(/^\+OK 2 /);
  await deliver(pop3.store, id, letter('c'));
  expect(await client.ask('STAT')).toMatch(/^\+OK 2 /);
  expect(await client.ask('RETR 3')).toMatch(/^-ERR/);
  client.hangUp();
});

test('retr says -ERR of what the webmail removed or moved meanwhile, and quit spares what was moved', async () => {
  const { name, id } = await mailbox(['a', 'b', 'c', 'd'].map(letter));
  const client = await dial(pop3.port);
  await client.login(name);
  for (const n of [1, 2]) await client.fetch(`RETR ${n}`);
  const drop = await pop3.store.messages.maildrop(id);
  const archive = await pop3.store.folders.byRole(id, 'archive');
  await pop3.store.messages.remove(id, [drop[2]!.id]);
  await pop3.store.messages.move(id, [drop[3]!.id], archive.id);
  await new Promise(resolve => setTimeout(resolve, 10));
  expect(await client.ask('RETR 3')).toMatch(/^-ERR/);
  expect(await client.ask('TOP 4 0')).toMatch(/^-ERR/);
  expect((await client.fetch('RETR 2')).toString()).toContain('Subject: b');
  expect(await client.ask('STAT')).toMatch(/^\+OK 4 /);
  for (const n of [2, 3, 4]) expect(await client.ask(`DELE ${n}`)).toMatch(/^\+OK/);
  expect(await client.ask('QUIT')).toMatch(/^\+OK/);
  expect((await pop3.store.messages.maildrop(id)).map(e => e.id)).toEqual([drop[0]!.id]);
  expect(await pop3.store.messages.get(id, drop[3]!.id)).toMatchObject({ folderId: archive.id });
});

test('quit answers -ERR and removes nothing when the store cannot', async () => {
  const full = () => Promise.reject(new StoreError('full', 'no room'));
  const store = { ...pop3.store, messages: { ...pop3.store.messages, removeDrops: full } };
  const other = await startPop3({ store });
  const { name, id } = await mailbox([letter('a')]);
  const client = await dial(other.port);
  await client.login(name);
  await client.ask('DELE 1');
  expect(await client.ask('QUIT')).toMatch(/^-ERR \[SYS\/TEMP\]/);
  expect(await pop3.store.messages.maildrop(id)).toHaveLength(1);
  const again = await dial(other.port);
  expect(await again.login(name)).toMatch(/^\+OK 1 /);
  await other.close(0);
});

test('quit tells which folders changed, after it is done', async () => {
  const changes: unknown[] = [];
  const other = await startPop3({ store: pop3.store, changed: list => changes.push(...list) });
  const { name, id } = await mailbox(['a', 'b'].map(letter));
  const client = await dial(other.port);
  await client.login(name);
  await client.ask('DELE 1');
  await client.ask('QUIT');
  const inbox = await pop3.store.folders.byRole(id, 'inbox');
  expect(changes).toEqual([{ accountId: id, folderId: inbox.id, modseq: inbox.modseq }]);
  await other.close(0);
});

test('retr answers -ERR with an id when the store cannot read, and goes on', async () => {
  let broken = true;
  const drops = (account: number, ids: number[]) =>
    broken ? Promise.reject(new Error('the disk is slow')) : pop3.store.messages.drops(account, ids);
  const other = await startPop3({ store: { ...pop3.store, messages: { ...pop3.store.messages, drops } } });
  const { name } = await mailbox([letter('a')]);
  const client = await dial(other.port);
  await client.login(name);
  expect(await client.ask('RETR 1')).toMatch(/^-ERR \[SYS\/TEMP\] It did not work just now \([a-z0-9]+\)$/);
  broken = false;
  expect((await client.fetch('RETR 1')).toString()).toContain('Subject: a');
  await other.close(0);
});

test('open keeps accounts without POP3 out, and says so', async () => {
  const { name, id } = await mailbox([]);
  await pop3.store.accounts.set(id, { pop3: false });
  const client = await dial(pop3.port);
  expect(await client.login(name)).toMatch(/^-ERR \[SYS\/PERM\] POP3 is not enabled/);
  client.hangUp();
});

test('a session ends with what opened it, and removes nothing', async () => {
  let later = 0;
  const other = await startPop3({ now: () => Date.now() + later });
  const { store, auth } = other;
  const { name, id } = await mailbox([letter('kept')], other);
  const ends: [string, () => Promise<unknown>][] = [
    ['NOOP', () => auth.setPassword(id, 'battery staple')],
    ['RETR 1', () => store.accounts.set(id, { pop3: false })],
    ['QUIT', () => store.accounts.set(id, { disabled: true })],
  ];
  for (const [command, change] of ends) {
    await auth.setPassword(id, password);
    await store.accounts.set(id, { pop3: true, disabled: false });
    const client = await dial(other.port);
    await client.login(name);
    await client.ask('DELE 1');
    later += 6_000;
    // What it was opened by is there still.
    expect(await client.ask('NOOP')).toMatch(/^\+OK/);
    await change();
    later += 6_000;
    expect(await client.ask(command)).toMatch(/^-ERR \[AUTH\] What opens this account has changed/);
    await expect(client.ask('NOOP')).rejects.toThrow();
  }
  await auth.setPassword(id, password);
  await store.accounts.set(id, { pop3: true, disabled: false });
  const client = await dial(other.port);
  expect(await client.login(name)).toMatch(/^\+OK 1 messages/);
  client.hangUp();
  await other.stop();
});

test('login ends a session that gets nowhere, and says [SYS/TEMP] of one that is throttled', async () => {
  const other = await startPop3();
  const { name } = await mailbox([], other);
  const said: string[] = [];
  for (let session = 0; session < 3; session++) {
    const client = await dial(other.port);
    for (let i = 0; i < 5; i++) {
      await client.ask(`USER ${name}`);
      said.push(await client.ask(`PASS guess ${session} ${i}`));
    }
    await expect(client.ask('NOOP')).rejects.toThrow();
  }
  expect(said.filter(s => s.startsWith('-ERR [AUTH]'))).toHaveLength(10);
  expect(said.filter(s => /^-ERR \[SYS\/TEMP\] .* \d+ seconds$/.test(s))).toHaveLength(5);
  await other.stop();
});

const clear = new URL('talk/pop3-clear.talk', import.meta.url).pathname;

test(sentenceOf(clear), async () => {
  const context = createSecureContext(localhost);
  const house = {
    ...pop3,
    log: silentLog(),
    now: () => 0,
    lock: () => () => {},
    context: () => context,
    changed: () => {},
  };
  const limits = { idle: 5000, login: 5000, errors: 10 };
  const server = createServer(
    { allowHalfOpen: true },
    socket => void startSession({ socket, peer: '192.0.2.1', tlsFirst: false }, house, limits, () => {}),
  );
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { name } = await mailbox([]);
  const plain = Buffer.from(`\0${name}\0${password}`).toString('base64');
  await playTalk(clear, {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    values: { name, password, plain },
  });
  server.close();
});

test('createPop3Server takes no more sessions than it may, of one peer and of all', async () => {
  const other = await startPop3({ store: pop3.store, limits: { perPeer: 3 } });
  const open = [await dial(other.port), await dial(other.port), await dial(other.port)];
  expect(other.sessions().pop3).toBe(3);
  const fourth = await dial(other.port);
  await expect(fourth.line()).rejects.toThrow('hung up');
  open[0]!.hangUp();
  await expect.poll(() => other.sessions().pop3).toBe(2);
  const fifth = await dial(other.port);
  expect(await fifth.ask('QUIT')).toMatch(/^\+OK/);
  await other.close(0);
  expect(other.sessions().pop3).toBe(0);
});

test('close ends idle sessions at once, and the others behind their command', async () => {
  const other = await startPop3();
  const { name } = await mailbox([Buffer.alloc(20_000_000, `${'x'.repeat(76)}\r\n`)], other);
  const idle = await dial(other.port);
  const busy = await dial(other.port);
  await busy.login(name);
  expect(await busy.ask('RETR 1')).toMatch(/^\+OK/);
  const closed = other.close(5000);
  await expect(idle.line()).rejects.toThrow('hung up');
  expect((await busy.body()).length).toBeGreaterThan(20_000_000);
  await closed;
  await other.store.close();
});

test('a maildrop of 100,000 messages opens, lists and names them for a second of work each', async () => {
  const drop = Array.from({ length: 100_000 }, (_, i) => ({ id: 1_000_000 + i, size: 4000 + i }));
  const messages = { ...pop3.store.messages, maildrop: async () => drop };
  const other = await startPop3({ store: { ...pop3.store, messages } });
  const { name } = await mailbox([]);
  const client = await dial(other.port);
  // With the client's own work in it.
  const cost = async (act: () => Promise<unknown>) => {
    const before = process.cpuUsage();
    await act();
    return cpuMillis(before);
  };
  expect(await cost(() => client.login(name))).toBeLessThan(1000);
  expect(await cost(() => client.fetch('LIST'))).toBeLessThan(1000);
  expect((await client.fetch('UIDL')).toString().endsWith('\r\n100000 1099999\r\n')).toBe(true);
  expect(await cost(() => client.ask('STAT'))).toBeLessThan(1000);
  await other.close(0);
});

test('run answers what came while the client would not read', async () => {
  const { name } = await mailbox([`Subject: x\r\n\r\n${`${'y'.repeat(76)}\r\n`.repeat(500)}`]);
  const client = await dial(pop3.port);
  await client.login(name);
  // Far more than the sockets hold, each command on its own.
  for (let i = 0; i < 400; i++) {
    client.send('RETR 1\r\n');
    await new Promise(resolve => setTimeout(resolve, 1));
  }
  for (let i = 0; i < 400; i++) {
    expect(await client.line()).toMatch(/^\+OK/);
    expect((await client.body()).length).toBeGreaterThan(39_000);
  }
  client.hangUp();
});

async function startChild(folder: string) {
  const script = new URL('pop3-child.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [script, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  const port = await new Promise<number>(resolve => child.stdout.once('data', text => resolve(Number(text))));
  const kill = () =>
    new Promise(resolve => {
      child.once('close', resolve);
      child.kill('SIGKILL');
    });
  return { child, port, kill };
}

test('quit removes for good before it says so, and nothing is removed without it, whenever the process is killed', async () => {
  const server = await startPop3();
  const { name, id } = await mailbox(['a', 'b', 'c'].map(letter), server);
  await server.stop(true);
  const counts: number[] = [];
  for (const quits of [false, true]) {
    const { port, kill } = await startChild(server.folder);
    const client = await dial(port);
    expect(await client.login(name)).toMatch(/^\+OK 3 /);
    for (const n of [1, 3]) await client.ask(`DELE ${n}`);
    if (quits) expect(await client.ask('QUIT')).toMatch(/^\+OK/);
    await kill();
    const after = await startPop3({ folder: server.folder });
    counts.push((await after.store.messages.maildrop(id)).length);
    await after.stop(true);
  }
  expect(counts).toEqual([3, 1]);
});

const rssOf = (pid: number) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;

test('retr streams 100 MB, waits for a client that does not read, and stays small', async () => {
  const server = await startPop3();
  const line = `${'QUJD'.repeat(19)}\r\n`;
  const content = Buffer.alloc(1_300_000 * line.length, line);
  const { name } = await mailbox([content], server);
  await server.stop(true);
  const { child, port, kill } = await startChild(server.folder);
  const client = await dial(port);
  await client.login(name);
  const before = rssOf(child.pid!);
  expect(await client.ask('RETR 1')).toBe(`+OK ${prefix.length + content.length} octets`);
  await new Promise(resolve => setTimeout(resolve, 500));
  expect(client.socket.bytesRead).toBeLessThan(content.length / 2);
  const waiting = rssOf(child.pid!);
  const start = performance.now();
  const got = await client.body();
  const took = performance.now() - start;
  expect(got.subarray(prefix.length).equals(content)).toBe(true);
  console.log(
    `${Math.round(took)} ms; RSS ${Math.round(before)}, ${Math.round(waiting)} while waiting, ${Math.round(rssOf(child.pid!))} MB after`,
  );
  expect(waiting).toBeLessThan(before + 60);
  expect(rssOf(child.pid!)).toBeLessThan(before + 100);
  await kill();
}, 180_000);

/** Real upstreams: Dovecot (Debian dovecot-pop3d) and mpopd (Debian mpop), each with a Maildir of its own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectPop3 } from '../fetcher/pop3-client.ts';
import { localhost } from './certificate.ts';
import { accountAt, type Door, openDoor, visit } from './fetch-door.ts';
import { pause } from './fetch-upstream.ts';
import { freePort } from './harness.ts';

const missing = (path: string) => !existsSync(path) && process.env.CI !== 'true';
const asRoot = userInfo().uid === 0;
/** Dovecot serves nobody's mail as root. */
const owner = asRoot ? { uid: 65534, gid: 65534 } : { uid: userInfo().uid, gid: userInfo().gid };

let folder: string;
let door: Door;
const running: ChildProcess[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'up-'));
  chmodSync(folder, 0o755);
  door = await openDoor();
});
afterEach(async () => {
  for (const child of running.splice(0)) {
    const ended = new Promise(resolve => child.once('exit', resolve));
    if (child.exitCode === null && child.kill('SIGTERM')) await ended;
  }
  await door.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Messages with what real ones have: dots, 8 bits, long lines, an end without a line end. */
const message = (i: number) =>
  `Received: by upstream id ${i}\r\nMessage-ID: <${i}@there>\r\nSubject: number ${i}\r\n\r\n.dot\r\n..\r\n\xe9${'x'.repeat(i % 3000)}\r\nend ${i}\r\n`;

function fillMaildir(path: string, count: number, from = 0): void {
  for (const name of ['', 'new', 'cur', 'tmp']) mkdirSync(join(path, name), { recursive: true });
  for (let i = from; i < from + count; i++) {
    const file = join(path, 'new', `${1_700_000_000 + i}.M${i}P1.upstream`);
    // Maildir has lines as the system writes them.
    writeFileSync(file, Buffer.from(message(i).replaceAll('\r\n', '\n'), 'latin1'));
    if (asRoot) chownSync(file, owner.uid, owner.gid);
  }
  if (asRoot) for (const name of ['', 'new', 'cur', 'tmp']) chownSync(join(path, name), owner.uid, owner.gid);
}

const left = (path: string) => ['new', 'cur'].flatMap(name => readdirSync(join(path, name))).length;

async function startDovecot(): Promise<number> {
  const port = await freePort();
  writeFileSync(join(folder, 'cert.pem'), localhost.cert);
  writeFileSync(join(folder, 'key.pem'), localhost.key);
  writeFileSync(join(folder, 'users'), `u:{PLAIN}secret:${owner.uid}:${owner.gid}::${folder}::\n`);
  const self = userInfo().username;
  const users = asRoot
    ? ''
    : `default_internal_user = ${self}\ndefault_internal_group = ${self}\ndefault_login_user = ${self}\n`;
  const config = `
protocols = pop3
listen = 127.0.0.1
base_dir = ${folder}/run
log_path = ${folder}/log
mail_location = maildir:${folder}/Maildir
first_valid_uid = 1
${users}
disable_plaintext_auth = no
ssl = yes
ssl_cert = <${folder}/cert.pem
ssl_key = <${folder}/key.pem
passdb {
  driver = passwd-file
  args = ${folder}/users
}
userdb {
  driver = passwd-file
  args = ${folder}/users
}
service pop3-login {
  chroot =
  inet_listener pop3 {
    port = ${port}
  }
  inet_listener pop3s {
    port = 0
  }
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
`;
  writeFileSync(join(folder, 'dovecot.conf'), config);
  running.push(spawn('/usr/sbin/dovecot', ['-F', '-c', join(folder, 'dovecot.conf')], { stdio: 'ignore' }));
  await listening(port);
  return port;
}

async function startMpopd(): Promise<number> {
  const port = await freePort();
  const args = ['--interface=127.0.0.1', `--port=${port}`, '--auth=u,echo secret', `--maildir=${folder}/Maildir`];
  running.push(spawn('/usr/bin/mpopd', args, { stdio: 'ignore' }));
  await listening(port);
  return port;
}

async function listening(port: number): Promise<void> {
  for (let i = 0; i < 200; i++) {
    const there = await new Promise<boolean>(resolve => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.on('close', () => {});
      setTimeout(() => socket.destroy(), 50);
    });
    if (there) return;
    await pause(50);
  }
  throw new Error(`nothing listens on ${port}`);
}

/** mpopd waits 40 ms for our kernel's ACK before each body, so it gets fewer. */
const upstreams: [name: string, binary: string, debian: string, start: () => Promise<number>, count: number][] = [
  ['Dovecot', '/usr/sbin/dovecot', 'dovecot-pop3d', startDovecot, 1000],
  ['mpopd', '/usr/bin/mpopd', 'mpop', startMpopd, 200],
];

for (const [name, binary, debian, start, count] of upstreams) {
  const maildir = () => join(folder, 'Maildir');
  describe.skipIf(missing(binary))(`fetchAccount and ${name} (package ${debian})`, () => {
    test(`fetchAccount takes ${count} messages from ${name} once, however often it asks`, {
      timeout: 120_000,
    }, async () => {
      fillMaildir(maildir(), count);
      const port = await start();
      const account = { after: { kind: 'keep', days: 0 } } as const;
      let bodies = 0;
      const connectCounting = async () => {
        const client = await connectPop3({ ...accountAt(port), timeout: 20_000 });
        const retr = (number: number) => {
          bodies++;
          return client.retr(number);
        };
        return { ...client, retr };
      };
      const counts: number[][] = [];
      for (let i = 0; i < 3; i++) {
        const result = await visit(door, port, { account, connect: connectCounting });
        expect(result.error).toBe(null);
        counts.push([result.fetched, result.left, bodies]);
      }
      expect(counts).toEqual([
        [count, count, count],
        [0, count, count],
        [0, count, count],
      ]);
      const inbox = await door.inbox('ann');
      expect(inbox.length).toBe(count);
      expect(new Set(inbox)).toEqual(new Set(Array.from({ length: count }, (_, i) => message(i))));
      fillMaildir(maildir(), 1, count);
      expect(await visit(door, port, { account, timeout: 20_000 })).toMatchObject({ fetched: 1, left: count + 1 });
    });

    test(`fetchAccount deletes at ${name} what it has taken`, { timeout: 180_000 }, async () => {
      fillMaildir(maildir(), 30);
      const port = await start();
      expect(await visit(door, port, { batch: 10, timeout: 20_000 })).toMatchObject({
        fetched: 30,
        deleted: 30,
        left: 0,
        error: null,
      });
      expect(left(maildir())).toBe(0);
      expect(await visit(door, port, { timeout: 20_000 })).toMatchObject({ fetched: 0, left: 0, error: null });
    });

    test(`fetchAccount says when ${name} does not know the password`, { timeout: 180_000 }, async () => {
      fillMaildir(maildir(), 1);
      const port = await start();
      expect(await visit(door, port, { account: { password: 'wrong' }, timeout: 20_000 })).toMatchObject({
        fetched: 0,
        failure: 'auth',
      });
      expect(left(maildir())).toBe(1);
    });
  });
}

describe.skipIf(missing('/usr/sbin/dovecot'))('fetchAccount and TLS of Dovecot (Debian package dovecot-pop3d)', () => {
  test('fetchAccount fetches under TLS that verifies, and not at all where it does not', {
    timeout: 180_000,
  }, async () => {
    fillMaildir(join(folder, 'Maildir'), 2);
    const port = await startDovecot();
    expect(await visit(door, port, { account: { tls: 'required' }, timeout: 20_000 })).toMatchObject({
      fetched: 0,
      failure: 'tls',
    });
    const connectSafely = () =>
      connectPop3({ ...accountAt(port), tls: 'required', ca: localhost.cert, timeout: 20_000 });
    expect(await visit(door, port, { connect: connectSafely })).toMatchObject({ fetched: 2, deleted: 2, error: null });
    const log = execFileSync('cat', [join(folder, 'log')], { encoding: 'utf8' });
    expect(log).toMatch(/Login: user=<u>.*TLS/);
  });
});

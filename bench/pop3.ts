/**
 * POP3 beside Dovecot with Maildir, on the same messages and the same machine: sign in, then RETR of 2,000
 * messages of 4 KB, one by one and pipelined by 50. It measures; it asserts nothing.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openStore } from '../daemon/store.ts';
import { freePort } from '../test/harness.ts';
import { addAccount, deliver, password } from '../test/pop3-house.ts';

/** Messages a second; `peer` null: it is not installed. */
export type Row = { what: string; ours: number; peer: number | null; peerName: string };

const messages = 2000;
const rounds = 5;
const peerName = 'Dovecot, Maildir';

export async function benchPop3(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'cwmail-bench-pop3-'));
  const ours = await startOurs(join(folder, 'ours'));
  const peer = existsSync('/usr/sbin/dovecot') ? await startDovecot(join(folder, 'dovecot')) : null;
  try {
    const rows: Row[] = [];
    for (const depth of [1, 50]) {
      const rates = await sideBySide([ours.port, ...(peer ? [peer.port] : [])], depth);
      const what = `POP3 sign-in and RETR of ${messages} messages of 4 KB, ${depth === 1 ? 'one by one' : `by ${depth}`}`;
      rows.push({ what, ours: rates[0]!, peer: rates[1] ?? null, peerName });
    }
    return rows;
  } finally {
    await stopped(ours.child);
    if (peer) await stopped(peer.child);
    rmSync(folder, { recursive: true });
  }
}

const body = `${'The quick brown fox jumps over the lazy dog, and the dog lets it be.\r\n'.repeat(57)}`;
const content = (i: number) =>
  `From: a@example.net\r\nTo: bench@example.org\r\nSubject: message ${i}\r\nMessage-ID: <${i}@example.net>\r\n\r\n${body}`;

async function startOurs(folder: string) {
  const store = await openStore({
    path: folder,
    writer: 'inline',
    fatal: error => {
      throw error;
    },
  });
  const id = await addAccount(store, 'bench');
  for (let i = 0; i < messages; i += 50)
    await Promise.all(Array.from({ length: 50 }, (_, k) => deliver(store, id, content(i + k))));
  await store.close();
  const script = new URL('../test/pop3-child.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [script, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  const port = await new Promise<number>(resolve => child.stdout!.once('data', text => resolve(Number(text))));
  return { port, child };
}

async function startDovecot(folder: string) {
  const port = await freePort();
  const maildir = join(folder, 'bench/Maildir');
  for (const part of ['new', 'cur', 'tmp']) mkdirSync(join(maildir, part), { recursive: true });
  for (let i = 0; i < messages; i++)
    writeFileSync(join(maildir, 'new', `${1_700_000_000 + i}.M${i}.bench`), content(i).replaceAll('\r\n', '\n'));
  writeFileSync(join(folder, 'users'), `bench:{PLAIN}${password}\n`);
  writeFileSync(join(folder, 'dovecot.conf'), dovecotConf(folder, port));
  // The mail is nobody's, as Dovecot will not serve root's.
  for (const command of [
    ['chown', '-R', 'nobody:nogroup', join(folder, 'bench')],
    ['chmod', 'a+rx', folder, join(folder, '..')],
  ])
    await new Promise(resolve => spawn(command[0]!, command.slice(1)).once('close', resolve));
  const child = spawn('/usr/sbin/dovecot', ['-F', '-c', join(folder, 'dovecot.conf')], { stdio: 'inherit' });
  for (let i = 0; i < 50 && !(await answers(port)); i++) await pause(100);
  return { port, child };
}

const dovecotConf = (folder: string, port: number) => `
protocols = pop3
listen = 127.0.0.1
base_dir = ${folder}/run
state_dir = ${folder}/run
log_path = ${folder}/log
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain
auth_username_format = %Ln
mail_location = maildir:${folder}/bench/Maildir
first_valid_uid = 1
passdb {
  driver = passwd-file
  args = ${folder}/users
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=${folder}/bench
}
service pop3-login {
  inet_listener pop3 {
    port = ${port}
  }
  inet_listener pop3s {
    port = 0
  }
}
`;

/** Messages a second of each, the sign-in counted: a lean client, since one in JavaScript takes longer than any server. */
async function sideBySide(ports: number[], depth: number): Promise<number[]> {
  const script = new URL('pop3-client.py', import.meta.url).pathname;
  const args = [script, password, ...[depth, messages, rounds, ...ports].map(String)];
  const { stdout } = await promisify(execFile)('python3', args);
  return stdout.trim().split('\n').map(Number);
}

function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => resolve(true)).once('error', () => resolve(false));
    socket.once('data', () => socket.destroy());
  });
}

const pause = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms));

async function stopped(child: ChildProcess): Promise<void> {
  const gone = new Promise(resolve => child.once('close', resolve));
  child.kill('SIGTERM');
  await gone;
}

if (import.meta.main)
  for (const { what, ours, peer } of await benchPop3())
    console.log(
      `${what}: ${Math.round(ours)}/s, ${peerName} ${peer === null ? 'not installed' : `${Math.round(peer)}/s, ratio ${(ours / peer).toFixed(2)}`}`,
    );

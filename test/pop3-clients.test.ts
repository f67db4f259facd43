import { execFile } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { localhost } from './certificate.ts';
import { addAccount, deliver, password, prefix, startPop3 } from './pop3-house.ts';

/** Real clients: each fetches twice and leaves the mail where it is, so the second time must bring nothing. */

/** getmail delivers nothing as root. */
const asRoot = process.getuid?.() === 0;
const count = 60;
const contents = Array.from({ length: count }, (_, i) => letter(i));
let pop3: Awaited<ReturnType<typeof startPop3>>;
let folder: string;

/** With all that a client can get wrong: dots, 8-bit, empty lines at the end, long lines, no body. */
function letter(i: number): Buffer {
  const bodies = [
    '.\r\n..\r\n.x\r\n',
    'caf\u00e9 \u{1f600}\r\n',
    '\r\n\r\n\r\n',
    `${'x'.repeat(990)}\r\n`,
    'x\r\n'.repeat(20_000),
    '',
  ];
  const header = [
    'From: a@example.net',
    'To: x@example.org',
    `Subject: letter ${i}`,
    `Message-ID: <letter${i}@example.net>`,
  ];
  return Buffer.from(`${header.join('\r\n')}\r\n\r\n${bodies[i % bodies.length]}`);
}

beforeAll(async () => {
  pop3 = await startPop3();
  folder = mkdtempSync(join(tmpdir(), 'cwmail-clients-'));
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, 'ca.pem'), localhost.cert);
});
afterAll(async () => {
  await pop3.stop();
  rmSync(folder, { recursive: true });
});

async function mailbox(name: string): Promise<string> {
  const id = await addAccount(pop3.store, name);
  for (const content of contents) await deliver(pop3.store, id, content);
  mkdirSync(join(folder, name));
  return join(folder, name);
}

type Ran = { code: number; out: string; err: string };

function run(command: string, args: string[], env: Record<string, string> = {}): Promise<Ran> {
  return new Promise(resolve => {
    const options = {
      env: { ...process.env, ...env },
      encoding: 'latin1' as const,
      maxBuffer: 100_000_000,
      timeout: 30_000,
    };
    execFile(command, args, options, (error, out, err) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, out, err }),
    );
  });
}

const has = (program: string): boolean => {
  const there = (process.env.PATH ?? '').split(':').some(p => existsSync(join(p, program)));
  if (!there && process.env.CI === 'true') throw new Error(`${program} must be installed where the whole suite runs`);
  return there;
};

/** Runs only where the Debian package is installed; where the whole suite must run, its absence is a failure. */
const withClient = (program: string, packageName: string, name: string, act: () => Promise<void>) =>
  has(program) ? test(name, act, 60_000) : test.skip(`${name} (needs the package ${packageName})`, () => {});

/** What came, as one text a message, without the lines the client adds in front and with LF as files have them. */
const bare = (text: string) => text.replaceAll('\r\n', '\n').slice(text.search(/Return-Path: <s@example/));
const wanted = contents.map(c => (prefix + c.toString('latin1')).replaceAll('\r\n', '\n'));

function delivered(maildir: string): string[] {
  return readdirSync(join(maildir, 'new')).map(f => bare(readFileSync(join(maildir, 'new', f), 'latin1')));
}

withClient('python3', 'python3', 'poplib fetches every octet, and sees the same ids the next time', async () => {
  await mailbox('python');
  const script = `
import poplib, ssl, sys, hashlib
def session(tls):
    p = poplib.POP3('127.0.0.1', ${pop3.port}, timeout=20)
    if tls:
        c = ssl.create_default_context(cafile=sys.argv[1]); c.check_hostname = False
        p.stls(c)
    caps = p.capa()
    p.user('python'); p.pass_('${password}')
    n, octets = p.stat()
    ids = p.uidl()[1]
    total = 0
    digest = hashlib.sha256()
    for i in range(1, n + 1):
        resp, lines, size = p.retr(i)
        body = b''.join(l + b'\\r\\n' for l in lines)
        assert len(body) == int(p.list(i).split()[2]), i
        total += len(body); digest.update(body)
    assert total == octets, (total, octets)
    p.top(1, 1); p.noop(); p.quit()
    print(n, len(ids), digest.hexdigest(), 'STLS' in caps)
session(False)
session(True)
`;
  const { out, err } = await run('python3', ['-c', script, join(folder, 'ca.pem')]);
  const [first, second] = out.trim().split('\n');
  expect([err, first]).toEqual(['', expect.stringMatching(/^60 60 [0-9a-f]{64} True$/)]);
  expect(second).toBe(first!.replace('True', 'False'));
});

withClient('curl', 'curl', 'curl lists and fetches, in the clear and under TLS', async () => {
  await mailbox('curler');
  const url = `pop3://127.0.0.1:${pop3.port}`;
  const login = ['-sS', '--user', `curler:${password}`];
  const tls = ['--ssl-reqd', '--cacert', join(folder, 'ca.pem'), '--resolve', `localhost:${pop3.port}:127.0.0.1`];
  for (const more of [[], ['--login-options', 'AUTH=PLAIN']]) {
    const list = await run('curl', [...login, ...more, `${url}/`]);
    expect([list.err, list.out.trim().split('\r\n')]).toEqual(['', expect.objectContaining({ length: count })]);
  }
  for (const n of [1, 2, 5]) {
    const got = await run('curl', [...login, ...tls, `pop3://localhost:${pop3.port}/${n}`]);
    expect([got.err, got.out.replaceAll('\r\n', '\n')]).toEqual(['', wanted[n - 1]]);
  }
  expect((await run('curl', ['-sS', '--user', 'curler:wrong one', `${url}/`])).code).toBe(67);
});

withClient('mpop', 'mpop', 'mpop pipelines, delivers every message once and none the second time', async () => {
  const home = await mailbox('mpop');
  for (const part of ['new', 'cur', 'tmp']) mkdirSync(join(home, 'md', part), { recursive: true });
  const conf = `account a\nhost 127.0.0.1\nport ${pop3.port}\nuser mpop\npassword "${password}"\ntls on\ntls_starttls on
tls_certcheck off\nauth plain\nkeep on\npipelining on\nreceived_header off\ndelivery maildir ${home}/md\nuidls_file ${home}/uidls\n`;
  writeFileSync(join(home, 'rc'), conf, { mode: 0o600 });
  for (let i = 0; i < 2; i++) {
    const ran = await run('mpop', ['-C', join(home, 'rc'), 'a'], { HOME: home });
    expect([ran.code, ran.err]).toEqual([0, '']);
    expect(delivered(join(home, 'md')).sort()).toEqual(wanted.toSorted());
  }
});

withClient('getmail', 'getmail6', 'getmail delivers every message once and none the second time', async () => {
  const home = await mailbox('getmail');
  for (const part of ['new', 'cur', 'tmp']) mkdirSync(join(home, 'md', part), { recursive: true });
  const conf = `[retriever]\ntype = SimplePOP3Retriever\nserver = 127.0.0.1\nport = ${pop3.port}\nusername = getmail\npassword = ${password}
[destination]\ntype = Maildir\npath = ${home}/md/\n${asRoot ? 'user = nobody\n' : ''}[options]\nread_all = false\ndelete = false\ndelivered_to = false\nreceived = false\n`;
  writeFileSync(join(home, 'rc'), conf);
  if (asRoot) await run('chown', ['-R', 'nobody:nogroup', home]);
  for (let i = 0; i < 2; i++) {
    const ran = await run('getmail', ['--getmaildir', home, '--rcfile', join(home, 'rc')], { HOME: home });
    expect([ran.code, ran.err, ran.out]).toEqual([0, '', expect.stringContaining(`${i === 0 ? count : 0} messages`)]);
    expect(delivered(join(home, 'md')).sort()).toEqual(wanted.toSorted());
  }
});

withClient('fetchmail', 'fetchmail', 'fetchmail delivers every message once and none the second time', async () => {
  const home = await mailbox('fetchmail');
  const mda = join(home, 'mda');
  mkdirSync(join(home, 'md/new'), { recursive: true });
  writeFileSync(mda, `#!/bin/sh\nf=$(mktemp ${home}/md/tmp.XXXXXX) && cat > "$f" && mv "$f" ${home}/md/new/\n`, {
    mode: 0o755,
  });
  const conf = `poll 127.0.0.1 service ${pop3.port} protocol pop3 uidl username "fetchmail" password "${password}" is root here keep nofetchall sslproto '' mda "${mda}"\n`;
  writeFileSync(join(home, 'rc'), conf, { mode: 0o600 });
  const args = [
    '-f',
    join(home, 'rc'),
    '-i',
    join(home, 'ids'),
    '--pidfile',
    join(home, 'pid'),
    '--invisible',
    '--nosyslog',
    '-d0',
  ];
  for (let i = 0; i < 2; i++) {
    const ran = await run('fetchmail', args, { HOME: home, FETCHMAILHOME: home });
    // 1: there was no new mail.
    expect([ran.code, ran.err.replace('fetchmail: WARNING: Running as root is discouraged.\n', '')]).toEqual([i, '']);
    expect(delivered(join(home, 'md'))).toHaveLength(count);
  }
  const subjects = delivered(join(home, 'md')).map(m => /^Subject: (.*)$/m.exec(m)?.[1]);
  expect(new Set(subjects).size).toBe(count);
});

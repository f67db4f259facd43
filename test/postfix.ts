import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmod, chown, copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localhost } from './certificate.ts';
import { freePort, until } from './harness.ts';

/** The package postfix: its programs, and root, which its master needs to start. */
export const hasPostfix = spawnSync('postconf', ['-d', 'mail_version']).status === 0 && process.getuid?.() === 0;
if (!hasPostfix && process.env.CI === 'true') throw new Error('the package postfix (and root) is missing');

const answers = (port: number) =>
  new Promise<boolean>(resolve => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => resolve(false));
    // A sink may be told to hang up before it says a word.
    for (const event of ['data', 'end'])
      socket.on(event, () => {
        socket.destroy();
        resolve(true);
      });
  });

export type Peer = {
  port: number /** What it took, in any order. */;
  taken(): Promise<Buffer[]>;
  close(): Promise<void>;
  /** Where it files what it took. */
  folder: string;
};

async function filesOf(folder: string): Promise<Buffer[]> {
  const names = await readdir(folder).catch(() => []);
  return Promise.all(names.map(name => readFile(join(folder, name))));
}

/** Postfix's own test sink; `flags` as in smtp-sink(1). */
export async function smtpSink(...flags: string[]): Promise<Peer> {
  const folder = await mkdtemp(join(tmpdir(), 'cwmail-sink-'));
  await chmod(folder, 0o777);
  const port = await freePort();
  const sink: ChildProcess = spawn(
    'smtp-sink',
    [...flags, '-u', 'nobody', '-d', join(folder, 'x.'), `127.0.0.1:${port}`, '10'],
    {
      stdio: 'ignore',
    },
  );
  await until('smtp-sink listens', () => answers(port));
  return {
    port,
    folder,
    taken: () => filesOf(folder),
    async close() {
      sink.kill();
      await rm(folder, { recursive: true });
    },
  };
}

/**
 * A Postfix of its own on loopback: takes mail for any@pf.test into one Maildir, refuses nobody@pf.test, offers STARTTLS.
 * `more`: further lines of main.cf.
 */
export async function startPostfix(more = ''): Promise<Peer & { conf: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'cwmail-postfix-'));
  const at = (name: string) => join(folder, name);
  for (const name of ['conf', 'queue', 'data', 'mail']) await mkdir(at(name));
  await chmod(folder, 0o755);
  const port = await freePort();
  const id = (user: string, flag: string) => Number(execFileSync('id', [flag, user]).toString());
  await chown(at('data'), id('postfix', '-u'), 0);
  await chown(at('mail'), id('nobody', '-u'), 0);
  await writeFile(at('conf/tls.pem'), `${localhost.key}\n${localhost.cert}\n`);
  await writeFile(at('conf/main.cf'), main(folder, id('nobody', '-u'), id('nobody', '-g')) + more);
  const services = await readFile('/etc/postfix/master.cf', 'utf8').catch(() => '');
  // No chroot: the folder has no copy of the system's files.
  const master = services
    .replace(/^smtp +inet.*/m, `${port} inet n - n - - smtpd`)
    .replace(/^(\S+ +unix +\S+ +\S+ +)y/gm, '$1n');
  await writeFile(at('conf/master.cf'), master);
  await copyFile('/etc/postfix/dynamicmaps.cf', at('conf/dynamicmaps.cf'));
  execFileSync('postfix', ['-c', at('conf'), 'start'], { stdio: 'ignore' });
  await until('Postfix listens', () => answers(port));
  return {
    port,
    folder: at('mail/box/new'),
    conf: at('conf'),
    taken: () => filesOf(at('mail/box/new')),
    async close() {
      execFileSync('postfix', ['-c', at('conf'), 'stop'], { stdio: 'ignore' });
      await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

const main = (folder: string, uid: number, gid: number) => `
compatibility_level = 3.6
queue_directory = ${folder}/queue
data_directory = ${folder}/data
mail_owner = postfix
setgid_group = postdrop
myhostname = pf.test
mydestination =
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
virtual_mailbox_domains = pf.test
virtual_mailbox_base = ${folder}/mail
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:${uid}
virtual_gid_maps = static:${gid}
smtpd_recipient_restrictions = check_recipient_access inline:{nobody@pf.test=REJECT}, reject_unauth_destination
smtpd_tls_security_level = may
smtpd_tls_chain_files = ${folder}/conf/tls.pem
smtpd_tls_received_header = yes
notify_classes =
maillog_file = ${folder}/data/log
maillog_file_prefixes = ${folder}
`;

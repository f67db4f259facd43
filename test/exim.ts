import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, chown, copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, until } from './harness.ts';

/**
 * Exim beside Postfix: the packages exclude each other, so `.ci/run` unpacks exim4-daemon-light into this folder
 * instead of installing it.
 */
const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cwmail-test/exim4');
const program = join(folder, 'usr/sbin/exim4');

export const hasExim = existsSync(program) && process.getuid?.() === 0;
if (!hasExim && process.env.CI === 'true') throw new Error('the package exim4-daemon-light (and root) is missing');

export type Exim = { port: number /** Messages as filed. */; taken(): Promise<Buffer[]>; close(): Promise<void> };

const nobody = 65534;

/** Takes mail for any@ex.test into one Maildir, refuses nobody@, puts busy@ off; `more`: lines of the main section. */
export async function startExim(more = ''): Promise<Exim> {
  const home = await mkdtemp(join(tmpdir(), 'cwmail-exim-'));
  const at = (name: string) => join(home, name);
  await chmod(home, 0o755);
  for (const name of ['spool', 'mail']) {
    await mkdir(at(name));
    await chown(at(name), nobody, nobody);
  }
  // It runs itself again as nobody, who may not look into the cache of root.
  await copyFile(program, at('exim4'));
  const [port] = await freePorts(1);
  await writeFile(at('conf'), configuration(home, more), { mode: 0o644 });
  const args = ['-C', at('conf'), '-bdf', '-oX', `127.0.0.1.${port}`];
  const daemon: ChildProcess = spawn(at('exim4'), args, { stdio: 'ignore' });
  await until('Exim listens', () => answers(port!));
  return {
    port: port!,
    async taken() {
      const names = await readdir(at('mail/new')).catch(() => []);
      return Promise.all(names.map(name => readFile(join(at('mail/new'), name))));
    },
    async close() {
      daemon.kill();
      await new Promise(resolve => daemon.once('exit', resolve));
      await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

const answers = (port: number) =>
  new Promise<boolean>(resolve => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => resolve(false));
    socket.on('data', () => {
      socket.destroy();
      resolve(true);
    });
  });

const configuration = (home: string, more: string): string => `
exim_path = ${home}/exim4
deliver_drop_privilege
exim_user = nobody
exim_group = nogroup
never_users =
spool_directory = ${home}/spool
log_file_path = ${home}/spool/%slog
pid_file_path = ${home}/spool/pid
primary_hostname = ex.test
domainlist local_domains = ex.test
acl_smtp_rcpt = rcpt
keep_environment =
tls_advertise_hosts =
${more}
begin acl
rcpt:
  deny local_parts = nobody
       message = No such user
  defer local_parts = busy
       message = Try later
  accept domains = +local_domains
  deny message = No relay
begin routers
here:
  driver = accept
  domains = +local_domains
  transport = file
drop:
  driver = redirect
  data = :blackhole:
begin transports
file:
  driver = appendfile
  directory = ${home}/mail
  maildir_format
  user = nobody
  group = nogroup
`;

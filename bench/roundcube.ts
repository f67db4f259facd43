/** Roundcube as Debian packages it, in a folder of its own: nginx, PHP-FPM, Dovecot with the letters in a Maildir. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../test/harness.ts';

export type Page = 'Inbox' | 'Message' | 'Search';

export type Peer = {
  port: number;
  origin: string;
  signedIn(password: string): Promise<string>;
  visits(
    page: Page,
    clients: number,
    password: string,
  ): Promise<{ headers: Record<string, string>; visits: string[][] }[]>;
  stop(): Promise<void>;
};

const site = '/var/lib/roundcube/public_html';

export async function roundcube(letters: string[]): Promise<Peer> {
  const folder = mkdtempSync(join(tmpdir(), 'cwmail-bench-roundcube-'));
  const [imap, http] = (await freePorts(2)) as [number, number];
  fillMaildir(join(folder, 'mail/bench/Maildir'), letters);
  configure(folder, imap, http);
  // Dovecot serves no mail of root's, and PHP runs as nobody too.
  execFileSync('chown', ['-R', 'nobody:nogroup', join(folder, 'mail'), join(folder, 'state'), join(folder, 'config')]);
  execFileSync('chmod', ['a+rx', folder]);
  const children = [
    spawn('/usr/sbin/dovecot', ['-F', '-c', join(folder, 'dovecot.conf')], { stdio: 'inherit', detached: true }),
    spawn('/usr/sbin/php-fpm8.2', ['-F', '-y', join(folder, 'fpm.conf')], { stdio: 'ignore', detached: true }),
    spawn('/usr/sbin/nginx', ['-c', join(folder, 'nginx.conf')], { stdio: 'inherit', detached: true }),
  ];
  for (const port of [imap, http]) await untilAnswers(port);
  const origin = `http://127.0.0.1:${http}`;
  return {
    port: http,
    origin,
    signedIn: async password => (await signIn(origin, password)).cookie,
    async visits(page, clients, password) {
      const all = [];
      // One after the other: the first sign-in makes the user's row, which no other may do meanwhile.
      for (let i = 0; i < clients; i++) all.push(await visitsOf(origin, page, password, letters.length));
      return all;
    },
    async stop() {
      await Promise.all(children.map(ended));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Each with a session of its own; the calls are those its own pages make. */
async function visitsOf(origin: string, page: Page, password: string, count: number) {
  const { cookie, token } = await signIn(origin, password);
  const headers = {
    cookie,
    'accept-encoding': 'gzip',
    'x-requested-with': 'XMLHttpRequest',
    'x-roundcube-request': token,
  };
  const list = '/?_task=mail&_action=list&_layout=widescreen&_mbox=INBOX&_remote=1&_unlock=loading1';
  const search =
    '/?_task=mail&_action=search&_interval=&_q=quarterly&_headers=subject%2Cfrom&_layout=widescreen&_filter=ALL&_scope=base&_mbox=INBOX&_remote=1&_unlock=loading1';
  const message = (uid: number) => `/?_task=mail&_caps=pdf%3D1&_uid=${uid}&_mbox=INBOX&_framed=1&_action=preview`;
  const visits = {
    Inbox: [['/?_task=mail&_mbox=INBOX', list]],
    Message: Array.from({ length: 50 }, (_, i) => [message(count - i)]),
    Search: [[search]],
  };
  return { headers, visits: visits[page] };
}

async function signIn(origin: string, password: string): Promise<{ cookie: string; token: string }> {
  const first = await fetch(`${origin}/?_task=login`);
  const jar = new Map<string, string>();
  const keep = (answer: Response) => {
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      jar.set(name, value);
    }
  };
  const cookie = () => [...jar].map(([k, v]) => `${k}=${v}`).join('; ');
  keep(first);
  const [, login = ''] = /name="_token" value="([^"]+)"/.exec(await first.text()) ?? [];
  const body = new URLSearchParams({
    _task: 'login',
    _action: 'login',
    _token: login,
    _user: 'bench',
    _pass: password,
  });
  const form = { method: 'POST', redirect: 'manual', body, headers: { cookie: cookie() } } as const;
  const entered = await fetch(`${origin}/?_task=login`, form);
  keep(entered);
  if (entered.status !== 302) throw new Error(`Roundcube's sign-in answered ${entered.status}`);
  const page = await (await fetch(`${origin}/?_task=mail`, { headers: { cookie: cookie() } })).text();
  const [, token = ''] = /"request_token":"([^"]+)"/.exec(page) ?? [];
  return { cookie: cookie(), token };
}

function fillMaildir(path: string, letters: string[]): void {
  for (const part of ['new', 'cur', 'tmp']) mkdirSync(join(path, part), { recursive: true });
  for (const [i, letter] of letters.entries())
    writeFileSync(join(path, 'new', `${1_750_000_000 + i}.M${i}.bench`), letter.replaceAll('\r\n', '\n'));
}

function configure(folder: string, imap: number, http: number): void {
  for (const part of ['config', 'state/temp', 'state/logs', 'state/sessions', 'nginx'])
    mkdirSync(join(folder, part), { recursive: true });
  cpSync('/etc/roundcube', join(folder, 'config'), { recursive: true, dereference: true });
  const database = join(folder, 'state/roundcube.db');
  const schema = '/usr/share/roundcube/SQL/sqlite.initial.sql';
  execFileSync('php', ['-r', `(new PDO('sqlite:${database}'))->exec(file_get_contents('${schema}'));`]);
  writeFileSync(join(folder, 'config/config.inc.php'), config(folder, imap));
  writeFileSync(join(folder, 'fpm.conf'), fpm(folder));
  writeFileSync(join(folder, 'nginx.conf'), nginx(folder, http));
  writeFileSync(join(folder, 'users'), 'bench:{PLAIN}correct horse 1\n');
  writeFileSync(join(folder, 'dovecot.conf'), dovecot(folder, imap));
}

const config = (folder: string, imap: number) => `<?php
$config = [];
$config['db_dsnw'] = 'sqlite:///${folder}/state/roundcube.db?mode=0640';
$config['imap_host'] = '127.0.0.1:${imap}';
$config['des_key'] = 'rcmail-!24ByteDESkey*Str';
$config['session_storage'] = 'php';
$config['plugins'] = [];
$config['skin'] = 'elastic';
$config['temp_dir'] = '${folder}/state/temp';
$config['log_dir'] = '${folder}/state/logs';
$config['ip_check'] = false;
$config['login_rate_limit'] = 1000;
`;

const fpm = (folder: string) => `[global]
error_log = ${folder}/fpm.log
[www]
user = nobody
group = nogroup
listen = ${folder}/fpm.sock
listen.mode = 0666
pm = static
pm.max_children = 8
env[ROUNDCUBE_CONFIG_DIR] = ${folder}/config
php_admin_value[session.save_path] = ${folder}/state/sessions
php_admin_value[opcache.enable] = 1
`;

const nginx = (folder: string, http: number) => `daemon off;
user nobody nogroup;
worker_processes 2;
pid ${folder}/nginx.pid;
error_log ${folder}/nginx.log;
events { worker_connections 256; }
http {
  include /etc/nginx/mime.types;
  access_log off;
  gzip on;
  gzip_types text/css application/javascript application/json text/plain;
  client_body_temp_path ${folder}/nginx; proxy_temp_path ${folder}/nginx; fastcgi_temp_path ${folder}/nginx;
  uwsgi_temp_path ${folder}/nginx; scgi_temp_path ${folder}/nginx;
  server {
    listen 127.0.0.1:${http};
    root ${site};
    index index.php;
    location ~ \\.php$ {
      include /etc/nginx/fastcgi_params;
      fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
      fastcgi_pass unix:${folder}/fpm.sock;
    }
  }
}
`;

const dovecot = (folder: string, port: number) => `
protocols = imap
listen = 127.0.0.1
base_dir = ${folder}/run
state_dir = ${folder}/run
log_path = ${folder}/dovecot.log
ssl = no
disable_plaintext_auth = no
mail_max_userip_connections = 100
mail_location = maildir:${folder}/mail/bench/Maildir
first_valid_uid = 1
passdb {
  driver = passwd-file
  args = ${folder}/users
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=${folder}/mail/bench
}
service imap-login {
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = 0
  }
}
`;

async function untilAnswers(port: number): Promise<void> {
  for (let i = 0; i < 100; i++) {
    const up = await new Promise<boolean>(resolve => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (up) return;
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  throw new Error(`nothing listens on ${port}`);
}

const ended = (child: ChildProcess) =>
  new Promise<void>(resolve => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });

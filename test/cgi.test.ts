import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveCgi } from '../web/cgi.ts';
import { chromiumCommand, launchChromium } from './browser.ts';
import { freePort, type House, hasCommand, launcher, startHouse, testWith, until } from './harness.ts';

const password = 'correct horse battery';
const folder = mkdtempSync(join(tmpdir(), 'cgi-'));
const socket = join(folder, 'cgi.sock');
const script = join(folder, 'webmail.cgi');

let house: House;
beforeAll(async () => {
  writeFileSync(script, `#!/bin/sh\nexec ${launcher} cgi ${socket}\n`);
  chmodSync(script, 0o755);
  house = await startHouse({ set: { cgi_socket: socket, base_path: '/webmail' } });
  await house.addUser('ann@localhost', password);
  return () => house.remove();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the program says to the web server for a request of these meta-variables. */
async function answer(env: Record<string, string>, at = socket, body = ''): Promise<{ said: string; log: string }> {
  const input = new PassThrough();
  input.end(body);
  const output = new PassThrough();
  const said = text(output);
  let log = '';
  const asked = {
    REQUEST_METHOD: 'GET',
    SCRIPT_NAME: '/webmail',
    REMOTE_ADDR: '127.0.0.1',
    HTTP_HOST: 'x.test',
    ...env,
  };
  await serveCgi({ socket: at, env: asked, input, output, complain: line => (log += line) });
  return { said: await said, log };
}

describe('one request', () => {
  test('is answered as CGI wants it', async () => {
    const { said } = await answer({ PATH_INFO: '/login', QUERY_STRING: 'out' });
    expect(said).toMatch(/^Status: 200 OK\r\n/);
    expect(said).toMatch(/\r\ncontent-type: text\/html; charset=UTF-8\r\n/i);
    expect(said).not.toMatch(/transfer-encoding|^connection:/im);
    expect(said).toContain('action="/webmail/login"');
  });

  const signIn = (REMOTE_ADDR: string, secret: string) => {
    const body = new URLSearchParams({ username: 'ann', password: secret }).toString();
    const form = { CONTENT_TYPE: 'application/x-www-form-urlencoded', CONTENT_LENGTH: String(body.length) };
    const way = { REMOTE_ADDR, HTTPS: 'on', HTTP_ORIGIN: 'https://x.test' };
    return answer({ REQUEST_METHOD: 'POST', PATH_INFO: '/login', ...form, ...way }, socket, body);
  };

  test('of a form signs in', async () => {
    const { said } = await signIn('192.0.2.7', password);
    expect(said).toMatch(/^Status: 303 See Other\r\n/);
    expect(said).toMatch(/\r\nlocation: \/webmail\/mail\/inbox\r\n/i);
  });

  test('for events ends at once, and has the browser ask again', async () => {
    const { said: entered } = await signIn('192.0.2.7', password);
    const [, HTTP_COOKIE = ''] = /set-cookie: (session-webmail=[^;]+)/i.exec(entered) ?? [];
    const { said } = await answer({ PATH_INFO: '/events', QUERY_STRING: 'since=0', HTTP_COOKIE });
    expect(said).toMatch(/^Status: 200 OK\r\n[\s\S]*\r\n\r\nevent: changed\n[\s\S]*\n\nretry: 30000\n\n$/);
  });

  test('comes from where the web server says', async () => {
    let said = '';
    for (let i = 0; i < 60 && !said.startsWith('Status: 429'); i++)
      ({ said } = await signIn('192.0.2.66', `wrong ${i}`));
    expect(said).toMatch(/^Status: 429 /);
    expect((await signIn('192.0.2.8', password)).said).toMatch(/^Status: 303 /);
  });

  test.each([
    ['plain HTTP from afar', { REMOTE_ADDR: '192.0.2.7' }, 403],
    ['HTTPS from afar', { REMOTE_ADDR: '192.0.2.7', HTTPS: 'on' }, 200],
    ['plain HTTP on this machine', { REMOTE_ADDR: '127.0.0.1' }, 200],
    ['plain HTTP by a proxy on this machine', { HTTP_X_FORWARDED_FOR: '192.0.2.7' }, 403],
    ['a header that claims HTTPS', { REMOTE_ADDR: '192.0.2.7', HTTP_X_FORWARDED_PROTO: 'https' }, 403],
  ])('for a password over %s', async (_, env, status) => {
    const { said } = await answer({ PATH_INFO: '/login', ...env });
    expect(said).toMatch(new RegExp(`^Status: ${status} `));
  });

  test('is not found beside the site, and in its odd spellings', async () => {
    for (const [SCRIPT_NAME, PATH_INFO] of [
      ['/cgi-bin/other', '/login'],
      ['/webmail', '/mail/in box?x'],
      ['/webmail', '/mail/ä\r\nX: y'],
    ] as const)
      expect((await answer({ SCRIPT_NAME, PATH_INFO })).said).toMatch(/^Status: (404|303) /);
  });

  test('is 503 where no site runs, and the error log says what to do', async () => {
    const { said, log } = await answer({}, join(folder, 'none.sock'));
    expect(said).toMatch(/^Status: 503 Service Unavailable\r\n/);
    expect(said).not.toContain(folder);
    expect(log).toMatch(/no site answers at .*none\.sock: .*ENOENT.* Is cwmail running, with cgi_socket\?\n$/);
  });
});

test('the socket is open to the group of its folder and to nobody else', () => {
  expect(statSync(socket).mode & 0o777).toBe(0o660);
  expect(statSync(socket).gid).toBe(statSync(folder).gid);
});

test('cwmail cgi without a socket says what is missing', () => {
  expect(() => execFileSync(launcher, ['cgi'], { stdio: 'pipe' })).toThrow(
    /SOCKET is missing; it is: cwmail cgi SOCKET/,
  );
});

/** A web server on a port, as its package comes, with the script at /webmail. */
const servers: Record<string, (port: number) => [command: string, args: string[]]> = {
  lighttpd: port => {
    const conf = join(folder, 'lighttpd.conf');
    writeFileSync(
      conf,
      `server.document-root = "${folder}"\nserver.bind = "127.0.0.1"\nserver.port = ${port}
server.modules = ("mod_alias", "mod_cgi")\nserver.stream-response-body = 1
alias.url = ("/webmail" => "${script}")\n$HTTP["url"] =~ "^/webmail" { cgi.assign = ("" => "") }\n`,
    );
    return ['lighttpd', ['-D', '-f', conf]];
  },
  apache2: port => {
    const conf = join(folder, 'apache.conf');
    const module = (name: string) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so\n`;
    writeFileSync(
      conf,
      `${['mpm_prefork', 'authz_core', 'alias', 'cgi'].map(module).join('')}
ServerName localhost\nListen 127.0.0.1:${port}\nPidFile ${folder}/apache.pid\nErrorLog ${folder}/apache.log
DefaultRuntimeDir ${folder}\nMutex file:${folder}\nUser www-data\nGroup root
ScriptAlias /webmail ${script}\n<Directory ${folder}>\nRequire all granted\n</Directory>\n`,
    );
    return ['apache2', ['-D', 'FOREGROUND', '-f', conf]];
  },
};

describe.each(Object.keys(servers))('under %s', name => {
  const real = testWith(name, name);
  let server: ChildProcess | undefined;
  let at = '';
  beforeAll(async () => {
    if (!hasCommand(name)) return;
    const port = await freePort();
    const [command, args] = servers[name]!(port);
    chmodSync(folder, 0o755);
    // In a group of its own: at its end Apache ends its whole group.
    server = spawn(command, args, { stdio: 'inherit', detached: true });
    at = `http://localhost:${port}/webmail`;
    await until(`${name} to serve`, () =>
      fetch(`${at}/login`).then(
        r => r.ok,
        () => false,
      ),
    );
    return () => void server?.kill('SIGTERM');
  });

  real('health and compressed assets come through', async () => {
    expect(await (await fetch(`${at}/health`)).json()).toMatchObject({ status: 'ok' });
    const page = await (await fetch(`${at}/login`)).text();
    const [, css = ''] = /href="\/webmail(\/assets\/[^"]+app\.css)"/.exec(page) ?? [];
    const asset = await fetch(at + css);
    expect(asset.headers.get('content-encoding')).toBeTruthy();
    expect(await asset.text()).toContain('--accent');
  });

  testWith(chromiumCommand, 'chromium')(
    'a person signs in, writes with a file, and reads',
    { timeout: 150_000 },
    async () => {
      if (!hasCommand(name)) return;
      const browser = await launchChromium();
      const page = await browser.newPage();
      page.setDefaultTimeout(60_000);
      await page.goto(`${at}/login`);
      await page.fill('[name=username]', 'ann');
      await page.fill('[name=password]', password);
      await page.click('main button[type=submit]');
      await page.waitForURL(`${at}/mail/inbox`);
      await page.click('.compose');
      await page.getByLabel('To', { exact: true }).fill('ann@localhost,');
      await page.fill('[name=subject]', `by ${name}`);
      await page.fill('textarea[name=text]', 'Hello through the gate.');
      await page.setInputFiles('input[name=files]', {
        name: 'a.txt',
        mimeType: 'text/plain',
        buffer: Buffer.alloc(300_000, 'x'),
      });
      await page.waitForSelector('.attachment');
      await page.click('[data-key=send]');
      await page.waitForURL(`${at}/mail/**`);
      const row = page.locator('#list .row', { hasText: `by ${name}` });
      // Each request is a process of its own, and a page is a dozen of them.
      const inbox = async () => (await page.request.get(`${at}/mail/inbox`)).text();
      await until('the mail to come', async () => (await inbox()).includes(`by ${name}`));
      await page.goto(`${at}/mail/inbox`);
      await row.first().locator('.row-link').click();
      await page.waitForSelector('.message');
      expect(await page.textContent('.message')).toContain('Hello through the gate.');
      await browser.close();
    },
  );
});

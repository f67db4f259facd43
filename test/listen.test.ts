import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect, createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadSettings, mistakeLine, siteUrl } from '../daemon/config.ts';
import { freePorts, type House, runCli, startHouse, until } from './harness.ts';
import { openTalk, popMessages } from './mail-talk.ts';

const password = 'correct horse 1';
const ann = 'ann@localhost';
const hasIpv6 = Object.values(networkInterfaces()).some(i => i?.some(a => a.address === '::1'));

/** Null: nobody listens there. */
async function greeting(host: string, port: number): Promise<string | null> {
  const socket = connect(port, host).setEncoding('latin1');
  const first = await new Promise<string | null>(resolve => {
    socket.once('data', text => resolve(String(text).slice(0, 3)));
    socket.once('error', () => resolve(null));
  });
  socket.destroy();
  return first;
}

test.each([
  // here, and elsewhere by the name of the machine
  [[], 'http://localhost:8080', 'http://localhost:8080'],
  [['listen=0.0.0.0', 'http_port=80'], 'http://localhost', 'http://us.test'],
  [['listen=192.0.2.7', 'base_path=/webmail'], 'http://192.0.2.7:8080/webmail', 'http://us.test:8080/webmail'],
  [['listen=::', 'https_port=8443'], 'https://localhost:8443', 'https://us.test:8443'],
  [['site_url=https://mail.us.test', 'listen=0.0.0.0'], 'https://mail.us.test', 'https://mail.us.test'],
])('siteUrl of %j', (set, here, elsewhere) => {
  const { settings } = loadSettings({ config: null, set });
  expect([siteUrl(settings), siteUrl(settings, 'us.test')]).toEqual([here, elsewhere]);
});

describe('settings of listeners', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cwmail-listen-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  const said = (text: string) => {
    const file = join(folder, 'a.conf');
    writeFileSync(file, text);
    const { mistakes, warnings } = loadSettings({ config: file, set: [] });
    return [...mistakes, ...warnings].map(m => mistakeLine(m).replaceAll(`${folder}/`, ''));
  };

  test.each<[string, string[]]>([
    ['listen 127.0.0.1,127.0.0.2', []],
    ['listen 0.0.0.0,::', []],
    ['listen 127.0.0.1,::\npop_listen 127.0.0.9', []],
    // One port, where the addresses keep the listeners apart.
    ['smtp_port 2500\nsubmission_port 2500\nsmtp_listen 127.0.0.2', []],
    [
      'smtp_port 2500\nsubmission_port 2500\nsmtp_listen 0.0.0.0',
      ['a.conf: smtp_port and submission_port are both 2500: each listener needs its own port, or its own address'],
    ],
    [
      'smtp_port 2500\nsubmission_port 2500\nlisten ::\nsmtp_listen 127.0.0.2',
      ['a.conf: smtp_port and submission_port are both 2500: each listener needs its own port, or its own address'],
    ],
    // What an operator means who gives one listener the port of the other.
    ...([
      ['submission_port 465', 465, 'TLS from the first octet: submissions_port'],
      ['submissions_port 587', 587, 'STARTTLS: submission_port'],
      ['pop_port 995', 995, 'TLS from the first octet: pops_port'],
      ['pops_port 110', 110, 'STLS: pop_port'],
    ].map(([line, port, is]) => [
      line,
      [`a.conf:1: ${String(line).split(' ')[0]}: ${port} is where mail programs expect ${is}`],
    ]) as [string, string[]][]),
    [
      'submissions_port 2587',
      [
        'a.conf: submission_port and submissions_port are both 2587: each listener needs its own port, or its own address',
      ],
    ],
    ['listen', ['a.conf: listen: an IP address such as 127.0.0.1 or ::1 belongs here']],
    ['pop_listen 127.0.0.1,127.0.0.1', ['a.conf: pop_listen: 127.0.0.1 is named twice']],
    ['pop_listen ::1,0:0::1', ['a.conf: pop_listen: 0:0::1 is named twice']],
    [
      'http_listen 127.0.0.1,0.0.0.0',
      ['a.conf: http_listen: 0.0.0.0 has every address of its kind, so 127.0.0.1 cannot stand beside it'],
    ],
    [
      'http_listen mail.example.org',
      ['a.conf:1: http_listen: an IP address such as 127.0.0.1 or ::1 belongs here, not "mail.example.org"'],
    ],
  ])('%j', (text, expected) => {
    expect(said(text).filter(line => !line.includes('no address of this machine'))).toEqual(expected);
  });

  test('an address of another machine is told of, with those there are', () => {
    expect(said('smtp_listen 192.0.2.77')).toEqual([
      expect.stringMatching(
        /^a\.conf: smtp_listen: 192\.0\.2\.77 is no address of this machine, which has 127\.0\.0\.1(, \S+)*$/,
      ),
    ]);
    expect(said('vdomain - 127.0.0.9 v.test\nvdomain - 127.0.0.1 w.test')).toEqual([
      'a.conf: vdomain: neither POP3 nor submission listens on 127.0.0.9, so nobody can dial it',
    ]);
    expect(said('vdomain - 127.0.0.9 v.test\npop_listen 127.0.0.1,127.0.0.9')).toEqual([]);
    expect(said('vdomain - 127.0.0.9 v.test\npops_listen 127.0.0.9\npops_port 2995')).toEqual([]);
    expect(said('vdomain - 127.0.0.9 v.test\npops_listen 127.0.0.9')).toHaveLength(1);
    // Nobody uses it.
    expect(
      said(
        `listen 192.0.2.77\n${['smtp', 'submission', 'submissions', 'odmr', 'pop', 'pops', 'http', 'https'].map(l => `${l}_listen 127.0.0.1\n`).join('')}`,
      ),
    ).toEqual([]);
  });
});

describe('start', () => {
  const tried = async (lines: string[], single: string[]) => {
    const data = mkdtempSync(join(tmpdir(), 'cwmail-test-'));
    const names = ['smtp_port', 'submission_port', 'pop_port', 'http_port'];
    const ports = await freePorts(names.length);
    const set = [`data_path=${data}`, ...names.map((n, i) => `${n}=${ports[i]}`), ...lines];
    const { code, stderr } = await runCli(['start', ...single, ...set.flatMap(s => ['--set', s])]);
    rmSync(data, { recursive: true });
    return { code, stderr };
  };

  test.each([[['--single']], [[]]])('names the setting of an address this machine has not %s', async single => {
    expect(await tried(['pop_listen=127.0.0.1,192.0.2.77'], single)).toEqual({
      code: 1,
      stderr: 'cwmail: This machine has no address 192.0.2.77. Mend the setting pop_listen.\n',
    });
  });

  test.each([[['--single']], [[]]])('names the address on which a port is taken %s', async single => {
    const server = createServer().listen(0, '127.0.0.3');
    await new Promise(resolve => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const { code, stderr } = await tried([`http_port=${port}`, 'http_listen=127.0.0.1,127.0.0.3'], single);
    server.close();
    expect(code).toBe(1);
    expect(stderr).toMatch(`Port ${port} on 127.0.0.3 is taken by another program. Choose another with http_port`);
  });
});

describe.each([{ single: false }, { single: true }])('listen, single: $single', { timeout: 180_000 }, ({ single }) => {
  let house: House;
  let file: Record<string, unknown>;
  const text = () =>
    Object.entries(file)
      .map(([name, value]) => `${name} ${value}\n`)
      .join('');
  beforeAll(async () => {
    house = await startHouse({
      single,
      file: ({ smtp, submission, pop3, http }, data) => {
        file = {
          data_path: data,
          listen: '127.0.0.1',
          smtp_port: smtp,
          submission_port: submission,
          pop_port: pop3,
          http_port: http,
          smtp_listen: '127.0.0.2,127.0.0.3',
          submission_listen: '127.0.0.5',
          http_listen: '127.0.0.1,127.0.0.4',
          online: 'never',
        };
        return text();
      },
    });
    await house.addUser(ann, password);
  });
  afterAll(() => house.remove());

  const deliver = async (host: string, subject: string) => {
    const talk = await openTalk(house.ports.smtp, host);
    await talk.reply();
    for (const command of ['EHLO test.example', 'MAIL FROM:<eve@else.example>', `RCPT TO:<${ann}>`, 'DATA'])
      await talk.ask(command);
    return { ...talk, send: () => talk.ask(`Subject: ${subject}\r\n\r\nx\r\n.`) };
  };

  test('each listener is where its setting says, and says so at the start', async () => {
    const { smtp, pop3 } = house.ports;
    expect(await greeting('127.0.0.2', smtp)).toBe('220');
    expect(await greeting('127.0.0.3', smtp)).toBe('220');
    expect(await greeting('127.0.0.1', smtp)).toBeNull();
    expect(await greeting('127.0.0.1', pop3)).toBe('+OK');
    expect(await greeting('127.0.0.2', pop3)).toBeNull();
    expect(house.output.join('\n')).toContain(
      `SMTP         127.0.0.2:${smtp} and 127.0.0.3:${smtp}, for submission 127.0.0.5:${house.ports.submission}`,
    );
  });

  test('mail comes in by each address, and our own programs find the listeners', async () => {
    expect(await (await deliver('127.0.0.3', 'by the second')).send()).toMatch(/^250/);
    const { code } = await house.cli(['sendmail', '-f', ann, ann], 'Subject: by sendmail\n\nx\n');
    expect(code).toBe(0);
    const messages = (await popMessages(house.ports.pop3, ann, password)).map(String);
    expect(messages.map(m => /^Subject: (.*?)\r?$/m.exec(m)?.[1])).toEqual(['by the second', 'by sendmail']);
  });

  test('the site answers one connection several times, by each address', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const status = (host: string) =>
      new Promise<[number | undefined, boolean]>((resolve, reject) => {
        const asked = request({ agent, host, port: house.ports.http, path: '/health' }, response => {
          response.resume().on('end', () => resolve([response.statusCode, asked.reusedSocket]));
        });
        asked.on('error', reject).end();
      });
    for (const host of ['127.0.0.1', '127.0.0.4'])
      expect([await status(host), await status(host)]).toEqual([
        [200, false],
        [200, true],
      ]);
    agent.destroy();
  });

  test('a changed port moves on all its addresses, and an open session of the second goes on', async () => {
    const [port, before] = [(await freePorts(1))[0]!, house.ports.smtp];
    const open = await deliver('127.0.0.3', 'over the move');
    writeFileSync(join(house.data, 'cwmail.conf'), text().replace(`smtp_port ${before}`, `smtp_port ${port}`));
    expect((await house.cli(['reload'])).stdout).toBe('Applied: smtp_port\n');
    house.ports.smtp = port;
    expect(await greeting('127.0.0.2', port)).toBe('220');
    expect(await greeting('127.0.0.3', port)).toBe('220');
    expect(await greeting('127.0.0.2', before)).toBeNull();
    expect(await greeting('127.0.0.3', before)).toBeNull();
    expect(await open.send()).toMatch(/^250/);
    open.socket.destroy();
  });

  test('a stop lets a transaction end that came by a further address', async () => {
    const open = await deliver('127.0.0.3', 'at the end');
    const stopped = house.stop();
    await until('no more greeting', async () => (await greeting('127.0.0.3', house.ports.smtp)) === null);
    expect(await open.send()).toMatch(/^250/);
    expect(await stopped).toBe(0);
  });
});

(hasIpv6 ? test : test.skip)('0.0.0.0 and :: stand beside each other, IPv4 and IPv6', async () => {
  const house = await startHouse({ set: { listen: '0.0.0.0,::', online: 'never' } });
  const { smtp, http } = house.ports;
  for (const host of ['127.0.0.1', '127.0.0.7', '::1']) expect(await greeting(host, smtp)).toBe('220');
  expect((await fetch(`http://[::1]:${http}/health`)).status).toBe(200);
  expect(house.output.join('\n')).toContain(`POP3         0.0.0.0:${house.ports.pop3} and [::]:${house.ports.pop3}`);
  await house.remove();
});

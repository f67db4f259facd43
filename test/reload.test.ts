import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatDate } from '../daemon/mail/date.ts';
import { localhost } from './certificate.ts';
import { freePorts, type House, launcher, startHouse, testWith, until } from './harness.ts';
import { openTalk, popMessages, sendRaw } from './mail-talk.ts';
import { nextHop } from './next-hop.ts';

const password = 'correct horse 1';
const ann = 'ann@x.example';
const content = Buffer.from('Subject: x\r\n\r\nx\r\n.\r\n');

/** A POP3 client line by line. */
function openPop(port: number) {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  const line = () =>
    lines.next().then(
      ({ value }) => String(value ?? 'closed'),
      () => 'closed',
    );
  return {
    line,
    ask(command: string) {
      socket.write(`${command}\r\n`);
      return line();
    },
    close: () => socket.destroy(),
  };
}

const banner = async (port: number): Promise<string> => {
  const pop = openPop(port);
  const first = await pop.line();
  pop.close();
  return first;
};

describe.each([{ single: false }, { single: true }])('reload, single: $single', { timeout: 180_000 }, ({ single }) => {
  let house: House;
  const lines = new Map<string, string>();
  /** Changes lines of the file; undefined: takes one out. */
  const write = (changed: Record<string, string | undefined>) => {
    for (const [name, value] of Object.entries(changed))
      if (value === undefined) lines.delete(name);
      else lines.set(name, value);
    const text = [...lines].map(([name, value]) => `${name.replace(/#.*/, '')} ${value}\n`).join('');
    writeFileSync(join(house.data, 'cwmail.conf'), text);
  };
  const reload = async (changed: Record<string, string | undefined>) => {
    write(changed);
    const { code, stdout, stderr } = await house.cli(['reload']);
    return { code, said: stdout.trimEnd().split('\n'), stderr };
  };
  const route = async (address: string) => (await house.cli(['route', address])).stdout;

  beforeAll(async () => {
    house = await startHouse({
      single,
      file: (ports, data) => {
        for (const [name, value] of Object.entries({
          data_path: data,
          host_domain: 'x.example',
          smtp_port: ports.smtp,
          submission_port: ports.submission,
          pop_port: ports.pop3,
          http_port: ports.http,
          online: 'never',
        }))
          lines.set(name, String(value));
        return [...lines].map(([name, value]) => `${name} ${value}\n`).join('');
      },
    });
    await house.addUser(ann, password);
  }, 180_000);
  afterAll(() => house.remove());

  test('reload of an unchanged file changes nothing, and says so', async () => {
    expect(await reload({})).toEqual({ code: 0, said: ['Nothing was changed that can be applied.'], stderr: '' });
  });

  test('reload applies nothing of a file with mistakes, and names each with its line', async () => {
    const at = join(house.data, 'cwmail.conf');
    expect(await reload({ signup: 'maybe', alias: 'root@x.example ann@x.example', colour: 'blue' })).toEqual({
      code: 1,
      said: [
        `${at}:8: signup: one of open, closed belongs here, not "maybe"`,
        `${at}:10: there is no setting "colour"`,
        'Nothing was changed.',
      ],
      stderr: '',
    });
    write({ signup: undefined, alias: undefined, colour: undefined });
    expect(await route('root@x.example')).toContain('refused: 550');
  });

  test('reload changes the chain under open sessions, which go on', async () => {
    const smtp = await openTalk(house.ports.smtp);
    await smtp.reply();
    await smtp.ask('EHLO test.example');
    expect(await smtp.ask('MAIL FROM:<eve@else.example>')).toMatch(/^250/);
    expect(await smtp.ask('RCPT TO:<root@x.example>')).toMatch(/^550/);
    const pop = openPop(house.ports.pop3);
    await pop.line();
    await pop.ask(`USER ${ann}`);
    expect(await pop.ask(`PASS ${password}`)).toMatch(/^\+OK/);

    expect(await reload({ alias: 'root@x.example ann@x.example', host_domain: 'x.example,y.example' })).toEqual({
      code: 0,
      said: ['Applied: host_domain, alias'],
      stderr: '',
    });
    // The same sessions, in the middle of what they were at.
    expect(await smtp.ask('RCPT TO:<root@x.example>')).toMatch(/^250/);
    expect(await smtp.ask('RCPT TO:<ann@y.example>')).toMatch(/^250/);
    expect(await smtp.ask('DATA')).toMatch(/^354/);
    smtp.socket.write(content);
    expect(await smtp.reply()).toMatch(/^250/);
    expect(await pop.ask('STAT')).toBe('+OK 0 0');
    expect(await pop.ask('QUIT')).toMatch(/^\+OK/);
    expect((await popMessages(house.ports.pop3, ann, password)).length).toBeGreaterThan(0);
    smtp.socket.end();
  });

  test('reload tells new sessions the new size, and holds old ones to it', async () => {
    const smtp = await openTalk(house.ports.smtp);
    await smtp.reply();
    await smtp.ask('EHLO test.example');
    expect((await reload({ max_message_size: '10k' })).said).toEqual(['Applied: max_message_size']);
    expect(await smtp.ask('MAIL FROM:<eve@else.example> SIZE=20000')).toMatch(/^552/);
    expect(await smtp.ask('MAIL FROM:<eve@else.example> SIZE=2000')).toMatch(/^250/);
    smtp.socket.end();
  });

  test('reload raises min_space over what the disk has: mail waits with its sender, and the operator is told', async () => {
    expect((await reload({ min_space: '900000G' })).said).toEqual(['Applied: min_space']);
    const smtp = await openTalk(house.ports.smtp);
    await smtp.reply();
    await smtp.ask('EHLO test.example');
    expect(await smtp.ask('MAIL FROM:<eve@else.example>')).toMatch(/^452/);
    await until('the operator to be told', async () => {
      await smtp.ask('MAIL FROM:<eve@else.example>');
      return house.output.some(l => l.includes('the disk is nearly full, no mail is taken'));
    });
    await reload({ min_space: undefined });
    expect(await smtp.ask('MAIL FROM:<eve@else.example>')).toMatch(/^250/);
    smtp.socket.end();
  });

  test('reload lets and keeps out addresses of user_ip_address', async () => {
    expect((await reload({ user_ip_address: '*,!127.0.0.*' })).said).toEqual(['Applied: user_ip_address']);
    expect(await banner(house.ports.pop3)).toBe('-ERR [SYS/PERM] Your address may not connect here');
    await reload({ user_ip_address: '127.0.0.0-9' });
    expect(await banner(house.ports.pop3)).toMatch(/^\+OK/);
    expect((await reload({ user_ip_address: '10.0.0.1,10.0.0.2' })).said).toEqual([
      expect.stringMatching(/cwmail\.conf:\d+: user_ip_address: no address can pass.* \(a warning\)$/),
      'Applied: user_ip_address',
    ]);
    await reload({ user_ip_address: undefined });
  });

  test('reload moves a listener to another port; its sessions stay, and a port that is taken changes nothing', async () => {
    const [free] = await freePorts(1);
    const pop = openPop(house.ports.pop3);
    await pop.line();
    const taken = await nextHop();
    expect(await reload({ pop_port: String(taken.port), signup: 'closed' })).toMatchObject({
      code: 1,
      said: [expect.stringMatching(/^Port \d+ on 127\.0\.0\.1 is taken by another program/), 'Nothing was changed.'],
    });
    await taken.close();
    const exchanged = { pop_port: String(house.ports.smtp), smtp_port: String(house.ports.pop3) };
    expect(await reload({ ...exchanged, signup: undefined })).toMatchObject({
      code: 1,
      said: [expect.stringMatching(/^smtp_port: port \d+ is still that of pop_port: /), 'Nothing was changed.'],
    });
    await reload({ smtp_port: String(house.ports.smtp), pop_port: String(house.ports.pop3) });
    expect((await reload({ pop_port: String(free), signup: undefined })).said).toEqual(['Applied: pop_port']);
    expect(await banner(free!)).toMatch(/^\+OK/);
    expect(await banner(house.ports.pop3)).toBe('closed');
    await pop.ask(`USER ${ann}`);
    expect(await pop.ask(`PASS ${password}`)).toMatch(/^\+OK/);
    pop.close();
    await reload({ pop_port: String(house.ports.pop3) });
    expect(await banner(house.ports.pop3)).toMatch(/^\+OK/);
  });

  test('reload opens and ends the HTTPS listener', async () => {
    const [https] = await freePorts(1);
    const knock = () =>
      new Promise<string>(resolve => {
        const socket = connectTls({ port: https!, host: '127.0.0.1', rejectUnauthorized: false }, () => {
          resolve('open');
          socket.destroy();
        }).on('error', () => resolve('closed'));
      });
    expect(await knock()).toBe('closed');
    await reload({ https_port: String(https) });
    expect(await knock()).toBe('open');
    await reload({ https_port: '0' });
    expect(await knock()).toBe('closed');
  });

  test('reload takes up a certificate, and a renewed one in the same files', async () => {
    const [https, submissions, pop3s] = await freePorts(3);
    const of = (port: number) =>
      new Promise<string>((resolve, reject) => {
        const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
          resolve(socket.getPeerCertificate().fingerprint256);
          socket.destroy();
        }).on('error', reject);
      });
    const upgraded = async (port: number, ...commands: string[]) => {
      const plain = connect(port, '127.0.0.1');
      await new Promise(resolve => plain.once('data', resolve));
      for (const command of commands) {
        plain.write(`${command}\r\n`);
        await new Promise(resolve => plain.once('data', resolve));
      }
      const socket = connectTls({ socket: plain, rejectUnauthorized: false });
      await new Promise(resolve => socket.once('secureConnect', resolve));
      const { fingerprint256 } = socket.getPeerCertificate();
      socket.destroy();
      return fingerprint256;
    };
    const stls = () => upgraded(house.ports.pop3, 'STLS');
    const starttls = () => upgraded(house.ports.smtp, 'EHLO test.example', 'STARTTLS');
    // Of the handshake itself, and behind STARTTLS and STLS.
    await reload({ https_port: String(https), submissions_port: String(submissions), pops_port: String(pop3s) });
    const shown = async () => [await stls(), await starttls(), await of(submissions!), await of(pop3s!)];
    const made = await of(https!);
    const files = { cert: join(house.data, 'c.pem'), key: join(house.data, 'k.pem') };
    writeFileSync(files.cert, localhost.cert);
    writeFileSync(files.key, localhost.key);
    expect((await reload({ tls_cert: files.cert, tls_key: files.key })).said).toEqual(['Applied: tls_cert, tls_key']);
    const given = await of(https!);
    expect(given).not.toBe(made);
    expect(await shown()).toEqual(Array(4).fill(given));
    // What no one can use is not taken up.
    writeFileSync(files.cert, 'nonsense');
    expect(await reload({})).toMatchObject({
      code: 1,
      said: [expect.stringMatching(/^The certificate cannot be used/), 'Nothing was changed.'],
    });
    expect(await of(https!)).toBe(given);
    for (const [to, from] of [
      [files.cert, 'tls.crt'],
      [files.key, 'tls.key'],
    ] as const)
      writeFileSync(to, readFileSync(join(house.data, from)));
    expect((await reload({})).said).toEqual(['Applied: tls_cert']);
    expect(await of(https!)).toBe(made);
    expect(await shown()).toEqual(Array(4).fill(made));
  });

  test('reload goes on line, which lets go what was parked for that, and off line again', async () => {
    const hop = await nextHop();
    const send = async () => {
      const login = Buffer.from(`\0${ann}\0${password}`).toString('base64');
      const replies = await sendRaw(house.ports.submission, {
        from: ann,
        to: ['bob@far.example'],
        login,
        data: content,
      });
      expect(replies.at(-1)).toMatch(/^250/);
    };
    const states = async () => {
      const { stdout } = await house.cli(['queue', 'list', '--json']);
      return (JSON.parse(stdout) as { state: string }[]).map(d => d.state);
    };
    await send();
    expect(await states()).toEqual(['held']);
    expect((await reload({ online: 'always', gateway: `* 127.0.0.1:${hop.port}` })).said).toEqual([
      'Applied: online, gateway',
    ]);
    await until('the mail at the hop', () => hop.contents.length === 1);
    await until('an empty queue', async () => (await states()).length === 0);
    expect((await reload({ online: 'never' })).said).toEqual(['Applied: online']);
    await send();
    expect(await states()).toEqual(['held']);
    expect(hop.contents).toHaveLength(1);
    await hop.close();
  });

  test('config check tells what a reload would apply, and applies nothing', async () => {
    write({ signup: 'closed', listen: '127.0.0.2' });
    const { stdout } = await house.cli(['config', 'check']);
    expect(stdout.split('\n').slice(1)).toEqual([
      'cwmail reload would apply: signup',
      'A restart is needed for: listen',
      '',
    ]);
    write({ signup: undefined, listen: undefined });
    expect((await reload({})).said).toEqual(['Nothing was changed that can be applied.']);
  });

  test('reload says what needs a restart, and does not do it', async () => {
    expect((await reload({ listen: '127.0.0.2', signup: 'closed' })).said).toEqual([
      'Applied: signup',
      'Needs a restart (stop, then cwmail start): listen',
    ]);
    expect(await banner(house.ports.pop3)).toMatch(/^\+OK/);
    await reload({ listen: undefined, signup: undefined });
  });

  test('reload brings the fetcher and takes it away', async () => {
    const fetchNow = () => house.cli(['fetch', 'now']);
    expect(
      (await reload({ fetch: `${ann} pop3://u@127.0.0.1:1 password=hidden tls=off`, online: 'always' })).said,
    ).toEqual(['Applied: online, fetch']);
    expect((await fetchNow()).stdout).toMatch(/^u@127\.0\.0\.1:1: 127\.0\.0\.1:1: connection refused$/m);
    await reload({ 'fetch#2': `${ann} pop3://v@127.0.0.1:1 password=hidden tls=off` });
    expect((await fetchNow()).stdout.split('\n').map(l => l.split(':')[0])).toEqual(['u@127.0.0.1', 'v@127.0.0.1', '']);
    await reload({ fetch: undefined });
    expect((await fetchNow()).stdout).toMatch(/^v@127\.0\.0\.1:1: [^\n]*\n$/);
    await reload({ 'fetch#2': undefined });
    const { stderr } = await house.cli(['fetch', 'now', '--set', `fetch=${ann} pop3://u@h password=x`]);
    expect(stderr).toMatch(/the fetcher is not running/);
  });

  test('reload changes the zone of what is written into mail: by name, by text, and back', async () => {
    const zones: string[] = [];
    for (const timezone of ['Asia/Kathmandu', '-0800 PST', 'America/St_Johns', undefined]) {
      await reload({ timezone });
      await sendRaw(house.ports.smtp, { from: 'eve@else.example', to: [ann], data: content });
      const mail = (await popMessages(house.ports.pop3, ann, password)).at(-1)!.toString();
      zones.push(/^Received: [^;]*;\s+(.*)$/m.exec(mail)![1]!.trim());
    }
    expect(zones[0]).toMatch(/ \+0545$/);
    expect(zones[1]).toMatch(/ -0800 PST$/);
    expect(zones[2]).toMatch(/ -0[23]30$/);
    expect(zones[3]!.slice(-5)).toBe(formatDate(Date.now()).slice(-5));
    // One moment, whatever its zone.
    for (const named of [zones[0]!, zones[2]!, zones[3]!])
      expect(Math.abs(Date.parse(named) - Date.now())).toBeLessThan(60_000);
  });

  test('reload reaches the pages of the site', async () => {
    const page = async () => (await fetch(`http://127.0.0.1:${house.ports.http}/signup`)).text();
    await reload({ host_domain: 'x.example,z.example' });
    expect(await page()).toMatch(/name="password"/);
    expect(await page()).toContain('z.example');
    await reload({ signup: 'closed' });
    expect(await page()).not.toContain('name="password"');
    await reload({ signup: undefined, host_domain: 'x.example' });
  });

  test('SIGHUP reloads as well, and the log tells of it', async () => {
    write({ alias: 'info@x.example ann@x.example' });
    house.child.kill('SIGHUP');
    await until('the new alias', async () => (await route('info@x.example')).includes(`mailbox ${ann}`));
    expect(house.child.exitCode).toBeNull();
    expect(house.output).toContain('cwmail: Applied: alias');
  });

  test('reload at log_level debug makes every process talk', async () => {
    await reload({ log_level: 'debug' });
    await sendRaw(house.ports.smtp, { from: 'eve@else.example', to: [ann], data: content });
    await until('a debug line', () =>
      readFileSync(join(house.data, 'log/cwmail.log'), 'utf8').includes('"level":"debug"'),
    );
  });
});

/** Starts a house on a terminal of its own, sends SIGHUP, closes the terminal, and says how it went. */
const onTerminal = `
import os, pty, select, signal, sys, time
pid, terminal = pty.fork()
if pid == 0: os.execv(sys.argv[1], sys.argv[1:])
seen = ''
def read(mark):
    global seen
    end = time.time() + 25
    while mark not in seen and time.time() < end:
        if select.select([terminal], [], [], 0.2)[0]: seen += os.read(terminal, 4096).decode()
    return mark in seen
print('started', read('Stop with'))
os.kill(pid, signal.SIGHUP)
print('reloaded', read('Nothing was changed'))
os.close(terminal)
print('ended', os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

testWith('python3', 'python3')(
  'SIGHUP of a terminal that is closed stops what ran in it',
  { timeout: 180_000 },
  async () => {
    const data = mkdtempSync(join(tmpdir(), 'cwmail-test-'));
    const names = ['smtp_port', 'submission_port', 'pop_port', 'http_port'];
    const ports = await freePorts(names.length);
    const set = [`data_path=${data}`, ...names.map((name, i) => `${name}=${ports[i]}`)].flatMap(s => ['--set', s]);
    const said = await new Promise<string>(resolve =>
      execFile('python3', ['-c', onTerminal, launcher, 'start', ...set], { cwd: data }, (_, stdout) => resolve(stdout)),
    );
    expect(said).toBe('started True\nreloaded True\nended 0\n');
    rmSync(data, { recursive: true });
  },
);

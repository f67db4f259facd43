import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { localhost } from './certificate.ts';
import { runCommand } from './commands.ts';
import { openDoor } from './fetch-door.ts';
import { freePorts, type House, startHouse, testWith, until } from './harness.ts';
import { popMessages } from './mail-talk.ts';
import { addAccount, password as popPassword, startPop3 } from './pop3-house.ts';

/** TLS from the first octet (RFC 8314): submissions and pop3s, and who does not get through the handshake. */

const password = 'correct horse 1';
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

type Knock = { socket: Socket; heard(): Buffer; gone(): Promise<void> };

/** A connection that says nothing yet. */
async function knock(port: number, host = '127.0.0.1'): Promise<Knock> {
  const socket = connect(port, host);
  sockets.push(socket);
  const heard: Buffer[] = [];
  const gone = new Promise<void>(resolve => socket.once('close', () => resolve()));
  socket.on('data', chunk => heard.push(chunk)).on('error', () => {});
  await once(socket, 'connect');
  return { socket, heard: () => Buffer.concat(heard), gone: () => gone };
}

/** What is said first behind the handshake; null: there is none. */
function greeting(port: number, { host = '127.0.0.1', before = '' } = {}): Promise<string | null> {
  return new Promise(resolve => {
    const socket = connect(port, host);
    if (before !== '') socket.write(before);
    const tls = connectTls({ socket, rejectUnauthorized: false });
    sockets.push(tls);
    tls.once('data', text => resolve(String(text).slice(0, 3)));
    tls.once('error', () => resolve(null)).once('close', () => resolve(null));
  });
}

/** The first octets of a client's handshake, which promise more. */
const half = Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]);

describe('a house with 465 and 995', () => {
  let house: House;
  let folder: string;
  let ca: string;
  let port: { submissions: number; pop3s: number };
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cwmail-tls-'));
    ca = join(folder, 'cert.pem');
    writeFileSync(ca, localhost.cert);
    writeFileSync(join(folder, 'key.pem'), localhost.key);
    const [submissions, pop3s] = await freePorts(2);
    port = { submissions: submissions!, pop3s: pop3s! };
    const ports = { submissions_port: submissions!, pops_port: pop3s! };
    const own = { submissions_listen: '127.0.0.1,127.0.0.3', pops_listen: '127.0.0.1,127.0.0.4' };
    house = await startHouse({ set: { ...ports, ...own, tls_cert: ca, tls_key: join(folder, 'key.pem') } });
    for (const user of ['ann', 'bob']) await house.addUser(`${user}@localhost`, password);
  }, 180_000);
  afterAll(async () => {
    await house?.remove();
    rmSync(folder, { recursive: true });
  });
  beforeEach(async () => {
    await taken();
  });

  const taken = () => popMessages(house.ports.pop3, 'ann@localhost', password, { remove: true });
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const letter = 'From: Bob <bob@localhost>\r\nTo: ann@localhost\r\nSubject: under TLS\r\n\r\n.one\r\n..two\r\n';
  const arrived = async () => {
    const messages = await taken();
    expect(messages).toHaveLength(1);
    const text = messages[0]!.toString('latin1');
    expect(text).toMatch(/by localhost with ESMTPSA id /);
    expect(text.slice(text.indexOf('\r\n\r\n') + 4).trimEnd()).toBe('.one\r\n..two');
  };

  test('is found at each address of its own, and says so', async () => {
    expect(await greeting(port.submissions, { host: '127.0.0.3' })).toBe('220');
    expect(await greeting(port.pop3s, { host: '127.0.0.4' })).toBe('+OK');
    expect(house.output.join('\n')).toContain(
      `for submission 127.0.0.1:${port.submissions} and 127.0.0.3:${port.submissions} (TLS) and 127.0.0.1:${house.ports.submission}`,
    );
    const { stdout } = await house.cli(['reach']);
    expect(stdout).toContain(`submissions_port ${port.submissions} answers with TLS on 127.0.0.1 and 127.0.0.3\n`);
    expect(stdout).toContain(`pops_port ${port.pop3s} answers with TLS on 127.0.0.1 and 127.0.0.4\n`);
    expect((await house.cli(['status'])).stdout).toMatch(/submissions \d+, .*pop3s \d+/);
    expect(await (await fetch(`http://127.0.0.1:${house.ports.http}/health`)).json()).toMatchObject({
      submissions: true,
      pop3s: true,
    });
  });

  test('reach says where another certificate is shown than the file holds', async () => {
    const renewed = await runCommand('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=localhost'],
      ...['-keyout', join(folder, 'new.key'), '-out', join(folder, 'new.pem')],
    ]);
    expect(renewed.code).toBe(0);
    writeFileSync(ca, readFileSync(join(folder, 'new.pem')));
    const { stdout, code } = await house.cli(['reach']);
    writeFileSync(ca, localhost.cert);
    expect(code).toBe(1);
    for (const what of ['submissions_port', 'pops_port'])
      expect(stdout).toMatch(
        new RegExp(`MEND {2}${what} \\d+ shows another certificate than ${ca} holds\\n +cwmail reload takes up`),
      );
  });

  for (const [how, args] of [
    ['PLAIN', ['--auth', 'PLAIN']],
    ['LOGIN, pipelined', ['--auth', 'LOGIN', '--pipeline']],
  ] as const)
    testWith('swaks', 'swaks')(`swaks sends, signed in by ${how}`, async () => {
      const { code, out, err } = await runCommand('swaks', [
        ...['--server', `127.0.0.1:${port.submissions}`, '--tls-on-connect', '--tls-verify', '--tls-ca-path', ca],
        ...['--from', 'bob@localhost', '--to', 'ann@localhost', '--body', '.one\n..two\n'],
        ...[...args, '--auth-user', 'bob@localhost', '--auth-password', password],
      ]);
      expect(`${code} ${err}`, out).toBe('0 ');
      await arrived();
    });

  testWith('swaks', 'swaks')('swaks is told to sign in first, and relays nothing', async () => {
    const { out } = await runCommand('swaks', [
      ...['--server', `127.0.0.1:${port.submissions}`, '--tls-on-connect', '--from', 'x@else.example'],
      ...['--to', 'y@elsewhere.example'],
    ]);
    expect(out).toMatch(/<~\* 530 5\.7\.0 /);
    expect(out).not.toMatch(/RCPT/);
  });

  testWith('curl', 'curl')('curl sends by smtps and fetches by pop3s, both verified', async () => {
    const upload = file('curl.eml', letter);
    const login = ['-sS', '-4', '--cacert', ca, '--user'];
    const sent = await runCommand('curl', [
      ...[...login, `bob@localhost:${password}`, `smtps://localhost:${port.submissions}/client.example`],
      ...['--mail-from', 'bob@localhost', '--mail-rcpt', 'ann@localhost', '-T', upload],
    ]);
    expect(sent).toEqual({ code: 0, out: '', err: '' });
    const url = `pop3s://localhost:${port.pop3s}/1`;
    const got = await runCommand('curl', [...login, `ann@localhost:${password}`, url]);
    expect([got.err, got.out.endsWith(letter.slice(letter.indexOf('.one')))]).toEqual(['', true]);
    await arrived();
    expect((await runCommand('curl', [...login, 'ann@localhost:wrong one', url])).code).toBe(67);
  });

  testWith('msmtp', 'msmtp')('msmtp sends with tls_starttls off', async () => {
    const account = `account default\nhost localhost\nport ${port.submissions}\nfrom bob@localhost\nauth on\nuser bob@localhost\npassword ${password}\n`;
    const config = file('msmtprc', `${account}tls on\ntls_starttls off\ntls_trust_file ${ca}\n`);
    const sent = await runCommand('msmtp', ['-C', config, 'ann@localhost'], { input: letter });
    expect(sent).toEqual({ code: 0, out: '', err: '' });
    await arrived();
  });

  testWith('python3', 'python3')('smtplib and poplib speak TLS at once', async () => {
    const script = `
import smtplib, poplib, ssl
c = ssl.create_default_context(cafile='${ca}')
s = smtplib.SMTP_SSL('localhost', ${port.submissions}, context=c, timeout=30)
s.login('bob@localhost', '${password}')
s.sendmail('bob@localhost', ['ann@localhost'], ${JSON.stringify(letter)})
s.quit()
p = poplib.POP3_SSL('localhost', ${port.pop3s}, context=c, timeout=30)
p.user('ann@localhost'); p.pass_('${password}')
print(p.stat()[0], 'STLS' in p.capa())
p.quit()`;
    expect(await runCommand('python3', ['-c', script])).toEqual({ code: 0, out: '1 False\n', err: '' });
    await arrived();
  });

  /** A folder for a client that fetches what lies in ann's mailbox. */
  const fetching = async (name: string) => {
    const sent = await runCommand('curl', [
      ...['-sS', '-k', '--user', `bob@localhost:${password}`, `smtps://localhost:${port.submissions}`],
      ...['--mail-from', 'bob@localhost', '--mail-rcpt', 'ann@localhost', '-T', file('fetched.eml', letter)],
    ]);
    expect(sent.code).toBe(0);
    const home = join(folder, name);
    for (const part of ['new', 'cur', 'tmp']) mkdirSync(join(home, 'md', part), { recursive: true });
    return home;
  };
  const delivered = (home: string) =>
    readdirSync(join(home, 'md/new')).map(f =>
      readFileSync(join(home, 'md/new', f), 'latin1').replaceAll('\r\n', '\n'),
    );

  testWith('mpop', 'mpop')('mpop fetches with tls_starttls off', async () => {
    const home = await fetching('mpop');
    const account = `account a\nhost localhost\nport ${port.pop3s}\nuser ann@localhost\npassword "${password}"\n`;
    const tls = `tls on\ntls_starttls off\ntls_trust_file ${ca}\n`;
    const to = `delivery maildir ${home}/md\nuidls_file ${home}/uidls\n`;
    const ran = await runCommand('mpop', ['-C', file('mpoprc', account + tls + to), 'a'], { env: { HOME: home } });
    expect([ran.code, ran.err]).toEqual([0, '']);
    expect(delivered(home)).toEqual([expect.stringMatching(/Subject: under TLS\n[\s\S]*\.one\n\.\.two\n$/)]);
  });

  testWith('fetchmail', 'fetchmail')('fetchmail fetches with ssl, verified', async () => {
    const home = await fetching('fetchmail');
    writeFileSync(join(home, 'mda'), `#!/bin/sh\ncat > ${home}/md/new/1\n`, { mode: 0o755 });
    const login = `username "ann@localhost" password "${password}" is root here`;
    const rc = `poll localhost service ${port.pop3s} protocol pop3 ${login} ssl sslcertck sslcertfile ${ca} mda "${home}/mda"\n`;
    const args = ['-f', file('fetchmailrc', rc), '-i', join(home, 'ids'), '--pidfile', join(home, 'pid'), '-d0'];
    const env = { HOME: home, FETCHMAILHOME: home };
    const ran = await runCommand('fetchmail', [...args, '--invisible', '--nosyslog'], { env });
    expect(`${ran.code} ${ran.err.replace(/^.*Running as root is discouraged.*\n/m, '')}`).toBe('0 ');
    expect(delivered(home)).toEqual([expect.stringMatching(/Subject: under TLS\n[\s\S]*\.one\n\.\.two\n$/)]);
  });

  testWith('openssl', 'openssl')('openssl gets TLS 1.2 and 1.3, and nothing older', async () => {
    const asked = async (to: number, version: string) => {
      const args = ['s_client', '-connect', `localhost:${to}`, '-CAfile', ca, '-verify_return_error', version];
      const { out } = await runCommand('openssl', [...args, '-cipher', 'DEFAULT@SECLEVEL=0'], { input: 'QUIT\r\n' });
      return [
        /^ *Protocol *: (\S+)|New, (TLSv\S+),/m.exec(out)?.[0].match(/TLSv[\d.]+/)?.[0],
        /^(220|\+OK)/m.test(out),
      ];
    };
    for (const to of Object.values(port)) {
      expect(await asked(to, '-tls1_2')).toEqual(['TLSv1.2', expect.any(Boolean)]);
      expect(await asked(to, '-tls1_3')).toEqual(['TLSv1.3', expect.any(Boolean)]);
      expect((await asked(to, '-tls1_1'))[1]).toBe(false);
    }
  });

  test('what is said in the clear gets an alert of TLS at most, and nobody else is the worse for it', async () => {
    for (const [to, first] of [
      [port.submissions, '220'],
      [port.pop3s, '+OK'],
    ] as const) {
      const clear = [`EHLO x\r\n`, 'USER ann\r\nPASS x\r\n', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', '\0'.repeat(5000)];
      for (const said of clear) {
        const peer = await knock(to);
        peer.socket.write(said);
        await peer.gone();
        // A record of the kind "alert", and no more.
        expect([said.slice(0, 9), peer.heard().length === 0 || peer.heard()[0] === 21]).toEqual([
          said.slice(0, 9),
          true,
        ]);
        expect(peer.heard().length).toBeLessThan(16);
      }
      // One that goes away in the middle, and one that resets.
      const [left, reset] = [await knock(to), await knock(to)];
      left.socket.end(half);
      await left.gone();
      reset.socket.write(half, () => reset.socket.resetAndDestroy());
      expect(await greeting(to)).toBe(first);
    }
    expect(house.output.join('\n')).not.toMatch(/error|restarted/i);
    expect((await house.cli(['status'])).stdout).toMatch(/daemon +pid \d+, \d+ MB, restarted 0 times/);
  });

  test('a stop does not wait for a handshake', async () => {
    const [one, two] = [await knock(port.submissions), await knock(port.pop3s)];
    one.socket.write(half);
    two.socket.write(half);
    expect(await house.stop()).toBe(0);
    await house.restart();
    expect(await greeting(port.submissions)).toBe('220');
  });
});

describe('limits before the handshake', () => {
  test('submissions counts who has said nothing yet, by address, and has room again when they leave', async () => {
    const door = await openDoor({ fromip_max: 3 }, { implicitTls: true });
    const silent = [await knock(door.port), await knock(door.port), await knock(door.port)];
    silent[1]!.socket.write(half);
    const fourth = await knock(door.port);
    await fourth.gone();
    expect(fourth.heard().length).toBe(0);
    expect(await greeting(door.port)).toBeNull();
    silent[0]!.socket.destroy();
    await until('there is room', async () => (await greeting(door.port)) === '220');
    await door.close();
  });

  test('submissions counts those who came through a proxy by their own address', async () => {
    const door = await openDoor({ fromip_max: 2, proxy_protocol_ip: ['127.0.0.1'] }, { implicitTls: true });
    const by = (client: string) => `PROXY TCP4 ${client} 192.0.2.9 4660 465\r\n`;
    for (let i = 0; i < 2; i++) (await knock(door.port)).socket.write(by('192.0.2.1'));
    await until('they are counted', async () => (await greeting(door.port, { before: by('192.0.2.1') })) === null);
    expect(await greeting(door.port, { before: by('192.0.2.2') })).toBe('220');
    await door.close();
  });

  test('submissions ends a handshake that trickles, and one that is silent', async () => {
    const door = await openDoor({}, { implicitTls: true, handshakeMs: 600 });
    const [slow, silent] = [await knock(door.port), await knock(door.port)];
    const trickle = setInterval(() => slow.socket.write(half.subarray(0, 1)), 100);
    slow.socket.write(half);
    await Promise.all([slow.gone(), silent.gone()]);
    clearInterval(trickle);
    // Whose handshake is done in time, on a machine that is busy too.
    await until('another is greeted', async () => (await greeting(door.port)) === '220');
    await door.close();
  });

  test('pop3s ends a handshake that trickles, and counts it with the sessions of pop3', async () => {
    const pop3 = await startPop3({ limits: { perPeer: 2, login: 600 } });
    const [slow, silent] = [await knock(pop3.tlsPort), await knock(pop3.tlsPort)];
    slow.socket.write(half);
    const third = await knock(pop3.tlsPort);
    await third.gone();
    expect(third.heard().length).toBe(0);
    const clear = await knock(pop3.port);
    await clear.gone();
    expect(clear.heard().toString()).toMatch(/^-ERR \[SYS\/TEMP\] Too many connections/);
    expect(pop3.sessions()).toEqual({ pop3: 0, pop3s: 2 });
    const trickle = setInterval(() => slow.socket.write(half.subarray(0, 1)), 100);
    await Promise.all([slow.gone(), silent.gone()]);
    clearInterval(trickle);
    await until('they are forgotten', () => pop3.sessions().pop3s === 0);
    await until('another is greeted', async () => (await greeting(pop3.tlsPort)) === '+OK');
    await pop3.stop();
  });

  test('pop3s lets in whom user_ip_address lets in, and locks a maildrop for pop3 too', async () => {
    const shut = await startPop3({ mayConnect: address => address !== '127.0.0.1' });
    expect(await greeting(shut.tlsPort)).toBeNull();
    await shut.stop();
    const pop3 = await startPop3();
    await addAccount(pop3.store, 'locked');
    const signIn = `USER locked\r\nPASS ${popPassword}\r\n`;
    const first = connectTls({ port: pop3.tlsPort, host: '127.0.0.1', rejectUnauthorized: false });
    sockets.push(first);
    first.write(signIn);
    let said = '';
    first.on('data', text => {
      said += String(text);
    });
    await until('it is signed in', () => said.includes('+OK 0 messages'));
    const second = await knock(pop3.port);
    second.socket.write(signIn);
    await until('it is refused', () => second.heard().includes('-ERR [IN-USE]'));
    await pop3.stop();
  });
});

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadSettings, mistakeLine, neededFiles } from '../daemon/config.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cwmail-egress-'));
  writeFileSync(join(folder, 'secret'), 'from the file\nmore\n');
  writeFileSync(join(folder, 'ca.pem'), 'PEM');
});
afterAll(() => rmSync(folder, { recursive: true }));

function load(text: string) {
  writeFileSync(join(folder, 'a.conf'), text);
  const { settings, mistakes } = loadSettings({ config: join(folder, 'a.conf'), set: [] });
  return {
    settings,
    said: mistakes.map(m =>
      mistakeLine(m)
        .replace(/^.*a\.conf:/, '')
        .trim(),
    ),
  };
}

const login = { user: 'site', password: 'tea' };
const one = (domain: string, host: string, port = 25, more = {}) => ({ domain, host, port, ...more });

describe('gateway', () => {
  test.each<[string, string, unknown[]]>([
    // The original's forms.
    ['one domain', 'gateway Far.Example 192.0.2.1', [one('far.example', '192.0.2.1')]],
    ['all', 'gateway * 192.0.2.1:1025', [one('*', '192.0.2.1', 1025)]],
    [
      'what lies below a domain',
      'gateway *.Bücher.example Mail.example',
      [one('*.xn--bcher-kva.example', 'mail.example')],
    ],
    ['another pattern', 'gateway mail?.* h.example', [one('mail?.*', 'h.example')]],
    // Hosts.
    [
      'several hosts',
      'gateway * a.example,b.example:26, [::1]:27',
      [one('*', 'a.example'), one('*', 'b.example', 26), one('*', '::1', 27)],
    ],
    ['several lines', 'gateway * a.example\ngateway * b.example', [one('*', 'a.example'), one('*', 'b.example')]],
    [
      'brackets, as Postfix has them',
      'gateway * [a.example]:26,[b.example]',
      [one('*', 'a.example', 26), one('*', 'b.example')],
    ],
    ['the exchangers of a name', 'gateway * mx:isp.example', [one('*', 'isp.example', 25, { mx: true })]],
    // Signing in.
    ['a login', 'gateway * a.example user=site password=tea', [one('*', 'a.example', 587, { tls: 'required', login })]],
    [
      'a login from a file',
      'gateway * a.example user=site password_file=secret',
      [one('*', 'a.example', 587, { tls: 'required', login: { user: 'site', password: 'from the file' } })],
    ],
    [
      'a login over TLS from the first octet',
      'gateway * a.example user=site password=tea tls=implicit',
      [one('*', 'a.example', 465, { tls: 'implicit', login })],
    ],
    [
      'a login on a safe line',
      'gateway * a.example:25 user=site password=tea tls=off',
      [one('*', 'a.example', 25, { tls: 'off', login })],
    ],
    [
      'a login on this machine',
      'gateway * 127.0.0.1:2500 user=site password=tea',
      [one('*', '127.0.0.1', 2500, { tls: 'try', login })],
    ],
    ['TLS', 'gateway * a.example tls=required ca=ca.pem', [one('*', 'a.example', 25, { tls: 'required', ca: 'PEM' })]],
  ])('%s', (_, text, gateway) => {
    const { settings, said } = load(text);
    expect(said).toEqual([]);
    expect(settings.gateway).toMatchObject(gateway);
    expect(settings.gateway).toHaveLength(gateway.length);
  });

  test.each<[string, string, RegExp]>([
    ['no host', 'gateway *', /the form is: gateway/],
    ['no domain', 'gateway -x- a.example', /a domain name such as/],
    ['a pattern of nonsense', 'gateway *@x a.example', /a domain such as/],
    ['a bad port', 'gateway * a.example:0', /a host such as/],
    ['an unknown option', 'gateway * a.example users=site', /"users" is no option of gateway; there are user,/],
    ['a user alone', 'gateway * a.example user=site', /either password_file=PATH or password=TEXT/],
    ['both passwords', 'gateway * a.example user=s password=a password_file=secret', /either password_file/],
    ['a password alone', 'gateway * a.example password=tea-of-mine', /a password needs user=/],
    ['an empty password', 'gateway * a.example user=site password=', /the password is empty/],
    [
      'a file that is not there',
      'gateway * a.example user=site password_file=none',
      /the password file cannot be read/,
    ],
    ['a certificate that is not there', 'gateway * a.example ca=none', /the file of ca= cannot be read/],
    ['no such TLS', 'gateway * a.example tls=maybe', /tls= is one of required, try, off, implicit/],
    [
      'a password for anybody',
      'gateway * a.example user=site password=tea-of-mine tls=try',
      /tls=try would send the password to anybody/,
    ],
  ])('%s is refused, and no mistake repeats the line', (_, text, wrong) => {
    const { said } = load(text);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(wrong);
    expect(said[0]).not.toMatch(/tea-of-mine/);
  });
});

describe('proxy_domain', () => {
  const at = (host: string, port: number) => ({ host, port });
  test.each<[string, string, unknown]>([
    [
      'the original’s form',
      'proxy_domain * 192.0.2.1 $IP:25',
      { kind: 'telnet', ...at('192.0.2.1', 23), request: '$IP:25' },
    ],
    [
      'a request of several words',
      'proxy_domain * 192.0.2.1:2323 connect  $HOST 25',
      { kind: 'telnet', ...at('192.0.2.1', 2323), request: 'connect  $HOST 25' },
    ],
    [
      'SOCKS5',
      'proxy_domain * socks5://gate.example',
      { kind: 'socks5', ...at('gate.example', 1080), login: null, remoteNames: false },
    ],
    [
      'SOCKS5 that looks names up',
      'proxy_domain * SOCKS5h://[::1]:9050',
      { kind: 'socks5', ...at('::1', 9050), login: null, remoteNames: true },
    ],
    [
      'SOCKS5 with a login',
      'proxy_domain * socks5://a%40b@gate.example:1 password=tea',
      { kind: 'socks5', ...at('gate.example', 1), login: { user: 'a@b', password: 'tea' }, remoteNames: false },
    ],
    [
      'HTTP CONNECT',
      'proxy_domain * http://site@192.0.2.1/ password_file=secret',
      { kind: 'http', ...at('192.0.2.1', 3128), login: { user: 'site', password: 'from the file' }, remoteNames: true },
    ],
    ['an exception', 'proxy_domain * direct', null],
  ])('%s', (_, text, proxy) => {
    const { settings, said } = load(text);
    expect(said).toEqual([]);
    expect(settings.proxy_domain).toMatchObject([{ domain: '*', proxy }]);
  });

  test.each<[string, string, RegExp]>([
    ['no proxy', 'proxy_domain *', /the form is: proxy_domain/],
    ['a request that leads nowhere', 'proxy_domain * 192.0.2.1 open', /must say where to: \$IP/],
    ['no request', 'proxy_domain * 192.0.2.1', /must say where to/],
    ['a request that is no line', 'proxy_domain * 192.0.2.1 $IP\x01', /one line of plain ASCII/],
    ['another kind of proxy', 'proxy_domain * https://gate.example', /a proxy such as/],
    [
      'a password in the address',
      'proxy_domain * socks5://ann:tea-of-mine@gate.example',
      /does not belong into the address/,
    ],
    ['a password without user', 'proxy_domain * socks5://gate.example password=tea-of-mine', /a password needs a user/],
    ['a user without password', 'proxy_domain * socks5://ann@gate.example', /either password_file/],
    [
      'a password that is too long',
      `proxy_domain * socks5://ann@gate.example password=${'x'.repeat(256)}`,
      /1 to 255 octets/,
    ],
    ['an unknown option', 'proxy_domain * http://gate.example tls=on', /no option of proxy_domain/],
    ['a colon in a user of HTTP', 'proxy_domain * http://a%3Ab@gate.example password=tea', /cannot hold a colon/],
    ['two lines for a domain', 'proxy_domain * direct\nproxy_domain * socks5://gate.example', /\* has two lines/],
  ])('%s is refused', (_, text, wrong) => {
    const { said } = load(text);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(wrong);
    expect(said[0]).not.toMatch(/tea-of-mine/);
  });
});

describe('fetch by a proxy', () => {
  const line = 'fetch ann@x.example pop3s://u@pop.example password=tea-of-mine';
  test('is an option of its line', () => {
    const { settings, said } = load(`${line} proxy=socks5h://site@gate.example proxy_password_file=secret`);
    expect(said).toEqual([]);
    const proxy = {
      kind: 'socks5',
      host: 'gate.example',
      port: 1080,
      login: { user: 'site', password: 'from the file' },
    };
    expect(settings.fetch[0]).toMatchObject({ password: 'tea-of-mine', proxy });
  });
  test.each<[string, RegExp]>([
    ['proxy=ftp://gate.example', /proxy= a proxy such as/],
    ['proxy=192.0.2.1:23', /proxy= a proxy such as/],
    ['proxy_password=x', /a proxy password needs proxy=/],
    ['proxy=socks5://site@gate.example', /proxy= give either password_file/],
  ])('is refused: %s', (option, wrong) => {
    const { said } = load(`${line} ${option}`);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(wrong);
    expect(said[0]).not.toMatch(/tea-of-mine/);
  });
});

test('dns_host takes addresses with port and tcp:', () => {
  const { settings, said } = load('dns_host 192.0.2.53, tcp:[2001:db8::53]:54');
  expect(said).toEqual([]);
  expect(settings.dns_host).toEqual(['192.0.2.53', 'tcp:[2001:db8::53]:54']);
  expect(load('dns_host ns.example').said[0]).toMatch(/an address such as 192\.0\.2\.53.*not "ns\.example"/);
});

test('outgoing_ip must be this machine’s, one of each family', () => {
  for (const ip of ['127.0.0.1', '127.0.0.2']) expect(load(`outgoing_ip ${ip}\noutgoing_ipv6 prefer`).said).toEqual([]);
  expect(load('outgoing_ip 192.0.2.1').said).toEqual(['outgoing_ip: 192.0.2.1 is no address of this machine']);
  const own = Object.values(networkInterfaces())
    .flatMap(i => i ?? [])
    .filter(i => i.family === 'IPv4')
    .map(i => i.address);
  if (own[1])
    expect(load(`outgoing_ip ${own[0]},${own[1]}`).said).toEqual(['outgoing_ip: only one IPv4 address can be named']);
  expect(load('outgoing_ipv6 maybe').said[0]).toMatch(/one of prefer, avoid, off/);
});

test('neededFiles knows the password and certificate files of gateways and proxies', () => {
  writeFileSync(
    join(folder, 'a.conf'),
    'gateway * a.example,b.example user=site password_file=secret ca=ca.pem\nproxy_domain * http://u@h.example password_file=secret',
  );
  const loaded = loadSettings({ config: join(folder, 'a.conf'), set: [] });
  expect(neededFiles(loaded).map(f => [f.setting, f.path.slice(folder.length + 1), f.problem])).toEqual([
    ['settings', 'a.conf', null],
    ['gateway', 'secret', null],
    ['gateway', 'ca.pem', null],
  ]);
});

test('the template of a proxied gateway is good, each of its ways', () => {
  const template = readFileSync(new URL('../docs/templates/smarthost-proxy.conf', import.meta.url), 'utf8');
  writeFileSync(join(folder, 'isp-password'), 'tea');
  const way = (...lines: RegExp[]) => {
    const off = template.replace(/^(gateway|proxy_domain|dns_host)/gm, '#$1');
    return lines.reduce((text, line) => text.replace(line, whole => whole.slice(1)), off);
  };
  const seen = [
    template,
    way(/^#gateway.*smtp\.isp\.example.*$/m, /^#proxy_domain.*http:.*$/m),
    way(/^#gateway.*:1025.*$/m),
    way(/^#dns_host.*$/m, /^#proxy_domain.*\$IP.*$/m),
  ].map(text => {
    const { settings: s, said } = load(text);
    expect(said).toEqual([]);
    return [s.gateway.map(g => `${g.host}:${g.port} ${g.tls}`), s.proxy_domain.map(p => p.proxy?.kind), s.dns_host];
  });
  expect(seen).toEqual([
    [['smtp.isp.example:587 required'], ['socks5'], []],
    [['smtp.isp.example:587 required'], ['http'], []],
    [['192.168.7.1:1025 try'], [], []],
    [[], ['telnet'], ['192.168.7.1']],
  ]);
});

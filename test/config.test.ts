import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadSettings, mistakeLine, settingsReference } from '../daemon/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'cwmail-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes the files, reads the first; mistakes as a person reads them, without the folder. */
function load(files: Record<string, string>, set: string[] = []) {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const { settings, mistakes } = loadSettings({ config: join(folder, Object.keys(files)[0]!), set });
  return { settings, said: mistakes.map(m => mistakeLine(m).replaceAll(`${folder}/`, '')) };
}

describe('loadSettings takes', () => {
  test.each<[string, string, object]>([
    // Names in any case, values as they are, comments and blank lines.
    ['a name in capitals', 'HTTP_PORT 8081', { http_port: 8081 }],
    ['tabs, spaces and CRLF', '  pop_port\t 2111  \r\n', { pop_port: 2111 }],
    ['a mark of Windows editors', '\uFEFFhttp_port 8082', { http_port: 8082 }],
    ['comments and blank lines', '# http_port 1\n\n#includes are lower case\nsignup closed', { signup: 'closed' }],
    ['the last of several lines', 'listen ::1\nlisten 0.0.0.0', { listen: '0.0.0.0' }],
    // Lists.
    ['a comma list', 'host_domain A.example, b.example', { host_domain: ['a.example', 'b.example'] }],
    [
      'a list of several lines',
      'host_domain a.example\nhost_domain b.example',
      { host_domain: ['a.example', 'b.example'] },
    ],
    ['an empty list', 'trusted_proxy', { trusted_proxy: [] }],
    [
      'repeated lines',
      'forward a@x.example b@y.example\nforward *@z.example c@y.example',
      {
        forward: [
          { from: 'a@x.example', to: 'b@y.example' },
          { from: '*@z.example', to: 'c@y.example' },
        ],
      },
    ],
    ['a gateway for all', 'gateway * [::1]:2526', { gateway: [{ domain: '*', host: '::1', port: 2526 }] }],
    // Units.
    ['sizes', 'max_message_size 25M\nuser_quota 1g', { max_message_size: 25 * 1024 ** 2, user_quota: 1024 ** 3 }],
    ['times', 'retry_interval 90m\nmax_retrytime 72', { retry_interval: 5_400_000, max_retrytime: 72 * 3_600_000 }],
    ['an address of the site', 'site_url https://Mail.example.org/', { site_url: 'https://mail.example.org' }],
  ])('%s', (_, text, expected) => {
    const { settings, said } = load({ 'a.conf': text });
    expect(said).toEqual([]);
    expect(settings).toMatchObject(expected);
  });

  test('--set over the file, a list of it instead of the file’s, and several of it together', () => {
    const file = { 'a.conf': 'http_port 1111\nhost_domain a.example,b.example\ntrusted_proxy 10.0.0.1' };
    const set = ['http_port=2222', 'host_domain=c.example', 'host_domain=d.example', 'trusted_proxy='];
    const { settings, said } = load(file, set);
    expect(said).toEqual([]);
    expect(settings).toMatchObject({ http_port: 2222, host_domain: ['c.example', 'd.example'], trusted_proxy: [] });
  });

  test('paths from the folder of the file', () => {
    const fetch = 'fetch ann@x.example pop3s://u@h.example password_file=secret';
    const { settings, said } = load({ 'deep/a.conf': `data_path mail\n${fetch}`, 'deep/secret': 'hidden\nmore\n' });
    expect(said).toEqual([]);
    expect(settings.data_path).toBe(join(folder, 'deep/mail'));
    expect(settings.fetch[0]).toMatchObject({ password: 'hidden', port: 995, tls: 'required', every: 600_000 });
  });

  test('what #include names, in its place', () => {
    const { settings, said } = load({
      'a.conf': 'http_port 1111\n#include inc/b.conf\nsmtp_port 1113',
      'inc/b.conf': '#include c.conf\nhttp_port 1112',
      'inc/c.conf': 'pop_port 1114',
    });
    expect(said).toEqual([]);
    expect(settings).toMatchObject({ http_port: 1112, pop_port: 1114, smtp_port: 1113 });
  });

  test('online: always with a file, since who writes one means it', () => {
    expect(load({ 'a.conf': '' }).settings.online).toBe('always');
  });
});

describe('loadSettings refuses', () => {
  test('every mistake at once, each with its line', () => {
    const { said } = load({
      'a.conf': [
        'http_prot 8080',
        'smtp_port none',
        'pop_port 70000',
        'listen localhost',
        'host_domain ok.example, not ok',
        'forward a@x.example',
        'gateway *',
        'online sometimes',
        'max_message_size big',
        'retry_interval soon',
        'site_url mail.example.org',
        'colour blue',
        '__proto__ x',
      ].join('\n'),
    });
    expect(said).toEqual([
      'a.conf:1: there is no setting "http_prot"; did you mean http_port?',
      'a.conf:2: smtp_port: a whole number from 1 to 65535 belongs here, not "none"',
      'a.conf:3: pop_port: a whole number from 1 to 65535 belongs here, not "70000"',
      'a.conf:4: listen: an IP address such as 127.0.0.1 or ::1 belongs here, not "localhost"',
      'a.conf:5: host_domain: a domain name such as example.org belongs here, not "not ok"',
      'a.conf:6: forward: the form is: forward FROM TO, not "a@x.example"',
      'a.conf:7: gateway: the form is: gateway DOMAIN|* HOST[:PORT], not "*"',
      'a.conf:8: online: one of always, never belongs here, not "sometimes"',
      'a.conf:9: max_message_size: a size such as 10000000, 500k, 25M or 2G belongs here, not "big"',
      'a.conf:10: retry_interval: a time such as 30s, 10m, 2h or 14d belongs here, not "soon"',
      'a.conf:11: site_url: an address such as https://mail.example.org belongs here, without a path, not "mail.example.org"',
      'a.conf:12: there is no setting "colour"',
      'a.conf:13: there is no setting "__proto__"',
    ]);
  });

  test.each<[string, Record<string, string>, string[], RegExp]>([
    // Files.
    [
      'a file that is not there',
      { 'a.conf': '#include gone.conf' },
      [],
      /^a\.conf:1: gone\.conf cannot be read: ENOENT/,
    ],
    [
      'a file that includes itself',
      { 'a.conf': '\n#include a.conf' },
      [],
      /^a\.conf:2: a\.conf includes itself by way of this line$/,
    ],
    [
      'files that include each other',
      { 'a.conf': '#include b.conf', 'b.conf': '# x\n#include a.conf' },
      [],
      /^b\.conf:2: a\.conf includes itself/,
    ],
    [
      'a mistake of an included file',
      { 'a.conf': '#include b.conf', 'b.conf': '\n\nnonsense 1' },
      [],
      /^b\.conf:3: there is no setting "nonsense"/,
    ],
    // What no line alone is wrong about.
    [
      'two listeners on one port',
      { 'a.conf': 'http_port 2525' },
      [],
      /^a\.conf: smtp_port and http_port are both 2525/,
    ],
    [
      'a certificate without its key',
      { 'a.conf': 'tls_cert a.conf' },
      [],
      /^a\.conf: tls_cert and tls_key go together/,
    ],
    [
      'a certificate that is not there',
      { 'a.conf': 'tls_cert x.pem\ntls_key a.conf' },
      [],
      /^a\.conf: tls_cert: there is no file x\.pem/,
    ],
    ['no domain at all', { 'a.conf': 'host_domain' }, [], /^a\.conf: host_domain: a domain name/],
    // --set.
    [
      '--set of an unknown name',
      { 'a.conf': '' },
      ['htp_port=1'],
      /^--set: there is no setting "htp_port"; did you mean http_port\?$/,
    ],
    ['--set without a value', { 'a.conf': '' }, ['http_port'], /^--set: http_port: a whole number .* not ""$/],
  ])('%s', (_, files, set, pattern) => {
    const { said } = load(files, set);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(pattern);
  });

  test.each(['gone.conf', '.'])('a settings file that cannot be read: %s', name => {
    const { mistakes } = loadSettings({ config: join(folder, name), set: [] });
    expect(mistakes.map(mistakeLine)).toEqual([expect.stringMatching(/: cannot be read: E(NOENT|ISDIR): /)]);
  });

  test.each([
    'ann@x.example',
    'ann@x.example https://u@h.example password=hidden',
    'ann@x.example pop3://u:hidden@h.example password=hidden',
    'ann@x.example pop3://u@h.example',
    'ann@x.example pop3://u@h.example password=hidden password_file=gone',
    'ann@x.example pop3://u@h.example password_file=gone',
    'ann@x.example pop3://%zz@h.example password=hidden',
    'ann@x.example pop3://u@h.example password=hidden tls=maybe',
    'ann@x.example pop3://u@h.example password=hidden delete keep',
    'ann@x.example pop3://u@h.example password=hidden every=often',
    'ann@x.example pop3://u@h.example password=hidden envelope=X-To',
    '*@x.example pop3://u@h.example password=hidden default=nobody',
    'ann pop3://u@h.example password=hidden',
  ])('fetch %s, and does not repeat its password', line => {
    const { said } = load({ 'a.conf': `fetch ${line}` });
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/^a\.conf:1: fetch: /);
    expect(said[0]).not.toContain('hidden');
  });
});

test('settingsReference is docs/settings.md; `npx cwmail config reference > docs/settings.md` makes it so', () => {
  const path = new URL('../docs/settings.md', import.meta.url);
  expect(`${settingsReference()}\n`).toBe(readFileSync(path, 'utf8'));
});

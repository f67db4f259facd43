import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadSettings, type Mistake, mistakeLine, neededFiles, settingsReference } from '../daemon/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'cwmail-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes the files, reads the first; mistakes as a person reads them, without the folder. */
function load(files: Record<string, string>, set: string[] = []) {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const loaded = loadSettings({ config: join(folder, Object.keys(files)[0]!), set });
  const shown = (all: Mistake[]) => all.map(m => mistakeLine(m).replaceAll(`${folder}/`, ''));
  const { settings, mistakes, warnings, notes } = loaded;
  return { settings, loaded, said: shown(mistakes), warned: shown(warnings), noted: shown(notes) };
}

describe('loadSettings takes', () => {
  test.each<[string, string, object]>([
    // Names in any case, values as they are, comments and blank lines.
    ['a name in capitals', 'HTTP_PORT 8081', { http_port: 8081 }],
    ['tabs, spaces and CRLF', '  pop_port\t 2111  \r\n', { pop_port: 2111 }],
    ['a mark of Windows editors', '\uFEFFhttp_port 8082', { http_port: 8082 }],
    ['comments and blank lines', '# http_port 1\n\n#includes are lower case\nsignup closed', { signup: 'closed' }],
    ['the last of several lines', 'pop_port 2111\npop_port 2112', { pop_port: 2112 }],
    [
      'addresses by comma and by line',
      'listen ::1\nlisten 127.0.0.2, 127.0.0.3',
      { listen: ['::1', '127.0.0.2', '127.0.0.3'] },
    ],
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
    // Time zones: by name, or as text.
    ['a zone by name', 'timezone europe/berlin', { timezone: 'Europe/Berlin' }],
    ['a zone as text', 'timezone -0800 PST', { timezone: '-0800 PST' }],
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

  test('what #include names by a pattern, by name', () => {
    const { settings, said } = load({
      'a.conf': '#include glob/*.conf',
      'glob/20-late.conf': 'http_port 1112',
      'glob/10-early.conf': 'http_port 1111\nsmtp_port 1113',
      'glob/.hidden.conf': 'nonsense 1',
      'glob/other.txt': 'nonsense 2',
    });
    expect(said).toEqual([]);
    expect(settings).toMatchObject({ http_port: 1112, smtp_port: 1113 });
    expect(load({ 'a.conf': '#include none/*.conf' }).said).toEqual([]);
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
        'timezone Europe/Atlantis',
      ].join('\n'),
    });
    expect(said).toEqual([
      'a.conf:1: there is no setting "http_prot"; did you mean http_port?',
      'a.conf:2: smtp_port: a whole number from 1 to 65535 belongs here, not "none"',
      'a.conf:3: pop_port: a whole number from 1 to 65535 belongs here, not "70000"',
      'a.conf:4: listen: an IP address such as 127.0.0.1 or ::1 belongs here, not "localhost"',
      'a.conf:5: host_domain: a domain name such as example.org belongs here, not "not ok"',
      'a.conf:6: forward: the form is: forward FROM TO, not "a@x.example"',
      'a.conf:7: gateway: the form is: gateway DOMAIN|*.DOMAIN|* HOST[:PORT][,HOST[:PORT]…] [OPTION=VALUE …]',
      'a.conf:8: online: one of always, never belongs here, not "sometimes"',
      'a.conf:9: max_message_size: a size such as 10000000, 500k, 25M or 2G belongs here, not "big"',
      'a.conf:10: retry_interval: a time such as 30s, 10m, 2h or 14d belongs here, not "soon"',
      'a.conf:11: site_url: an address such as https://mail.example.org belongs here, without a path (that is base_path), not "mail.example.org"',
      'a.conf:12: there is no setting "colour"',
      'a.conf:13: there is no setting "__proto__"',
      'a.conf:14: timezone: a time zone such as Europe/Berlin, or a text such as -0800 PST, belongs here, not "Europe/Atlantis"',
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
    [
      'a pattern in the folder of an include',
      { 'a.conf': '#include */b.conf' },
      [],
      /^a\.conf:1: \*\/b\.conf: \* and \? may stand in the last part/,
    ],
    [
      'a pattern that takes the file itself in',
      { 'self/a.conf': '#include *.conf' },
      [],
      /^self\/a\.conf:1: \*\.conf includes itself/,
    ],
    [
      'includes that go too deep',
      Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`deep/${i}.conf`, `#include ${i + 1}.conf`])),
      [],
      /^deep\/15\.conf:1: 16\.conf is not read: includes go 16 files deep/,
    ],
    // Lists of IP addresses: wildcards or a range, per entry.
    [
      'a range behind !',
      { 'a.conf': 'user_ip_address *, !161.29.3-5.24' },
      [],
      /^a\.conf:1: user_ip_address: an entry has either ! \* \? or a range x-y, never both, not "!161\.29\.3-5\.24"$/,
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
    [
      'a pickup folder that is the mail store',
      { 'a.conf': 'data_path mail\npickup_path ./mail' },
      [],
      /^a\.conf: pickup_path: mail has other files of ours; give it a folder of its own/,
    ],
    [
      'a pickup folder that is the settings’ own',
      { 'a.conf': 'pickup_path .' },
      [],
      /^a\.conf: pickup_path: \S+ has other files of ours/,
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

  test.each([
    'mail.example user=u',
    'mail.example password=hidden',
    'mail.example user=u password=hidden password_file=gone',
    'mail.example user=u password=hidden tls=maybe',
    'mail.example user=u password=hidden tls=try',
    'mail.example user=u password=hidden port=25',
    'mail example user=u password=hidden',
  ])('etrn_from %s, and does not repeat its password', line => {
    const { said } = load({ 'a.conf': `etrn_from ${line}` });
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/^a\.conf:1: etrn_from: /);
    expect(said[0]).not.toContain('hidden');
  });

  test.each([
    ['fetch', '*@a.example odmr://u@h.example password=x keep'],
    ['fetch', 'ann@a.example odmr://u@h.example password=x'],
    ['fetch', '*@a.example,b.example odmr://u@h.example password=x'],
    ['suspend_domain', '*'],
    ['suspend_domain', '*.*.example'],
    ['suspend_domain', 'a..example'],
    ['etrn_allow', 'a.example'],
    ['etrn_allow', 'a.example user=nobody'],
    ['etrn_allow', 'a.example 300.1.2.3'],
    ['etrn_relay', 'a.example:0'],
    ['odmr', 'a.example'],
    ['odmr', 'a.example,*.b.example ann@a.example'],
    ['odmr', 'a.example ann@a.example secret_file=gone'],
    ['odmr', 'a.example ann@a.example secret=xyz'],
  ])('%s %s is a mistake, said with its line', (name, value) => {
    const { said } = load({ 'a.conf': `${name} ${value}` });
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(new RegExp(`^a\\.conf:1: ${name}: `));
  });

  test('domains and rights of parked mail are read in their one spelling', () => {
    const { settings, said } = load({
      'a.conf': [
        'suspend_domain Office.Example, *.BÜCHER.example',
        'etrn_allow *.Office.example 192.0.2.1, 10.*',
        'etrn_allow b.example user=Ann@A.example',
        'odmr A.example, b.example Ann@a.example',
        'fetch *@A.example, *@b.example odmr://u@H.example password=x',
      ].join('\n'),
    });
    expect(said).toEqual([]);
    expect(settings.suspend_domain).toEqual(['office.example', '*.xn--bcher-kva.example']);
    expect(settings.etrn_allow).toEqual([
      { domain: '*.office.example', by: { kind: 'address', ips: ['192.0.2.1', '10.*'] } },
      { domain: 'b.example', by: { kind: 'account', account: 'ann@a.example' } },
    ]);
    expect(settings.odmr).toEqual([{ domains: ['a.example', 'b.example'], account: 'ann@a.example', secret: null }]);
    expect(settings.fetch[0]).toMatchObject({
      ...{
        name: 'u@h.example:366',
        to: { kind: 'odmr', domains: ['a.example', 'b.example'] },
        port: 366,
        tls: 'required',
      },
    });
  });
});

test('settingsReference is docs/settings.md; `npx cwmail config reference > docs/settings.md` makes it so', () => {
  const path = new URL('../docs/settings.md', import.meta.url);
  expect(`${settingsReference()}\n`).toBe(readFileSync(path, 'utf8'));
});

describe('loadSettings warns', () => {
  test('of a suspended domain whose mail nobody may bring', () => {
    const { warned } = load({
      'a.conf':
        'relay_to a.example,*.b.example\nsuspend_domain a.example,x.b.example,*.c.b.example,b.example,d.example',
    });
    expect(warned.map(w => /for (\S+), so only/.exec(w)?.[1])).toEqual(['b.example', 'd.example']);
  });

  test.each<[string, boolean]>([
    ['gateway * 127.0.0.1:2525', true],
    ['gateway far.test localhost:2525', true],
    ['listen 0.0.0.0\ngateway * 127.0.0.9:2525', true],
    ['listen 192.0.2.1\ngateway * 127.0.0.1:2525', false],
    ['listen 0.0.0.0\ngateway * 192.0.2.1:2525', false],
    ['listen 0.0.0.0\nsmtp_listen 127.0.0.2\ngateway * 127.0.0.1:2525', false],
    ['smtp_listen 127.0.0.2,::1\ngateway * [::1]:2525', true],
    ['gateway * 127.0.0.1:2526', false],
    ['gateway * mx:localhost:2525', false],
  ])('of a gateway that is this server: %s', (lines, isWarned) => {
    const { warned } = load({ 'a.conf': lines });
    expect(warned.some(w => /gateway: \S+:2525 is this server itself/.test(w))).toBe(isWarned);
  });

  test('of proxies of the site that are the whole world', () => {
    const { warned } = load({ 'a.conf': 'trusted_proxy *' });
    expect(warned).toEqual([expect.stringMatching(/^a\.conf:1: trusted_proxy: anybody may claim to be anywhere/)]);
    expect(load({ 'a.conf': 'trusted_proxy 10.0.0.0/8' }).warned).toEqual([]);
  });

  test('of domains of ours that are named as those of others', () => {
    const { warned } = load({
      'a.conf': 'host_domain a.test\nvdomain x /x v.test\nrelay_to v.test\nsuspend_domain a.test',
    });
    expect(warned).toEqual([
      'a.conf: suspend_domain: a.test is a domain of ours: its mail goes into mailboxes here, and is never passed on',
      'a.conf: relay_to: v.test is a domain of ours: its mail goes into mailboxes here, and is never passed on',
    ]);
  });

  test('of a list that no address can pass, at its last line, and starts all the same', () => {
    const { said, warned } = load({
      'a.conf': 'user_ip_address 1.2.3.4\nuser_ip_address 5.6.7.8\nservice_ip !10.0.0.1\ntrusted_proxy 10.0.0.1',
    });
    expect(said).toEqual([]);
    expect(warned).toEqual([
      'a.conf:2: user_ip_address: no address can pass: every entry must take it',
      'a.conf:3: service_ip: no address can pass: each entry is excluded by another, or is itself an exclusion',
    ]);
  });
});

describe('loadSettings takes an old dmail.conf', () => {
  const { settings, loaded, said, noted } = load({
    'dmail.conf': [
      '# DMail of 1999',
      'authent_method external',
      'authent_process /usr/local/dmail/nwauth -path /secret',
      'host_domain example.org',
      'host_domain example.net',
      'drop_path /var/spool/mail',
      'sysadmin root@example.org',
      'pop_port 1110',
      'user_ip_address *,!161.29.5.*',
      'manger_ip_address 127.0.0.1',
      'drop_prefixes true',
      'max_retrytime 72',
      'min_space 50',
      'log_level debug',
      'gateway * 10.0.0.1:1025',
      'forward *@example.org default@example.net',
      'fallback_address example.org default@example.com',
      'manager_password swordfish',
      'bomb_exception_ip 10.0.0.1',
    ].join('\n'),
  });

  test('without a mistake, with the same meaning', () => {
    expect(said).toEqual([]);
    expect(settings).toMatchObject({
      host_domain: ['example.org', 'example.net'],
      alias: [{ from: 'postmaster@example.org', to: 'root@example.org' }],
      pop_port: 1110,
      user_ip_address: ['*', '!161.29.5.*'],
      max_retrytime: 72 * 3_600_000,
      min_space: 50 * 1024 ** 2,
      log_level: 'debug',
      gateway: [{ domain: '*', host: '10.0.0.1', port: 1025 }],
    });
  });

  test('and notes of each line that is not ours what became of it', () => {
    expect(noted).toEqual([
      'dmail.conf:2: authent_method: ignored: accounts are kept in the store; cwmail user add makes them',
      'dmail.conf:3: authent_process: ignored: accounts are kept in the store; cwmail user add makes them',
      'dmail.conf:6: drop_path: ignored: mail, queue and logs lie below data_path',
      'dmail.conf:7: sysadmin: read as: alias postmaster@example.org root@example.org',
      'dmail.conf:10: manger_ip_address: it is spelled manager_ip_address',
      'dmail.conf:10: manager_ip_address: ignored: the servers are managed over a socket of this machine that only their own user may open',
      'dmail.conf:11: drop_prefixes: it is spelled drop_prefix',
      'dmail.conf:11: drop_prefix: ignored: mailboxes are no files, so there are none to place, name or convert',
      'dmail.conf:18: manager_password: ignored: the servers are managed over a socket of this machine that only their own user may open',
      'dmail.conf:19: bomb_exception_ip: ignored: messages are not compared; fromip_ and user_ settings limit how many come from an address and an account',
    ]);
  });

  test('and says of the others that they are kept', () => {
    expect(loaded.verdicts.filter(v => v.what === 'kept').map(v => v.name)).toEqual(
      expect.arrayContaining(['host_domain', 'pop_port', 'max_retrytime', 'forward', 'fallback_address', 'alias']),
    );
  });

  // Every name of the published lists, with or without a declaration of ours.
  test.each(
    `add_footer add_status alias alias_fallthrough alias_file alias_file_domain allow_dds allowdup alt_drop_path apop_enable
    archive_batch auth_nocache authent_cache authent_domain authent_method authent_number authent_process authent_timeout
    ban_ip ban_ip_except ban_mailfrom ban_rcptto bin_path bin_pfull bomb_dec bomb_dir bomb_entries bomb_exception_from
    bomb_exception_ip bomb_exception_to bomb_max bounce_body bulletin_from bulletin_path dlist_domain dlist_loglvl dlist_path
    dlist_rotate dlist_smtp_host dns_host dns_timeout domain_chroot dpop_host dpop_path drop_max drop_path drop_prefix
    drop_prefixes drop_users dsmtp_path dwatch_path etrn_relay fake_vrfy fallback_address forward forward_cc forward_from
    forward_from_ip forward_user fromip_max fromip_nolimit gateway hash_bindir hash_spool hide hide_auth hide_old_bulls
    host_domain lock_id log_chain log_data log_level manager_ip_address manager_ip_name manager_password manger_ip_address
    max_log_size max_loglen max_rcpts max_retrytime min_space msg_filter oneline_stats pickup_path pop_port proxy_domain
    ras_timer relay_to robot_defaultuser rotated_logs slave_number smtp_port smtp_welcome stats_path suspend_domain sysadmin
    timezone use_drop user_ip_address user_quota vdomain work_path`.split(/\s+/),
  )('%s is known by name', name => {
    expect(load({ 'a.conf': `${name} x` }).said.join()).not.toContain('there is no setting');
  });
});

test('neededFiles lists every file the settings name, each once, and whether it can be read', () => {
  const { loaded } = load({
    'need/a.conf':
      '#include b.conf\ntls_cert both.pem\ntls_key both.pem\nfetch ann@x.example pop3://u@h password_file=pw',
    'need/b.conf': '',
    'need/pw': 'hidden',
  });
  expect(neededFiles(loaded).map(f => [f.path.replace(`${folder}/need/`, ''), f.setting, f.problem !== null])).toEqual([
    ['a.conf', 'settings', false],
    ['b.conf', '#include', false],
    ['both.pem', 'tls_cert', true],
    ['pw', 'fetch', false],
  ]);
});

import type { AliasRule, FallbackRule, ForwardRule, Gateway, Settings } from '../config.ts';
import { fetchAccount } from './fetch-line.ts';
import * as v from './values.ts';

/** One declaration a setting: the parser, the check, the printed reference and the console read it here. */
export type Declaration<T> = {
  /** One sentence, or a few, for the reference. */
  doc: string;
  /** What the reference shows as its form. */
  form: string;
  group: 'Place' | 'Listeners' | 'Mail' | 'Queue' | 'Accounts' | 'Fetching' | 'Web' | 'Log';
  /** The value without a line in the file. */
  initial: T;
  /** single: the last line counts · comma: entries of one or several lines · lines: each line is an entry. */
  kind: 'single' | 'comma' | 'lines';
  /** `folder`: what a relative path in it starts from. */
  parse(text: string, folder: string): v.Parsed<T extends readonly (infer E)[] ? E : T>;
  /** Does a change of it need a restart of the servers? */
  restart: boolean;
};

type Declarations = { [K in keyof Settings]: Declaration<Settings[K]> };

const single = <T>(d: Omit<Declaration<T>, 'kind'>): Declaration<T> => ({ ...d, kind: 'single' });
const port = (doc: string, initial: number, min = 1) =>
  single<number>({
    doc,
    form: 'PORT',
    group: 'Listeners',
    initial,
    restart: true,
    parse: v.whole(min, 65535) as never,
  });

export const declarations: Declarations = {
  data_path: single({
    doc: 'The folder of the mail store, the certificate made at first start, the keys and the logs.',
    form: 'FOLDER',
    group: 'Place',
    initial: './data',
    restart: true,
    parse: t => (t === '' ? v.wrong('a folder belongs here') : v.right(t)),
  }),
  host_domain: {
    doc: 'The domains whose mail is ours. The first is the main one: the name in the greeting, and what a user name without a domain belongs to.',
    form: 'DOMAIN[,DOMAIN…]',
    group: 'Place',
    initial: ['localhost'],
    kind: 'comma',
    restart: true,
    parse: v.domain,
  },
  listen: single({
    doc: 'The address all listeners bind to. 127.0.0.1 is this machine alone; 0.0.0.0 or :: is every interface.',
    form: 'IP',
    group: 'Listeners',
    initial: '127.0.0.1',
    restart: true,
    parse: v.ipAddress,
  }),
  smtp_port: port('Where other mail servers deliver to us. The standard is 25.', 2525),
  submission_port: port('Where users send from, signed in. The standard is 587.', 2587),
  pop_port: port('Where POP3 clients fetch. The standard is 110.', 2110),
  http_port: port('Where the site is served. The standard is 80.', 8080),
  https_port: port('Where the site is served over TLS; 0: nowhere. The standard is 443.', 0, 0),
  tls_cert: single({
    doc: 'The certificate chain, PEM. Empty: a self-signed one, made at first start.',
    form: 'FILE',
    group: 'Listeners',
    initial: '',
    restart: true,
    parse: v.text,
  }),
  tls_key: single({
    doc: 'The private key of tls_cert, PEM.',
    form: 'FILE',
    group: 'Listeners',
    initial: '',
    restart: true,
    parse: v.text,
  }),
  max_message_size: single<number>({
    doc: 'The largest message taken, by SMTP, from the webmail and from upstream.',
    form: 'SIZE',
    group: 'Mail',
    initial: 100 * 1024 * 1024,
    restart: true,
    parse: v.size,
  }),
  bare_newline: single<Settings['bare_newline']>({
    doc: 'A lone CR or LF in content becomes CRLF (normalize), or the message is refused (refuse).',
    form: 'normalize|refuse',
    group: 'Mail',
    initial: 'normalize',
    restart: true,
    parse: v.oneOf('normalize', 'refuse'),
  }),
  forward: {
    doc: 'Mail for FROM goes to TO instead. All lines that match apply. FROM may be *@DOMAIN.',
    form: 'FROM TO',
    group: 'Mail',
    initial: [],
    kind: 'lines',
    restart: true,
    parse: forwardRule,
  },
  alias: {
    doc: 'ADDRESS is another name of TARGET; several lines for one address make a group. Looked at when no forward line matches.',
    form: 'ADDRESS TARGET',
    group: 'Mail',
    initial: [],
    kind: 'lines',
    restart: true,
    parse: aliasRule,
  },
  fallback_address: {
    doc: 'Mail for an address of DOMAIN that nothing else takes goes to ADDRESS.',
    form: 'DOMAIN ADDRESS',
    group: 'Mail',
    initial: [],
    kind: 'lines',
    restart: true,
    parse: fallbackRule,
  },
  online: single<Settings['online']>({
    doc: 'May we open connections for mail to other hosts? never: remote mail is parked and nothing is fetched. Without a settings file it is never, so that a trial dials nobody.',
    form: 'always|never',
    group: 'Queue',
    initial: 'always',
    restart: true,
    parse: v.oneOf('always', 'never'),
  }),
  gateway: {
    doc: 'Mail for DOMAIN (`*`: for all others) goes to HOST rather than to the domain’s own servers.',
    form: 'DOMAIN|* HOST[:PORT]',
    group: 'Queue',
    initial: [],
    kind: 'lines',
    restart: true,
    parse: gateway,
  },
  retry_interval: single<number>({
    doc: 'The longest pause between two attempts; the first ones are shorter.',
    form: 'TIME',
    group: 'Queue',
    initial: 2 * 3_600_000,
    restart: true,
    parse: v.duration('h'),
  }),
  max_retrytime: single<number>({
    doc: 'How long delivery is tried before the sender is told that it failed. A bare number counts hours.',
    form: 'TIME',
    group: 'Queue',
    initial: 48 * 3_600_000,
    restart: true,
    parse: v.duration('h'),
  }),
  signup: single<Settings['signup']>({
    doc: 'May visitors of the site make accounts?',
    form: 'open|closed',
    group: 'Accounts',
    initial: 'open',
    restart: true,
    parse: v.oneOf('open', 'closed'),
  }),
  user_quota: single<number>({
    doc: 'What a new account may hold; 0: no limit.',
    form: 'SIZE',
    group: 'Accounts',
    initial: 0,
    restart: true,
    parse: v.size,
  }),
  service_ip: {
    doc: 'Addresses besides loopback from which the webmail and the fetcher may hand over mail as services.',
    form: 'IP[,IP…]',
    group: 'Accounts',
    initial: [],
    kind: 'comma',
    restart: true,
    parse: v.ipAddress,
  },
  fetch: {
    doc: 'A mailbox elsewhere whose mail is pulled in: for one local address, or for a whole domain (*@DOMAIN, sorted by the envelope header). Options: every=10m, delete or keep or keep=14d (delete is the default), tls=required|try|off, envelope=HEADER, default=ADDRESS.',
    form: 'ADDRESS|*@DOMAIN pop3[s]://USER@HOST[:PORT] password_file=FILE|password=TEXT [OPTION…]',
    group: 'Fetching',
    initial: [],
    kind: 'lines',
    restart: true,
    parse: fetchAccount,
  },
  site_url: single({
    doc: 'The public address of the site: for links in mail, for cookies and for the check of where a form came from. Empty: what listen and http_port make.',
    form: 'URL',
    group: 'Web',
    initial: '',
    restart: true,
    parse: v.siteUrl,
  }),
  trusted_proxy: {
    doc: 'Addresses of reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed.',
    form: 'IP[,IP…]',
    group: 'Web',
    initial: [],
    kind: 'comma',
    restart: true,
    parse: v.ipAddress,
  },
  log_level: single<Settings['log_level']>({
    doc: 'The least important lines that are written.',
    form: 'debug|info|warn|error',
    group: 'Log',
    initial: 'info',
    restart: true,
    parse: v.oneOf('debug', 'info', 'warn', 'error'),
  }),
};

function pair(t: string, form: string): v.Parsed<[string, string]> {
  const words = t.split(/\s+/);
  return words.length === 2 ? v.right([words[0]!, words[1]!]) : v.wrong(`the form is: ${form}`);
}

function addressPair(t: string, form: string, star: boolean): v.Parsed<{ from: string; to: string }> {
  const words = pair(t, form);
  if (!words.ok) return words;
  const from = v.address(star)(words.value[0]);
  if (!from.ok) return from;
  const to = v.address()(words.value[1]);
  return to.ok ? v.right({ from: from.value, to: to.value }) : to;
}

function forwardRule(t: string): v.Parsed<ForwardRule> {
  return addressPair(t, 'forward FROM TO', true);
}

function aliasRule(t: string): v.Parsed<AliasRule> {
  return addressPair(t, 'alias ADDRESS TARGET', false);
}

function fallbackRule(t: string): v.Parsed<FallbackRule> {
  const words = pair(t, 'fallback_address DOMAIN ADDRESS');
  if (!words.ok) return words;
  const domain = v.domain(words.value[0]);
  if (!domain.ok) return domain;
  const to = v.address()(words.value[1]);
  return to.ok ? v.right({ domain: domain.value, to: to.value }) : to;
}

function gateway(t: string): v.Parsed<Gateway> {
  const words = pair(t, 'gateway DOMAIN|* HOST[:PORT]');
  if (!words.ok) return words;
  const domain = v.domainOrStar(words.value[0]);
  if (!domain.ok) return domain;
  const hop = v.hostPort(words.value[1], 25);
  return hop.ok ? v.right({ domain: domain.value, ...hop.value }) : hop;
}

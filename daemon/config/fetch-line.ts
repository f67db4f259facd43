import { givenOptions, loginOf, passwordOf, tryGivesAway, unknownOption } from './line-options.ts';
import { byUrl } from './proxy-line.ts';
import type { EtrnSource, FetchAccount } from './settings/fetching.ts';
import { address, domain, duration, hostPort, type Parsed, right, wrong } from './values.ts';

const form =
  'fetch <local address | *@domain> pop3[s]|odmr://<user>@<host>[:port] password_file=PATH|password=TEXT [options]';

/** One `fetch` line: whose mail, from where, and how; passwords come from a file unless somebody insists. */
export function fetchAccount(line: string, folder: string): Parsed<FetchAccount> {
  const [target = '', url = '', ...options] = line.replace(/\s*,\s*/g, ',').split(/\s+/);
  const given = givenOptions(options);
  const unknown = unknownOption('fetch', given, known);
  if (unknown !== null) return wrong(unknown);
  const upstream = upstreamOf(url);
  if (!upstream.ok) return upstream;
  const to = /^odmr:/i.test(url) ? odmrTarget(target, given) : targetOf(target, given);
  if (!to.ok) return to;
  const rest = visiting(given);
  if (!rest.ok) return rest;
  const password = passwordOf(given, folder);
  if (!password.ok) return password;
  const proxy = proxyOf(given, folder);
  if (!proxy.ok) return proxy;
  const u = upstream.value;
  const name = `${u.user}@${u.host}:${u.port}`;
  return right({ name, to: to.value, ...u, ...password.value, ...rest.value, ...proxy.value });
}

const known = [
  ...['password_file', 'password', 'every', 'delete', 'keep', 'tls', 'envelope', 'default'],
  ...['proxy', 'proxy_password_file', 'proxy_password'],
];

const standardPort: Record<string, number> = { 'pop3:': 110, 'pop3s:': 995, 'odmr:': 366 };

const forEtrn = ['user', 'password_file', 'password', 'tls'];

/** One `etrn_from` line: whom we ask for our mail, and how we sign in there. */
export function etrnSource(line: string, folder: string): Parsed<EtrnSource> {
  const [where = '', ...options] = line.split(/\s+/);
  const given = givenOptions(options);
  const unknown = unknownOption('etrn_from', given, forEtrn);
  if (unknown !== null) return wrong(unknown);
  const hop = hostPort(where, 25);
  if (!hop.ok) return hop;
  const found = loginOf(given, folder);
  if (!found.ok) return found;
  const { login = null, file } = found.value ?? {};
  const tls = given.get('tls') ?? (login === null ? 'try' : 'required');
  if (tls !== 'required' && tls !== 'try' && tls !== 'off') return wrong('tls= is one of required, try, off');
  if (login !== null && tls === 'try') return wrong(tryGivesAway('required'));
  const name = `${hop.value.host}:${hop.value.port}`;
  return right({ name, ...hop.value, login, tls, ...(file !== undefined && { passwordFile: file }) });
}

/** Which domains an account of ODMR has; the mail is sorted as it comes, and stays nowhere else. */
function odmrTarget(target: string, given: Map<string, string>): Parsed<FetchAccount['to']> {
  const useless = ['keep', 'delete', 'envelope', 'default'].find(o => given.has(o));
  if (useless !== undefined)
    return wrong(`${useless} does not go with odmr: the upstream sends, and forgets what we took`);
  const domains: string[] = [];
  for (const one of target.split(',')) {
    const found = domain(/^\*@(.+)$/.exec(one)?.[1] ?? '');
    if (!found.ok) return wrong('with odmr, *@DOMAIN or *@DOMAIN,*@DOMAIN… belongs in front');
    domains.push(found.value);
  }
  return right({ kind: 'odmr', domains });
}

function upstreamOf(text: string): Parsed<Pick<FetchAccount, 'host' | 'port' | 'user' | 'implicitTls'>> {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !(url.protocol in standardPort) || !url.username || !url.hostname || url.password)
    return wrong(`the form is: ${form}`);
  const implicitTls = url.protocol === 'pop3s:';
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const user = decoded(url.username);
  if (user === null) return wrong('the user name has a % that is no %-encoded character; write a % itself as %25');
  return right({ host, port: Number(url.port) || standardPort[url.protocol]!, user, implicitTls });
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function targetOf(target: string, given: Map<string, string>): Parsed<FetchAccount['to']> {
  if (!target.startsWith('*@')) {
    const to = address()(target);
    if (!to.ok) return to;
    if (given.has('envelope') || given.has('default')) return wrong('envelope= and default= go with *@domain only');
    return right({ kind: 'address', address: to.value });
  }
  const d = domain(target.slice(2));
  if (!d.ok) return d;
  const fallback = given.get('default');
  if (fallback !== undefined && !address()(fallback).ok)
    return wrong('default= wants an address such as info@example.org');
  const envelope = given.get('envelope')?.toLowerCase() ?? null;
  return right({ kind: 'multidrop', domain: d.value, envelope, fallback: fallback?.toLowerCase() ?? null });
}

/** How often, under what lock, and what is left behind. */
export function visiting(given: Map<string, string>): Parsed<Pick<FetchAccount, 'every' | 'tls' | 'after'>> {
  const every = duration('m')(given.get('every') ?? '10m');
  if (!every.ok) return every;
  const tls = given.get('tls') ?? 'required';
  if (tls !== 'required' && tls !== 'try' && tls !== 'off') return wrong('tls= is one of required, try, off');
  if (given.has('delete') && given.has('keep')) return wrong('delete and keep exclude each other');
  const keepFor = given.get('keep');
  const days = keepFor ? duration('d')(keepFor) : right(0);
  if (!days.ok) return days;
  const after: FetchAccount['after'] = given.has('keep')
    ? { kind: 'keep', days: Math.ceil(days.value / 86_400_000) }
    : { kind: 'delete' };
  return right({ every: Math.max(every.value, 1000), tls, after });
}

/** `proxy=URL`, as proxy_domain has it, with the password in options of its own. */
function proxyOf(given: Map<string, string>, folder: string): Parsed<Pick<FetchAccount, 'proxy' | 'proxyFiles'>> {
  const prefix = /^proxy_/;
  const own = [...given]
    .filter(([name]) => prefix.test(name))
    .map(([name, value]) => [name.replace(prefix, ''), value] as const);
  const url = given.get('proxy');
  if (url === undefined) return own.length > 0 ? wrong('a proxy password needs proxy=') : right({});
  const way = byUrl(url, new Map(own), folder);
  if (!way.ok) return wrong(`proxy= ${way.wrong}`);
  const { proxy, files } = way.value;
  return right({ proxy, ...(files && { proxyFiles: files }) });
}

import type { Login, ProxyServer } from '../wire/proxy.ts';
import { givenOptions, passwordOf, unknownOption } from './line-options.ts';
import type { ProxyRule } from './settings/egress.ts';
import { domainPattern, hostPort, type Parsed, right, wrong } from './values.ts';

const form = 'proxy_domain DOMAIN|*.DOMAIN|* direct | socks5[h]://… | http://… | IP[:PORT] REQUEST';

/** One `proxy_domain` line. */
export function proxyLine(line: string, folder: string): Parsed<ProxyRule> {
  const m = /^(\S+)\s+(\S+)(?:\s+(\S.*))?$/.exec(line);
  const [, to = '', where = '', rest = ''] = m ?? [];
  if (!m) return wrong(`the form is: ${form}`);
  const domain = domainPattern(to);
  if (!domain.ok) return domain;
  if (where.toLowerCase() === 'direct' && rest === '') return right({ domain: domain.value, proxy: null });
  const proxy = where.includes('://') ? byOptions(where, rest, folder) : byTelnet(where, rest);
  return proxy.ok ? right({ domain: domain.value, ...proxy.value }) : proxy;
}

type Way = { proxy: ProxyServer; files?: string[] };

function byOptions(url: string, rest: string, folder: string): Parsed<Way> {
  const given = givenOptions(rest === '' ? [] : rest.split(/\s+/));
  const unknown = unknownOption('proxy_domain', given, ['password_file', 'password']);
  return unknown === null ? byUrl(url, given, folder) : wrong(unknown);
}

/** `socks5://`, `socks5h://` or `http://` with `[USER@]HOST[:PORT]`; `given`: options that hold the password. */
export function byUrl(text: string, given: Map<string, string>, folder: string): Parsed<Way> {
  const m = /^(socks5h?|http):\/\/(?:([^@/]*)@)?([^@/]+)\/?$/i.exec(text);
  if (!m) return wrong('a proxy such as socks5://proxy.example.org:1080 or http://ann@192.0.2.1:3128 belongs here');
  const scheme = m[1]!.toLowerCase();
  const where = hostPort(m[3]!, scheme === 'http' ? 3128 : 1080);
  if (!where.ok) return where;
  const login = loginOf(m[2], given, folder);
  if (!login.ok) return login;
  const kind = scheme === 'http' ? 'http' : 'socks5';
  const { login: as = null, file } = login.value ?? {};
  if (kind === 'http' && as?.user.includes(':')) return wrong('a user name for HTTP cannot hold a colon');
  const proxy = { kind, ...where.value, login: as, remoteNames: scheme !== 'socks5' } as const;
  return right({ proxy, ...(file && { files: [file] }) });
}

function loginOf(
  user: string | undefined,
  given: Map<string, string>,
  folder: string,
): Parsed<{ login: Login; file: string | undefined } | null> {
  if (!user) return given.size > 0 ? wrong('a password needs a user: socks5://USER@HOST') : right(null);
  if (user.includes(':')) return wrong('the password does not belong into the address: use password_file=FILE');
  const found = passwordOf(given, folder);
  if (!found.ok) return found;
  const login = { user: decoded(user), password: found.value.password };
  // RFC 1929 §2 has one octet for each length.
  const fits = [login.user, login.password].every(t => t !== '' && Buffer.byteLength(t) <= 255);
  return fits
    ? right({ login, file: found.value.passwordFile })
    : wrong('user and password of a proxy have 1 to 255 octets');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function byTelnet(where: string, request: string): Parsed<Way> {
  const hop = hostPort(where, 23);
  if (!hop.ok) return hop;
  if (!/\$(IP|HOST)/.test(request))
    return wrong('the request to the proxy must say where to: $IP (or $HOST), as in 192.0.2.1:23 $IP:25');
  if (/[^\x20-\x7e]/.test(request)) return wrong('the request to the proxy is one line of plain ASCII');
  return right({ proxy: { kind: 'telnet', ...hop.value, request } });
}

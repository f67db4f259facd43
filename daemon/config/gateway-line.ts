import { resolve } from 'node:path';
import { isLoopback } from '../wire/ip.ts';
import { givenOptions, loginOf, textOf, tryGivesAway, unknownOption } from './line-options.ts';
import type { Gateway } from './settings/egress.ts';
import { domainPattern, hostPort, type Parsed, right, wrong } from './values.ts';

const form = 'gateway DOMAIN|*.DOMAIN|* HOST[:PORT][,HOST[:PORT]…] [OPTION=VALUE …]';
const gatewayOptions = ['user', 'password_file', 'password', 'tls', 'ca'];

/** One `gateway` line: as many gateways as it names hosts. */
export function gatewayLine(line: string, folder: string): Parsed<Gateway[]> {
  const [to = '', ...words] = line.split(/\s+/);
  const hosts = words.filter(w => !w.includes('=')).join('');
  if (to === '' || hosts === '') return wrong(`the form is: ${form}`);
  const domain = domainPattern(to);
  if (!domain.ok) return domain;
  const given = givenOptions(words.filter(w => w.includes('=')));
  const unknown = unknownOption('gateway', given, gatewayOptions);
  if (unknown !== null) return wrong(unknown);
  const manner = mannerOf(given, folder);
  if (!manner.ok) return manner;
  return together(
    hosts
      .split(',')
      .filter(h => h !== '')
      .map(h => one(domain.value, h, manner.value)),
  );
}

function together(all: Parsed<Gateway>[]): Parsed<Gateway[]> {
  const bad = all.find(g => !g.ok);
  if (bad) return bad;
  return right(all.flatMap(g => (g.ok ? [g.value] : [])));
}

type Manner = Pick<Gateway, 'tls' | 'login' | 'ca' | 'files'>;

function one(domain: string, text: string, manner: Manner): Parsed<Gateway> {
  const mx = /^mx:/i.test(text);
  // Brackets around a name are how others say "no MX"; ours never are looked up for MX.
  const bare = (mx ? text.slice(3) : text).replace(/^\[([^\]:]+)\]/, '$1');
  const port = manner.tls === 'implicit' ? 465 : manner.login ? 587 : 25;
  const hop = hostPort(bare, port);
  if (!hop.ok) return hop;
  if (manner.login && manner.tls === 'try' && !isHere(hop.value.host))
    return wrong(tryGivesAway('required or implicit'));
  const tls = manner.login && manner.tls === undefined ? (isHere(hop.value.host) ? 'try' : 'required') : manner.tls;
  return right({ domain, ...hop.value, ...manner, ...(tls && { tls }), ...(mx && { mx }) });
}

const isHere = (host: string): boolean => host === 'localhost' || isLoopback(host);

function mannerOf(given: Map<string, string>, folder: string): Parsed<Manner> {
  const tls = given.get('tls');
  if (tls !== undefined && tls !== 'required' && tls !== 'try' && tls !== 'off' && tls !== 'implicit')
    return wrong('tls= is one of required, try, off, implicit');
  const login = loginOf(given, folder);
  if (!login.ok) return login;
  const caFile = given.has('ca') ? resolve(folder, given.get('ca')!) : null;
  const ca = caFile ? textOf(caFile) : right(undefined);
  if (!ca.ok) return wrong(`the file of ca= ${ca.wrong}`);
  const files = [login.value?.file, caFile].filter(f => typeof f === 'string');
  return right({
    ...(tls && { tls }),
    ...(login.value && { login: login.value.login }),
    ...(ca.value && { ca: ca.value }),
    ...(files.length && { files }),
  });
}

import { isLoopback } from '../wire/ip.ts';
import { visiting } from './fetch-line.ts';
import { givenOptions, unknownOption } from './line-options.ts';
import type { MailboxProvider, SendingProvider } from './settings/provider.ts';
import { hostPort, type Parsed, right, wrong } from './values.ts';

const mailboxForm = 'webmail_for pop3[s]://HOST[:PORT] [OPTION…]';
const standardPort: Record<string, number> = { 'pop3:': 110, 'pop3s:': 995 };

/** Where the mailboxes lie that the site shows. Mail stays there, unless somebody says otherwise. */
export function mailboxProvider(line: string): Parsed<MailboxProvider> {
  const [where = '', ...words] = line.split(/\s+/);
  const url = URL.canParse(where) ? new URL(where) : null;
  const port = url ? Number(url.port) || standardPort[url.protocol] : undefined;
  if (!url || !port || !url.hostname || url.username || url.password || !/^\/?$/.test(url.pathname))
    return wrong(`the form is: ${mailboxForm}`);
  const given = givenOptions(words);
  const unknown = unknownOption('webmail_for', given, ['user', 'every', 'keep', 'delete', 'tls']);
  if (unknown !== null) return wrong(unknown);
  const user = given.get('user') ?? 'address';
  if (user !== 'address' && user !== 'name') return wrong('user= is one of address, name');
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const defaults = [['every', '5m'], ...(given.has('delete') ? [] : [['keep', '']])] as [string, string][];
  const manner = visiting(new Map([...defaults, ['tls', isHere(host) ? 'try' : 'required'], ...given]));
  if (!manner.ok) return manner;
  if (manner.value.tls === 'try' && !isHere(host))
    return wrong('tls=try would show passwords to anybody on the way: say tls=required, or off where the line is safe');
  return right({ host, port, user, implicitTls: url.protocol === 'pop3s:', ...manner.value });
}

/** Where what its users write goes out, each signed in with what they signed in with here. */
export function sendingProvider(line: string): Parsed<SendingProvider> {
  const [where = '', ...words] = line.split(/\s+/);
  const given = givenOptions(words);
  const unknown = unknownOption('webmail_smtp', given, ['tls']);
  if (unknown !== null) return wrong(unknown);
  const implicit = given.get('tls') === 'implicit';
  const hop = hostPort(where, implicit ? 465 : 587);
  if (!hop.ok) return hop;
  const tls = given.get('tls') ?? (isHere(hop.value.host) ? 'try' : 'required');
  if (tls !== 'required' && tls !== 'implicit' && tls !== 'off' && !(tls === 'try' && isHere(hop.value.host)))
    return wrong('tls= is one of required, implicit, off');
  return right({ ...hop.value, tls });
}

const isHere = (host: string): boolean => host === 'localhost' || isLoopback(host);

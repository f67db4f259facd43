import type { Socket } from 'node:net';
import { parseDomain } from '../mail/address.ts';
import { type Reply, reply } from '../mail/reply.ts';
import type { Caller } from '../parking.ts';

/** What ETRN asks for (RFC 1985): a domain, a domain with all below it, or a queue by its name. */
export type Node = { kind: 'domain' | 'below'; domain: string } | { kind: 'queue'; name: string };

/** What came of ATRN: `take` gets the connection, whose other end is an SMTP server from now on (RFC 2645 §5.3). */
export type Turn = { reply: Reply; take: ((socket: Socket) => Promise<void>) | null };

/** Who hands parked mail out to those who call for it. */
export type Collecting = {
  /** Is this caller told that there is ETRN? */
  offersEtrn(caller: Caller): boolean;
  offersAtrn(caller: Caller): boolean;
  /** Never rejects. */
  etrn(caller: Caller, node: Node, id: string): Promise<Reply>;
  /** Null domains: all the caller may have. Never rejects. */
  atrn(caller: Caller, domains: string[] | null, id: string): Promise<Turn>;
};

/** RFC 5321 §4.5.3.1.4, without the line end. */
const longestLine = 510;
/** Of one ATRN. */
const mostDomains = 50;

export const syntax = {
  long: reply(500, '5.6', `The line is longer than ${longestLine} characters`),
  etrn: reply(500, '5.2', 'Syntax: ETRN domain, ETRN @domain, or ETRN #queue'),
  node: reply(501, '5.4', 'That is neither a domain nor the name of a queue'),
  atrn: reply(501, '5.4', 'Syntax: ATRN [domain,domain…]'),
} as const;

/** The one argument of ETRN, in the one spelling of domains; else what is wrong with it. */
export function parseEtrn(command: string): Node | Reply {
  if (command.length > longestLine) return syntax.long;
  const [, argument, ...more] = command.trim().split(/\s+/);
  if (argument === undefined || more.length > 0) return syntax.etrn;
  if (argument.startsWith('#')) {
    const name = argument.slice(1).toLowerCase();
    return /^[a-z0-9][a-z0-9.:_[\]-]{0,254}$/.test(name) ? { kind: 'queue', name } : syntax.node;
  }
  const below = argument.startsWith('@');
  const domain = nameOf(below ? argument.slice(1) : argument);
  return domain === null ? syntax.node : { kind: below ? 'below' : 'domain', domain };
}

/** The domains of ATRN, each once; null: none is named; else what is wrong (RFC 2645 §5.2.1). */
export function parseAtrn(command: string): string[] | null | Reply {
  if (command.length > longestLine) return syntax.long;
  const argument = command.trim().replace(/^\S+\s*/, '');
  if (argument === '') return null;
  const domains = new Set<string>();
  for (const name of argument.split(',')) {
    const domain = nameOf(name.trim());
    if (domain === null || domains.size === mostDomains) return syntax.atrn;
    domains.add(domain);
  }
  return [...domains];
}

/** A domain name; an address literal is none that mail is parked for. */
function nameOf(text: string): string | null {
  const domain = parseDomain(text);
  return domain === null || domain.startsWith('[') ? null : domain;
}

const signInFirst = reply(530, '7.0', 'Sign in first');
export const signInAgain = reply(421, '7.0', 'What opens this account has changed: connect and sign in again');

/** Who asks, where, and by which session. */
export type Asking = {
  role: 'relay' | 'submission' | 'odmr';
  caller: Caller;
  isSignedIn: boolean;
  /** Does what they signed in by open the account still? */
  stands(): Promise<boolean>;
  collecting: Collecting;
  /** For the log. */
  id: string;
};

async function answerEtrn(command: string, { role, caller, isSignedIn, collecting, id }: Asking): Promise<Reply> {
  if (role === 'submission' && !isSignedIn && !collecting.offersEtrn(caller)) return signInFirst;
  const node = parseEtrn(command);
  return 'code' in node ? node : await collecting.etrn(caller, node, id);
}

/** RFC 2645 §5.2.1. */
async function answerAtrn(command: string, asking: Asking): Promise<Turn> {
  const { role, caller, isSignedIn, collecting, id } = asking;
  const no = (why: Reply) => ({ reply: why, take: null });
  if (role === 'relay') return no(reply(502, '5.1', 'ATRN is served elsewhere'));
  if (!isSignedIn) return no(signInFirst);
  if (!(await asking.stands())) return no(signInAgain);
  const domains = parseAtrn(command);
  return domains !== null && 'code' in domains ? no(domains) : await collecting.atrn(caller, domains, id);
}

/** EHLO keywords for who may call here. */
function callKeywords({ role, caller, collecting }: Asking): string[] {
  if (role === 'odmr') return ['ATRN'];
  const atrn = role === 'submission' && caller.account !== null && collecting.offersAtrn(caller);
  return [...(collecting.offersEtrn(caller) ? ['ETRN'] : []), ...(atrn ? ['ATRN'] : [])];
}

/** What a connection asks about calls for mail. `fault`: the answer to what nobody foresaw. */
export const callHost = (role: Asking['role'], asking: () => Asking, fault: (error: unknown) => Reply) => ({
  calls: () => callKeywords(asking()),
  etrn: (command: string) => answerEtrn(command, asking()).catch(fault),
  atrn: (command: string): Promise<Turn> =>
    answerAtrn(command, asking()).catch(error => ({ reply: fault(error), take: null })),
  onlyAtrn: role === 'odmr',
});

/** As RFC 1985 writes it. */
export const nodeText = (node: Node): string =>
  node.kind === 'queue' ? `#${node.name}` : `${node.kind === 'below' ? '@' : ''}${node.domain}`;

/**
 * What is known of who really sent a message: the verdicts of hosts that are believed (RFC 8601), and our own trace.
 *
 * Anybody can write an Authentication-Results field. One counts only where its host is believed, and where our own
 * Received field says that the message came from there. It checks no signature and asks nobody.
 */
import { domainOf } from './address.ts';
import { type Header, withoutComments } from './header.ts';

export type Authenticity =
  /** It is from `domain`. `by`: the host that says so; null: we know it ourselves. */
  | { kind: 'checked'; domain: string; by: string | null }
  /** `by` looked, and it is not from `domain`. */
  | { kind: 'failed'; domain: string; by: string }
  | { kind: 'unknown' };

/** Our own Received field: whom the message came from last. */
export type LastHop = {
  /** Empty: it was handed in here, by the site or a program. */
  address: string;
  encrypted: boolean;
  /** Somebody had signed in: a person, or the fetcher. */
  signedIn: boolean;
};

export type Believed = {
  /** Names of us, as our Received fields give them. */
  ours: readonly string[];
  /** May the verdict of the host `name` be believed when mail came from there? */
  believes(name: string, hop: LastHop): boolean;
};

/** One verdict: `dkim=pass` with `header.d` and its like, all lower case. */
type Verdict = { method: string; result: string; properties: Map<string, string> };
type Verdicts = { by: string; verdicts: Verdict[] };

const LONGEST = 20_000;
const MOST_VERDICTS = 50;

/** Null: the first Received field is not one of ours. */
export function lastHop(header: Header, ours: readonly string[]): LastHop | null {
  const field = (header.get('received') ?? '').slice(0, 2_000).replace(/\s+/g, ' ');
  const parts = /^(?:from \S+ \((?:\S+ )?\[(?:IPv6:)?([\w.:]+)\]\) )?by (\S+) with (\S+) /i.exec(field);
  if (!parts || !ours.includes(parts[2]!.toLowerCase())) return null;
  // RFC 3848: ESMTPS, ESMTPA, ESMTPSA, and the same behind UTF8SMTP (RFC 6531 §4.3).
  const kind = /^(?:E|UTF8)SMTP(S?)(A?)$/i.exec(parts[3]!);
  return { address: parts[1] ?? '', encrypted: kind?.[1] === 'S', signedIn: kind?.[2] === 'A' };
}

/** `from`: the address the message shows as its author; `submitted`: somebody signed in here sent it, which we saw to. */
export function authenticity(
  header: Header,
  from: string,
  { believed, submitted }: { believed: Believed; submitted: boolean },
): Authenticity {
  const domain = domainOf(from);
  if (domain === '') return { kind: 'unknown' };
  if (submitted) return believed.ours.includes(domain) ? { kind: 'checked', domain, by: null } : { kind: 'unknown' };
  const found = believedVerdicts(header, believed);
  return found ? judge(found, domain) : { kind: 'unknown' };
}

/**
 * The topmost field of a host that is believed, and those of it up to the next Received field: a relay writes them
 * together, above what it was given (RFC 8601 §4), and what stands further down may have come with the message.
 */
function believedVerdicts(header: Header, { ours, believes }: Believed): Verdicts | null {
  const hop = lastHop(header, ours);
  if (!hop) return null;
  const found: Verdicts[] = [];
  for (const { name, value } of header.every()) {
    if (found.length > 0 && name === 'received') break;
    const read = name === 'authentication-results' ? readVerdicts(value) : null;
    if (read && believes(read.by, hop)) found.push(read);
  }
  const by = found[0]?.by;
  const verdicts = found.filter(v => v.by === by).flatMap(v => v.verdicts);
  return by === undefined ? null : { by, verdicts: verdicts.slice(0, MOST_VERDICTS) };
}

function judge({ by, verdicts }: Verdicts, domain: string): Authenticity {
  const dmarc = verdicts.find(v => v.method === 'dmarc' && covers(v.properties.get('header.from') ?? '', domain));
  if (dmarc?.result === 'pass') return { kind: 'checked', domain, by };
  if (dmarc?.result === 'fail') return { kind: 'failed', domain, by };
  const aligned = verdicts.some(v => v.result === 'pass' && covers(speaksFor(v), domain));
  return aligned ? { kind: 'checked', domain, by } : { kind: 'unknown' };
}

/** The domain that a method vouches for. */
function speaksFor({ method, properties }: Verdict): string {
  if (method === 'dkim') return properties.get('header.d') ?? domainOf(properties.get('header.i') ?? '');
  if (method !== 'spf') return '';
  const sender = properties.get('smtp.mailfrom') ?? '';
  return sender.includes('@') ? domainOf(sender) : sender;
}

/** Who answers for a domain answers for what lies below it, and not the other way about: a subdomain may be a customer's. */
const covers = (speaker: string, domain: string): boolean =>
  speaker.includes('.') && (domain === speaker || domain.endsWith(`.${speaker}`));

/** RFC 8601 §2.2, leniently; null: it names no host. */
export function readVerdicts(value: string): Verdicts | null {
  const [first = '', ...rest] = withoutComments(value.slice(0, LONGEST)).toLowerCase().split(';');
  const by = /^\s*"?([\w.:-]{1,255})"?/.exec(first)?.[1];
  if (by === undefined) return null;
  return { by, verdicts: rest.slice(0, MOST_VERDICTS).flatMap(text => readVerdict(text) ?? []) };
}

function readVerdict(text: string): Verdict | null {
  const [head = '', ...pairs] = text.trim().split(/\s+/);
  const parts = /^([a-z0-9-]{1,40})(?:\/\d+)?=([a-z]{1,40})$/.exec(head);
  if (!parts) return null;
  const properties = new Map<string, string>();
  for (const pair of pairs.slice(0, 50)) {
    const equals = pair.indexOf('=');
    const name = pair.slice(0, equals);
    if (equals > 0 && !properties.has(name)) properties.set(name, pair.slice(equals + 1).replace(/^"|"$/g, ''));
  }
  return { method: parts[1]!, result: parts[2]!, properties };
}

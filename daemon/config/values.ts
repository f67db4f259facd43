import { isIP } from 'node:net';
import { addressKey, parseAddress, parseDomain } from '../mail/address.ts';
import { isZoneText } from '../mail/date.ts';
import { isWild } from '../mail/pattern.ts';
import { ipEntryProblem } from '../wire/ip-pattern.ts';

/** What a setting's text becomes, or what is wrong with it and what would be right. */
export type Parsed<T> = { ok: true; value: T } | { ok: false; wrong: string };

export const right = <T>(value: T): Parsed<T> => ({ ok: true, value });
export const wrong = (what: string): Parsed<never> => ({ ok: false, wrong: what });

export type Parser<T> = (text: string) => Parsed<T>;

export const text: Parser<string> = t => right(t);

export function whole(min: number, max: number): Parser<number> {
  return t => {
    const value = Number(t);
    if (!/^\d+$/.test(t) || value < min || value > max)
      return wrong(`a whole number from ${min} to ${max} belongs here`);
    return right(value);
  };
}

export function oneOf<T extends string>(...choices: T[]): Parser<T> {
  return t => {
    const found = choices.find(c => c === t.toLowerCase());
    return found === undefined ? wrong(`one of ${choices.join(', ')} belongs here`) : right(found);
  };
}

/** `true` or `false`, and the other ways people write them. */
export const yesNo: Parser<boolean> = t => {
  if (/^(true|yes|on|1)$/i.test(t)) return right(true);
  return /^(false|no|off|0)$/i.test(t) ? right(false) : wrong('true or false belongs here');
};

const sizeUnits: Record<string, number> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** `64k`, `25M`, `2G`; a bare number counts the given unit. */
export function sizeIn(bareUnit: '' | 'm'): Parser<number> {
  return t => {
    const m = /^(\d{1,12})\s*([kmg]?)b?$/i.exec(t);
    if (!m) return wrong('a size such as 10000000, 500k, 25M or 2G belongs here');
    return right(Number(m[1]) * sizeUnits[m[2]!.toLowerCase() || bareUnit]!);
  };
}

/** `10000000`, `64k`, `25M`, `2G`. */
export const size = sizeIn('');

const timeUnits: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `30s`, `10m`, `2h`, `14d`; a bare number counts the given unit, as the original's settings did. */
export function duration(bareUnit: 's' | 'm' | 'h' | 'd'): Parser<number> {
  return t => {
    const m = /^(\d{1,9})\s*([smhd]?)$/i.exec(t);
    if (!m) return wrong('a time such as 30s, 10m, 2h or 14d belongs here');
    return right(Number(m[1]) * timeUnits[m[2]!.toLowerCase() || bareUnit]!);
  };
}

/** Domains are kept in their one spelling: lower case, A-labels. */
export const domain: Parser<string> = t => {
  const parsed = parseDomain(t);
  return parsed === null || parsed.startsWith('[')
    ? wrong('a domain name such as example.org belongs here')
    : right(parsed);
};

/** A domain, or a pattern for several: `*`, `*.example.org`, `*` and `?` anywhere. Lower case, A-labels. */
export const domainPattern: Parser<string> = t => {
  if (!isWild(t)) return domain(t);
  const tail = /^(\*\.)([^*?]+)$/.exec(t);
  const parsed = tail ? domain(tail[2]!) : null;
  if (parsed?.ok) return right(`${tail![1]}${parsed.value}`);
  return /^[\w*?.-]+$/.test(t) && parsed === null
    ? right(t.toLowerCase())
    : wrong('a domain such as example.org, *.example.org or * belongs here');
};

/** A domain, or `*.example.org`: every name below example.org, but not example.org itself. */
export const domainOrBelow: Parser<string> = t => {
  if (!isWild(t)) return domain(t);
  const below = domain(/^\*\.(.+)$/.exec(t)?.[1] ?? '');
  return below.ok
    ? right(`*.${below.value}`)
    : wrong('a domain such as example.org, or *.example.org for every name below it, belongs here');
};

/** `user@example.org`; with `star`, `*@example.org` too. */
export function address(star = false): Parser<string> {
  return t => {
    const everyone = star && t.startsWith('*@') ? parseDomain(t.slice(2)) : null;
    if (everyone !== null) return right(`*@${everyone}`);
    const parsed = parseAddress(t);
    if (parsed === null)
      return wrong(`an address such as ann@example.org${star ? ' or *@example.org' : ''} belongs here`);
    return right(addressKey(parsed));
  };
}

export const ipAddress: Parser<string> = t =>
  isIP(t) ? right(t) : wrong('an IP address such as 127.0.0.1 or ::1 belongs here');

/** One entry of a list of addresses; see wire/ip-pattern.ts. Kept as it was written. */
export const ipEntry: Parser<string> = t => {
  const problem = ipEntryProblem(t);
  return problem === null ? right(t) : wrong(problem);
};

export const timezone: Parser<string> = t => {
  if (t === '' || isZoneText(t)) return right(t);
  try {
    return right(new Intl.DateTimeFormat('en', { timeZone: t }).resolvedOptions().timeZone);
  } catch {
    return wrong('a time zone such as Europe/Berlin, or a text such as -0800 PST, belongs here');
  }
};

export const siteUrl: Parser<string> = t => {
  if (t === '') return right('');
  const url = URL.canParse(t) ? new URL(t) : null;
  if (!url || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search || url.hash)
    return wrong('an address such as https://mail.example.org belongs here, without a path (that is base_path)');
  return right(url.origin);
};

/** A socket's path may hold 107 octets (unix(7)). */
export const socketPath: Parser<string> = t =>
  Buffer.byteLength(t) <= 107 ? right(t) : wrong('a path of at most 107 octets belongs here');

export const basePath: Parser<string> = t => {
  const path = t.replace(/\/$/, '');
  if (/^(\/(?!\.{1,2}(\/|$))[\w.~-]+)*$/.test(path)) return right(path);
  return wrong('a path such as /webmail belongs here, of letters, digits, and . _ ~ -');
};

/** `host`, `host:port`, `[::1]:port`. */
export function hostPort(t: string, port: number): Parsed<{ host: string; port: number }> {
  const m = /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]/@]+))(?::(\d{1,5}))?$/i.exec(t);
  const given = m?.[3] === undefined ? port : Number(m[3]);
  if (!m || given < 1 || given > 65535)
    return wrong('a host such as mail.example.org or mail.example.org:2525 belongs here');
  return right({ host: (m[1] ?? m[2])!.toLowerCase(), port: given });
}

/** The two words of a line such as `forward FROM TO`. */
export function pair(t: string, form: string): Parsed<[string, string]> {
  const words = t.split(/\s+/);
  return words.length === 2 ? right([words[0]!, words[1]!]) : wrong(`the form is: ${form}`);
}

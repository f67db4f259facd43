import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { parseDomain } from '../../mail/address.ts';
import { readAliases, targetProblem } from '../../mail/aliases.ts';
import { isWild } from '../../mail/pattern.ts';
import * as v from '../values.ts';
import { type Declarations, single } from './declaration.ts';

export type ForwardRule = { /** Address, or a pattern with `*` and `?`; lower case. */ from: string; to: string };
export type AliasRule = { /** Address, lower case. */ from: string; to: string };
export type FallbackRule = { domain: string; to: string };
export type AliasFileRule = { /** Absolute. */ file: string /** Null: the main domain. */; domain: string | null };
export type VirtualDomain = {
  /** What the original put before the user's name in its own user lists; nobody sees it. */
  prefix: string;
  /** How somebody who signs in without a domain is known to be of this one: by the end of the name, or by the address of ours that was dialled. */
  by: { kind: 'suffix'; suffix: string } | { kind: 'ip'; ip: string };
  domain: string;
};

export type RecipientSettings = {
  forward: ForwardRule[];
  forward_cc: ForwardRule[];
  /** Is the owner of an address elsewhere asked before mail of an account is sent on there? */
  forward_confirm: boolean;
  alias: AliasRule[];
  alias_file: AliasFileRule[];
  fallback_address: FallbackRule[];
  vdomain: VirtualDomain[];
  relay_to: string[];
  log_chain: boolean;
  reply_251: boolean;
};

const lines: { group: 'Recipients'; initial: never[]; kind: 'lines'; restart: boolean } = {
  group: 'Recipients',
  initial: [],
  kind: 'lines',
  restart: false,
};

export const recipientSettings: Declarations<RecipientSettings> = {
  forward: {
    ...lines,
    doc: 'Mail for FROM goes to TO instead. FROM may hold `*` (any run of characters) and `?` (one). All lines that match apply, together; a line that leads to FROM itself keeps a copy. A line for `bob@DOMAIN` is for `bob+tag@DOMAIN` too.',
    form: 'FROM TO',
    parse: t => rule(t, 'forward FROM TO', pattern),
  },
  forward_cc: {
    ...lines,
    doc: 'Mail for FROM goes to TO as well as to FROM itself, if somebody is there. Where a forward line matches too, that line decides about FROM itself.',
    form: 'FROM TO',
    parse: t => rule(t, 'forward_cc FROM TO', pattern),
  },
  forward_confirm: single({
    doc: 'Who has mail sent on to an address outside of host_domain and vdomain, on the site, sends nothing there before its owner has said yes to a letter; until then mail stays here. What the operator sets (forward lines, aliases, `cwmail user forward`) asks nobody. false: nobody is asked.',
    form: 'true|false',
    group: 'Recipients',
    initial: true,
    restart: false,
    parse: v.yesNo,
  }),
  alias: {
    ...lines,
    doc: 'ADDRESS is another name of TARGET; several lines for one address make a group. Looked at when no forward line matches. Who gets the mail for an alias may also send with it.',
    form: 'ADDRESS TARGET',
    parse: t => rule(t, 'alias ADDRESS TARGET', oneAddress),
  },
  alias_file: {
    ...lines,
    doc: 'A file of lines `name: address, address` with `#` comments; a line that begins with a blank continues the one before. Names and targets without a domain belong to DOMAIN, or to the first of host_domain. A changed file is read again within a second; one with mistakes is not taken, and the log says why.',
    form: 'FILE [DOMAIN]',
    parse: aliasFile,
    files: rules => rules.map(r => r.file),
  },
  fallback_address: {
    ...lines,
    doc: 'Mail for an address of DOMAIN that nothing else takes goes to ADDRESS. `forward *@DOMAIN ADDRESS` takes it always.',
    form: 'DOMAIN ADDRESS',
    parse: fallbackRule,
  },
  vdomain: {
    ...lines,
    doc: 'A further domain with users of its own: `bob@DOMAIN` is another person than bob of host_domain. Who signs in as `bob` with SUFFIX behind it (such as `bob/xdom`), or as plain `bob` on the address IP of this machine, is bob@DOMAIN; `bob@DOMAIN` and `bob%DOMAIN` always are. PREFIX and PATH are for settings files of the original and change nothing.',
    form: 'PREFIX SUFFIX|IP DOMAIN [PATH]',
    parse: virtualDomain,
    warning: domains => twice(domains),
  },
  relay_to: {
    doc: 'Domains of others whose mail we take from everybody and pass on, as their backup or their way in. `*.DOMAIN` is every name below DOMAIN, but not DOMAIN itself.',
    form: 'DOMAIN|*.DOMAIN[,…]',
    group: 'Recipients',
    initial: [],
    kind: 'comma',
    restart: false,
    parse: relayDomain,
    warning: domains => {
      const wide = domains.filter(d => /^\*\.[^.]+$/.test(d));
      return wide.length ? `${wide.join(', ')} is a whole top-level domain: anybody may relay to it` : null;
    },
  },
  log_chain: single({
    doc: 'Every step from a recipient to those who get its mail goes into the log, at any log_level. Look for the word chain.',
    form: 'true|false',
    group: 'Recipients',
    initial: false,
    restart: false,
    parse: v.yesNo,
  }),
  reply_251: single({
    doc: 'RCPT for a redirected local user is answered 251 instead of 250. Where the mail goes is never said.',
    form: 'true|false',
    group: 'Recipients',
    initial: false,
    restart: false,
    parse: v.yesNo,
  }),
};

const oneAddress: v.Parser<string> = t =>
  isWild(t) ? v.wrong('an alias is one address; patterns are for forward lines') : v.address()(t);

/** `user@example.org`, or a pattern for such: `*@example.org`, `sales-*@*.example.org`. */
function pattern(t: string): v.Parsed<string> {
  if (!isWild(t)) return v.address()(t);
  const [, local = '', domain = ''] = /^([^\s@]+)@([^\s@]+)$/.exec(t) ?? [];
  const fixed = isWild(domain) ? domain.toLowerCase() : parseDomain(domain);
  if (local === '' || fixed === null)
    return v.wrong('an address such as ann@example.org, or a pattern for some such as *@example.org, belongs here');
  return v.right(`${local.toLowerCase()}@${fixed}`);
}

function rule(t: string, form: string, from: v.Parser<string>): v.Parsed<ForwardRule> {
  // A program may come with arguments: it is told of before the words are counted.
  const target = /^\S+\s+(.*)$/.exec(t)?.[1] ?? '';
  const problem = targetProblem(target);
  if (problem !== null) return v.wrong(problem);
  const words = v.pair(t, form);
  if (!words.ok) return words;
  const source = from(words.value[0]);
  if (!source.ok) return source;
  const to = v.address()(words.value[1]);
  return to.ok ? v.right({ from: source.value, to: to.value }) : to;
}

function aliasFile(t: string, folder: string): v.Parsed<AliasFileRule> {
  const [name = '', named, ...more] = t.trim().split(/\s+/);
  if (name === '' || more.length) return v.wrong('the form is: alias_file FILE [DOMAIN]');
  const domain = named === undefined ? v.right(null) : v.domain(named);
  if (!domain.ok) return domain;
  const file = resolve(folder, name);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return v.wrong(`the file cannot be read: ${(error as Error).message}`);
  }
  const { mistakes } = readAliases(text, domain.value ?? 'main.example');
  if (mistakes.length === 0) return v.right({ file, domain: domain.value });
  return v.wrong(mistakes.map(m => `${name}:${m.line}: ${m.message}`).join('; '));
}

function fallbackRule(t: string): v.Parsed<FallbackRule> {
  const words = v.pair(t, 'fallback_address DOMAIN ADDRESS');
  if (!words.ok) return words;
  const domain = v.domain(words.value[0]);
  if (!domain.ok) return domain;
  const to = v.address()(words.value[1]);
  return to.ok ? v.right({ domain: domain.value, to: to.value }) : to;
}

const isPath = (word: string): boolean => /[/\\]/.test(word);

function virtualDomain(t: string): v.Parsed<VirtualDomain> {
  const [prefix = '', place = '', name = '', path, ...more] = t.trim().split(/\s+/);
  if (place === '' || more.length) return v.wrong('the form is: vdomain PREFIX SUFFIX|IP DOMAIN [PATH]');
  if (name === '' || (path === undefined && isPath(name)))
    return v.wrong(
      `the domain is missing, which the original took from elsewhere: write vdomain ${prefix} ${place} DOMAIN${name && ` ${name}`}`,
    );
  const domain = v.domain(name);
  if (!domain.ok) return domain;
  if (isIP(place)) return v.right({ prefix, by: { kind: 'ip', ip: place.toLowerCase() }, domain: domain.value });
  if (/^[a-z0-9._-]/i.test(place))
    return v.wrong(
      `"${place}" is neither an IP address nor a suffix; a suffix begins with a sign that no user name has, such as /xdom or @${domain.value}`,
    );
  return v.right({ prefix, by: { kind: 'suffix', suffix: place.toLowerCase() }, domain: domain.value });
}

function twice(domains: VirtualDomain[]): string | null {
  const keys = domains.map(d => (d.by.kind === 'ip' ? d.by.ip : d.by.suffix));
  const doubled = keys.find((k, i) => keys.indexOf(k) !== i);
  return doubled === undefined ? null : `${doubled} stands for two domains; the first line counts`;
}

function relayDomain(t: string): v.Parsed<string> {
  const found = v.domainOrBelow(t);
  if (found.ok || !isWild(t)) return found;
  return v.wrong(
    'a domain such as example.org, or *.example.org for every name below it, belongs here; anything wider would relay for the whole world',
  );
}

import { resolve } from 'node:path';
import { givenOptions, textOf, unknownOption } from '../line-options.ts';
import * as v from '../values.ts';
import { type Declarations, ipList, port, single } from './declaration.ts';

/** Who may have the mail of a domain sent by ETRN. */
export type EtrnRule = {
  /** `example.org`, or `*.example.org` for every name below it. */
  domain: string;
  by: { kind: 'address'; ips: string[] } | { kind: 'account'; account: string };
};

/** Whose mail an account may take by ATRN. */
export type OdmrRule = {
  domains: string[];
  account: string;
  /** For CRAM-MD5, which cannot be checked against a stored hash; null: the account's password only. */
  secret: string | null;
  secretFile?: string;
};

export type ParkingSettings = {
  /** `example.org`, or `*.example.org` for every name below it. */
  suspend_domain: string[];
  /** Milliseconds; 0: nobody is warned. */
  park_warn: number;
  etrn_ip: string[];
  etrn_allow: EtrnRule[];
  /** Milliseconds. */
  etrn_interval: number;
  etrn_to: 'route' | 'asker';
  etrn_relay: { host: string; port: number }[];
  odmr: OdmrRule[];
  /** 0: no listener. */
  odmr_port: number;
};

export const parkingSettings: Declarations<ParkingSettings> = {
  suspend_domain: {
    doc: 'Mail for these domains is taken (see relay_to) and parked: it never expires, and it is sent only when somebody asks for it by ETRN or ATRN, or a person releases it. `*.DOMAIN` is every name below DOMAIN.',
    form: 'DOMAIN|*.DOMAIN[,…]',
    group: 'Parking',
    initial: [],
    kind: 'comma',
    restart: false,
    parse: v.domainOrBelow,
  },
  park_warn: single<number>({
    doc: 'How old the oldest parked message of a domain may get before the log and, once a day, postmaster are told; 0: never. A bare number counts days.',
    form: 'TIME',
    group: 'Parking',
    initial: 7 * 86_400_000,
    restart: false,
    parse: v.duration('d'),
  }),
  etrn_ip: ipList('selecting', {
    doc: 'Addresses that may ask by ETRN for the mail of any domain. Not even this machine may unless it is named: a proxy or tunnel on it brings anybody.',
    group: 'Parking',
    restart: false,
  }),
  etrn_allow: {
    doc: 'These addresses, or this account once it has signed in, may ask by ETRN for the mail of DOMAIN.',
    form: 'DOMAIN|*.DOMAIN IP[,IP…]|user=ACCOUNT',
    group: 'Parking',
    initial: [],
    kind: 'lines',
    restart: false,
    parse: etrnRule,
  },
  etrn_interval: single<number>({
    doc: 'How long an ETRN for the same domain is answered 458 after the last. A bare number counts seconds.',
    form: 'TIME',
    group: 'Parking',
    initial: 60_000,
    restart: false,
    parse: v.duration('s'),
  }),
  etrn_to: single<ParkingSettings['etrn_to']>({
    doc: 'Where mail asked for by ETRN goes: to where the mail of its domain goes always, or (asker) to port 25 of the address that asks, for those whom an etrn_allow line names. Nobody else can choose where we connect to.',
    form: 'route|asker',
    group: 'Parking',
    initial: 'route',
    restart: false,
    parse: v.oneOf('route', 'asker'),
  }),
  etrn_relay: {
    doc: 'Servers of the same farm: an ETRN taken here is passed on to each of them, unless it came from one. They must let us ask (etrn_ip).',
    form: 'HOST[:PORT][,…]',
    group: 'Parking',
    initial: [],
    kind: 'comma',
    restart: false,
    parse: t => v.hostPort(t, 25),
  },
  odmr: {
    doc: 'ACCOUNT may take the mail of these domains over its own connection by ATRN (RFC 2645), on odmr_port or after signing in on submission_port. With secret_file it may also sign in by CRAM-MD5 there, with the first line of FILE.',
    form: 'DOMAIN[,DOMAIN…] ACCOUNT [secret_file=FILE]',
    group: 'Parking',
    initial: [],
    kind: 'lines',
    restart: false,
    files: rules => rules.flatMap(r => r.secretFile ?? []),
    parse: odmrRule,
  },
  odmr_port: port(
    'Where ATRN is served by itself, for sites without an address of their own; 0: nowhere. The standard is 366.',
    0,
    0,
  ),
};

function etrnRule(t: string): v.Parsed<EtrnRule> {
  const words = v.pair(t.replace(/\s*,\s*/g, ','), 'etrn_allow DOMAIN IP[,IP…]|user=ACCOUNT');
  if (!words.ok) return words;
  const domain = v.domainOrBelow(words.value[0]);
  if (!domain.ok) return domain;
  const [, name] = /^user=(.*)$/i.exec(words.value[1]) ?? [];
  if (name !== undefined) {
    const account = v.address()(name);
    return account.ok ? v.right({ domain: domain.value, by: { kind: 'account', account: account.value } }) : account;
  }
  const ips = words.value[1].split(',').filter(ip => ip !== '');
  for (const ip of ips) {
    const entry = v.ipEntry(ip);
    if (!entry.ok) return entry;
  }
  return v.right({ domain: domain.value, by: { kind: 'address', ips } });
}

const odmrForm = 'odmr DOMAIN[,DOMAIN…] ACCOUNT [secret_file=FILE]';

function odmrRule(t: string, folder: string): v.Parsed<OdmrRule> {
  const [names = '', who = '', ...options] = t.replace(/\s*,\s*/g, ',').split(/\s+/);
  if (who === '') return v.wrong(`the form is: ${odmrForm}`);
  const given = givenOptions(options);
  const unknown = unknownOption('odmr', given, ['secret_file']);
  if (unknown !== null) return v.wrong(unknown);
  const domains: string[] = [];
  for (const name of names.split(',')) {
    const domain = v.domain(name);
    if (!domain.ok) return domain;
    domains.push(domain.value);
  }
  const account = v.address()(who);
  if (!account.ok) return account;
  const rule = { domains, account: account.value };
  const file = given.get('secret_file');
  if (!file) return v.right({ ...rule, secret: null });
  const secretFile = resolve(folder, file);
  const secret = secretIn(secretFile);
  return secret.ok ? v.right({ ...rule, secret: secret.value, secretFile }) : secret;
}

function secretIn(file: string): v.Parsed<string> {
  const read = textOf(file);
  if (!read.ok) return v.wrong(`the secret file ${read.wrong}`);
  const [secret = ''] = read.value.split(/\r?\n/, 1);
  return secret.length < 12 ? v.wrong('the secret file must hold at least 12 characters') : v.right(secret);
}

type Lists = { suspend_domain: string[]; relay_to: string[]; host_domain: string[]; vdomain: { domain: string }[] };

/** What is odd about these lists together. */
export function parkingWarnings({ suspend_domain, relay_to, host_domain, vdomain }: Lists): string[] {
  const own = new Set([...host_domain, ...vdomain.map(line => line.domain)]);
  const isTaken = (pattern: string) =>
    relay_to.some(taken => taken === pattern || (taken.startsWith('*.') && pattern.endsWith(taken.slice(1))));
  return [
    ...suspend_domain
      .filter(pattern => !own.has(pattern) && !isTaken(pattern))
      .map(
        pattern =>
          `suspend_domain: no relay_to line takes mail for ${pattern}, so only what our own users send there is parked`,
      ),
    ...suspend_domain.filter(d => own.has(d)).map(d => `suspend_domain: ${d} ${isOurs}`),
    ...relay_to.filter(d => own.has(d)).map(d => `relay_to: ${d} ${isOurs}`),
  ];
}

const isOurs = 'is a domain of ours: its mail goes into mailboxes here, and is never passed on';

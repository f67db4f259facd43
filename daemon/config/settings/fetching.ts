import type { ProxyServer } from '../../wire/proxy.ts';
import { etrnSource, fetchAccount } from '../fetch-line.ts';
import * as v from '../values.ts';
import { type Declarations, single } from './declaration.ts';

export type FetchAccount = {
  /** Stable name of the upstream account: `user@host:port`; ledger and keys hang on it. */
  name: string;
  /** Local address that receives all; or multidrop for a domain. */
  to:
    | { kind: 'address'; address: string }
    | {
        kind: 'multidrop';
        domain: string /** null: known header names in order. */;
        envelope: string | null /** null: postmaster of the domain. */;
        fallback: string | null;
      }
    /** Taken by ATRN, and sorted by the envelope as mail of any other host. */
    | { kind: 'odmr'; domains: string[] };
  host: string;
  port: number;
  user: string;
  password: string;
  /** Where the password was read; absent: it stood in the line. */
  passwordFile?: string;
  implicitTls: boolean;
  tls: 'required' | 'try' | 'off';
  /** Milliseconds between polls. */
  every: number;
  /** Connects us; absent: we connect ourselves. */
  proxy?: ProxyServer;
  /** Whole paths of the files that hold its password. */
  proxyFiles?: string[];
  /** What becomes of fetched mail upstream; keep with 0 days: for ever. */
  after: { kind: 'delete' } | { kind: 'keep'; days: number };
};

/** A host that keeps mail for us and sends it when it is asked by ETRN. */
export type EtrnSource = {
  /** `host:port`. */
  name: string;
  host: string;
  port: number;
  /** Null: it knows us by our address. */
  login: { user: string; password: string } | null;
  passwordFile?: string;
  tls: 'required' | 'try' | 'off';
};

export type FetchSettings = {
  fetch: FetchAccount[];
  etrn_from: EtrnSource[];
  /** Milliseconds; 0: only when a person asks. */
  ras_timer: number;
  /** Milliseconds; 0: nobody is told. */
  fetch_warn: number;
};

export const fetchSettings: Declarations<FetchSettings> = {
  fetch: {
    doc: 'A mailbox elsewhere whose mail is pulled in: for one local address, or for a whole domain (*@DOMAIN, sorted by the envelope header; with odmr: several, sent down by ATRN). Options: every=10m, delete or keep or keep=14d (delete is the default), tls=required|try|off, envelope=HEADER, default=ADDRESS, proxy=URL (socks5, socks5h or http, as in `proxy_domain`) with proxy_password_file=FILE or proxy_password=TEXT where the URL names a user.',
    form: 'ADDRESS|*@DOMAIN pop3[s]|odmr://USER@HOST[:PORT] password_file=FILE|password=TEXT [OPTION…]',
    group: 'Fetching',
    initial: [],
    kind: 'lines',
    restart: false,
    secret: true,
    files: accounts => accounts.flatMap(a => [...(a.passwordFile ? [a.passwordFile] : []), ...(a.proxyFiles ?? [])]),
    parse: fetchAccount,
  },
  etrn_from: {
    doc: 'A host that keeps our mail while we are off line: it is asked by ETRN, for each of our domains, at the start and every ras_timer. Options: user=NAME with password_file=FILE or password=TEXT, tls=required|try|off.',
    form: 'HOST[:PORT] [OPTION…]',
    group: 'Fetching',
    initial: [],
    kind: 'lines',
    restart: false,
    secret: true,
    files: sources => sources.flatMap(s => s.passwordFile ?? []),
    parse: etrnSource,
  },
  ras_timer: single<number>({
    doc: 'How often the hosts of etrn_from are asked; 0: only by `cwmail etrn now`. A bare number counts minutes.',
    form: 'TIME',
    group: 'Fetching',
    initial: 30 * 60_000,
    restart: false,
    parse: v.duration('m'),
  }),
  fetch_warn: single<number>({
    doc: 'After how long without a visit that went well postmaster is told, for an upstream of fetch or etrn_from; 0: never. A bare number counts hours.',
    form: 'TIME',
    group: 'Fetching',
    initial: 24 * 3_600_000,
    restart: false,
    parse: v.duration('h'),
  }),
};

import type { ProxyServer } from '../../wire/proxy.ts';
import { fetchAccount } from '../fetch-line.ts';
import type { Declarations } from './declaration.ts';

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
      };
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

export type FetchSettings = {
  fetch: FetchAccount[];
};

export const fetchSettings: Declarations<FetchSettings> = {
  fetch: {
    doc: 'A mailbox elsewhere whose mail is pulled in: for one local address, or for a whole domain (*@DOMAIN, sorted by the envelope header). Options: every=10m, delete or keep or keep=14d (delete is the default), tls=required|try|off, envelope=HEADER, default=ADDRESS, proxy=URL (socks5, socks5h or http, as in `proxy_domain`) with proxy_password_file=FILE or proxy_password=TEXT where the URL names a user.',
    form: 'ADDRESS|*@DOMAIN pop3[s]://USER@HOST[:PORT] password_file=FILE|password=TEXT [OPTION…]',
    group: 'Fetching',
    initial: [],
    kind: 'lines',
    restart: false,
    secret: true,
    files: accounts => accounts.flatMap(a => [...(a.passwordFile ? [a.passwordFile] : []), ...(a.proxyFiles ?? [])]),
    parse: fetchAccount,
  },
};

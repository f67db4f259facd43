/**
 * The settings: declared once in config/settings.ts, read from cwmail.conf and --set, all mistakes at once.
 */
export type Gateway = { /** Exact domain, or `*` for all. */ domain: string; host: string; port: number };
export type ForwardRule = { /** Address or `*@domain`, lower case. */ from: string; to: string };
export type FallbackRule = { domain: string; to: string };

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
  implicitTls: boolean;
  tls: 'required' | 'try' | 'off';
  /** Milliseconds between polls. */
  every: number;
  /** What becomes of fetched mail upstream; keep with 0 days: for ever. */
  after: { kind: 'delete' } | { kind: 'keep'; days: number };
};

export type Settings = {
  listen: string;
  data_path: string;
  /** Local domains, lower case; the first is the main one. */
  host_domain: string[];
  smtp_port: number;
  submission_port: number;
  pop_port: number;
  http_port: number;
  /** 0: no HTTPS listener. */
  https_port: number;
  /** PEM files; empty: a self-signed pair in data_path. */
  tls_cert: string;
  tls_key: string;
  /** Octets. */
  max_message_size: number;
  /** May we open connections to other hosts for mail? */
  online: 'always' | 'never';
  /** Public address of the site, `https://mail.example.org`; empty: http://listen:http_port. */
  site_url: string;
  trusted_proxy: string[];
  gateway: Gateway[];
  forward: ForwardRule[];
  fallback_address: FallbackRule[];
  fetch: FetchAccount[];
  signup: 'open' | 'closed';
  bare_newline: 'normalize' | 'refuse';
  service_ip: string[];
  /** Milliseconds. */
  retry_interval: number;
  max_retrytime: number;
  /** Octets a new account may hold; 0: no limit. */
  user_quota: number;
  log_level: 'debug' | 'info' | 'warn' | 'error';
};

import * as v from '../values.ts';
import { type Declarations, ipList, port, single } from './declaration.ts';

/** Of the log, the least important first. */
export const levels = ['debug', 'info', 'warn', 'error'] as const;

export type ListenerSettings = {
  data_path: string;
  /** Local domains, lower case; the first is the main one. */
  host_domain: string[];
  listen: string;
  smtp_port: number;
  submission_port: number;
  pop_port: number;
  http_port: number;
  /** 0: no HTTPS listener. */
  https_port: number;
  /** Who may connect to POP3: a restrictive list. */
  user_ip_address: string[];
  /** PEM files; empty: a self-signed pair in data_path. */
  tls_cert: string;
  tls_key: string;
  log_level: (typeof levels)[number];
};

export const listenerSettings: Declarations<ListenerSettings> = {
  data_path: single({
    doc: 'The folder of the mail store, the certificate made at first start, the keys and the logs.',
    form: 'FOLDER',
    group: 'Place',
    initial: './data',
    restart: true,
    parse: t => (t === '' ? v.wrong('a folder belongs here') : v.right(t)),
  }),
  host_domain: {
    doc: 'The domains whose mail is ours. The first is the main one: the name in the greeting, and what a user name without a domain belongs to.',
    form: 'DOMAIN[,DOMAIN…]',
    group: 'Place',
    initial: ['localhost'],
    kind: 'comma',
    restart: false,
    parse: v.domain,
  },
  listen: single({
    doc: 'The address all listeners bind to. 127.0.0.1 is this machine alone; 0.0.0.0 or :: is every interface.',
    form: 'IP',
    group: 'Listeners',
    initial: '127.0.0.1',
    restart: true,
    parse: v.ipAddress,
  }),
  smtp_port: port('Where other mail servers deliver to us. The standard is 25.', 2525),
  submission_port: port('Where users send from, signed in. The standard is 587.', 2587),
  pop_port: port('Where POP3 clients fetch. The standard is 110.', 2110),
  http_port: port('Where the site is served. The standard is 80.', 8080),
  https_port: port('Where the site is served over TLS; 0: nowhere. The standard is 443.', 0, 0),
  user_ip_address: ipList('restrictive', {
    doc: 'The addresses that may connect to POP3. Without it every one may.',
    group: 'Listeners',
    restart: false,
  }),
  tls_cert: single({
    doc: 'The certificate chain, PEM. Empty: a self-signed one, made at first start.',
    form: 'FILE',
    group: 'Listeners',
    initial: '',
    restart: false,
    parse: v.text,
    files: file => (file === '' ? [] : [file]),
  }),
  tls_key: single({
    doc: 'The private key of tls_cert, PEM.',
    form: 'FILE',
    group: 'Listeners',
    initial: '',
    restart: false,
    parse: v.text,
    files: file => (file === '' ? [] : [file]),
  }),
  log_level: single<ListenerSettings['log_level']>({
    doc: 'The least important lines that are written.',
    form: 'debug|info|warn|error',
    group: 'Log',
    initial: 'info',
    restart: false,
    parse: v.oneOf(...levels),
  }),
};

import * as v from '../values.ts';
import { type Declaration, type Declarations, ipList, port, single } from './declaration.ts';

/** Of the log, the least important first. */
export const levels = ['debug', 'info', 'warn', 'error'] as const;

export type ListenerSettings = {
  data_path: string;
  /** Local domains, lower case; the first is the main one. */
  host_domain: string[];
  /** Addresses of all listeners that have none for themselves. */
  listen: string[];
  /** Empty, as each of its kind: as `listen`. */
  smtp_listen: string[];
  submission_listen: string[];
  submissions_listen: string[];
  odmr_listen: string[];
  pop_listen: string[];
  pops_listen: string[];
  http_listen: string[];
  https_listen: string[];
  smtp_port: number;
  submission_port: number;
  /** 0: none, as for pops_port and https_port. */
  submissions_port: number;
  pop_port: number;
  pops_port: number;
  http_port: number;
  https_port: number;
  /** Who may connect to POP3: a restrictive list. */
  user_ip_address: string[];
  /** PEM files; empty: a self-signed pair in data_path. */
  tls_cert: string;
  tls_key: string;
  log_level: (typeof levels)[number];
};

const addresses = (doc: string, initial: string[] = []): Declaration<string[]> => ({
  doc,
  form: 'IP[,IP…]',
  group: 'Listeners',
  initial,
  kind: 'comma',
  restart: true,
  parse: v.ipAddress,
});

const ofOne = (what: string, port: string): Declaration<string[]> =>
  addresses(`The addresses of ${what} (\`${port}\`) where they are not those of \`listen\`.`);

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
  listen: addresses(
    'The addresses all listeners bind to. 127.0.0.1 is this machine alone; 0.0.0.0 is every interface by IPv4, :: by IPv4 and IPv6. Beside an IPv4 address :: is IPv6 alone. A listener may have addresses of its own: the settings that end in `_listen`.',
    ['127.0.0.1'],
  ),
  smtp_listen: ofOne('the listener for other mail servers', 'smtp_port'),
  submission_listen: ofOne('the listener where users send', 'submission_port'),
  submissions_listen: ofOne('the listener where users send, TLS from the first octet', 'submissions_port'),
  odmr_listen: ofOne('the listener where parked mail is fetched', 'odmr_port'),
  pop_listen: ofOne('the POP3 listener', 'pop_port'),
  pops_listen: ofOne('the POP3 listener with TLS from the first octet', 'pops_port'),
  http_listen: ofOne('the site', 'http_port'),
  https_listen: ofOne('the site over TLS', 'https_port'),
  smtp_port: port('Where other mail servers deliver to us. The standard is 25.', 2525),
  submission_port: port('Where users send from, signed in. The standard is 587.', 2587, 1, {
    port: 465,
    is: 'TLS from the first octet: submissions_port',
  }),
  submissions_port: port(
    'Where users send from, signed in, with TLS from the first octet (RFC 8314); 0: nowhere. The standard is 465.',
    0,
    0,
    { port: 587, is: 'STARTTLS: submission_port' },
  ),
  pop_port: port('Where POP3 clients fetch. The standard is 110.', 2110, 1, {
    port: 995,
    is: 'TLS from the first octet: pops_port',
  }),
  pops_port: port(
    'Where POP3 clients fetch with TLS from the first octet (RFC 8314); 0: nowhere. The standard is 995.',
    0,
    0,
    { port: 110, is: 'STLS: pop_port' },
  ),
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

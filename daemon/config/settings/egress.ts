import { isIP } from 'node:net';
import { readNameServer } from '../../wire/dns.ts';
import type { Login, ProxyServer } from '../../wire/proxy.ts';
import { gatewayLine } from '../gateway-line.ts';
import { addressesOf, isListening, isOwnAddress, type ListenSettings } from '../listening.ts';
import { proxyLine } from '../proxy-line.ts';
import * as v from '../values.ts';
import { type Declarations, single } from './declaration.ts';

/** One host for a domain; those of one domain are tried in the order of the lines. */
export type Gateway = {
  /** `example.org`, `*.example.org` (what lies below it), another pattern, or `*`; lower case. */
  domain: string;
  host: string;
  port: number;
  /** The mail goes to the exchangers of `host`; absent: to `host` itself, which is never looked up for MX. */
  mx?: boolean;
  /** Absent: try. implicit: verified, from the first octet. */
  tls?: 'required' | 'try' | 'off' | 'implicit';
  /** Absent: nobody signs in. */
  login?: Login;
  /** PEM trusted besides the system's. */
  ca?: string;
  /** Whole paths of those the line names: password, certificate. */
  files?: string[];
};

export type ProxyRule = {
  /** As in Gateway. */
  domain: string;
  /** Null: mail for it goes directly. */
  proxy: ProxyServer | null;
  /** As in Gateway. */
  files?: string[];
};

export type EgressSettings = {
  gateway: Gateway[];
  proxy_domain: ProxyRule[];
  /** As readNameServer takes them; empty: the system's. */
  dns_host: string[];
  /** One of each family at most. */
  outgoing_ip: string[];
  outgoing_ipv6: 'prefer' | 'avoid' | 'off';
};

export const egressSettings: Declarations<EgressSettings> = {
  gateway: {
    doc: 'Mail for DOMAIN goes to HOST rather than to the domain’s own servers. DOMAIN is a domain, `*.DOMAIN` (what lies below it) or `*` (all others); the most specific one counts. Several hosts, on one line or on several lines for one DOMAIN, are tried in their order. HOST (or [HOST]) is looked up for its addresses only; `mx:NAME` means the mail servers of NAME. To sign in: user=NAME with password_file=FILE or password=TEXT. tls=required|try|off|implicit: try is the default; with user= it is required, so that the password goes out under verified TLS only, unless tls=off says that the line is safe. ca=FILE: a certificate (PEM) to trust besides the usual ones. The port is 25; 587 with user=, 465 with tls=implicit.',
    form: 'DOMAIN|*.DOMAIN|* HOST[:PORT][,HOST[:PORT]…] [OPTION=VALUE…]',
    group: 'Queue',
    initial: [],
    kind: 'lines',
    secret: true,
    restart: false,
    parse: gatewayLine,
    files: lines => lines.flatMap(l => l.files ?? []),
  },
  proxy_domain: {
    doc: 'Connections for mail to DOMAIN (as in `gateway`; the most specific line counts) are made by a proxy. `socks5://[USER@]HOST[:1080]`: SOCKS5; with socks5h the names of gateways are looked up by the proxy. `http://[USER@]HOST[:3128]`: HTTP CONNECT. Both with password_file=FILE or password=TEXT behind them where there is a USER. `IP[:23] REQUEST`: the telnet port of a proxy, which is sent REQUEST, with $IP (the address of the other server), $HOST and $PORT filled in, and then passes on what the other server says. `direct`: no proxy, as an exception.',
    form: 'DOMAIN|*.DOMAIN|* PROXY|direct',
    group: 'Queue',
    initial: [],
    kind: 'lines',
    secret: true,
    restart: false,
    parse: proxyLine,
    files: lines => lines.flatMap(l => l.files ?? []),
  },
  dns_host: {
    doc: 'The name servers asked for mail servers and their addresses, in their order, instead of those of the system. Asked by UDP, and by TCP where UDP brings no answer; with tcp: in front by TCP only.',
    form: '[tcp:]IP[:PORT][,…]',
    group: 'Queue',
    initial: [],
    kind: 'comma',
    restart: true,
    parse: t =>
      readNameServer(t)
        ? v.right(t)
        : v.wrong('an address such as 192.0.2.53, [2001:db8::53]:53 or tcp:192.0.2.53 belongs here'),
  },
  outgoing_ip: {
    doc: 'The address of this machine from which mail and ETRN questions go out, one for IPv4, one for IPv6. None for a family: as the system chooses.',
    form: 'IP[,IP]',
    group: 'Queue',
    initial: [],
    kind: 'comma',
    restart: false,
    parse: v.ipAddress,
  },
  outgoing_ipv6: single<EgressSettings['outgoing_ipv6']>({
    doc: 'Hosts that have both are tried by IPv6 first (prefer), by IPv4 first (avoid), or never by IPv6 (off).',
    form: 'prefer|avoid|off',
    group: 'Queue',
    initial: 'avoid',
    restart: false,
    parse: v.oneOf('prefer', 'avoid', 'off'),
  }),
};

/** What no line alone can be wrong about. */
export function egressMistakes(s: EgressSettings): string[] {
  const domains = s.proxy_domain.map(p => p.domain);
  const twice = new Set(domains.filter((d, i) => domains.indexOf(d) !== i));
  return [
    ...[...twice].map(d => `proxy_domain: ${d} has two lines; only one proxy can be named for a domain`),
    ...s.outgoing_ip.filter(ip => !isOwnAddress(ip)).map(ip => `outgoing_ip: ${ip} is no address of this machine`),
    ...([4, 6] as const)
      .filter(family => s.outgoing_ip.filter(ip => isIP(ip) === family).length > 1)
      .map(family => `outgoing_ip: only one IPv${family} address can be named`),
  ];
}

/** What is odd about gateways beside the listeners. */
export function egressWarnings(s: EgressSettings & ListenSettings & { smtp_port: number }): string[] {
  const addresses = addressesOf(s, 'smtp_port');
  const isUs = (host: string): boolean =>
    host === 'localhost' ? ['127.0.0.1', '::1'].some(isUs) : isOwnAddress(host) && isListening(addresses, host);
  return s.gateway
    .filter(g => !g.mx && g.port === s.smtp_port && isUs(g.host))
    .map(
      g => `gateway: ${g.host}:${g.port} is this server itself: mail for ${g.domain} goes in a circle until it fails`,
    );
}

import * as v from '../values.ts';
import { type Declarations, ipList, isWideOpen, single, trustedIps } from './declaration.ts';

/** A host whose Authentication-Results are believed, of mail that comes from these addresses; none: of what is fetched. */
export type BelievedHost = { name: string; from: string[] };

export type SiteSettings = {
  signup: 'open' | 'closed';
  /** Octets a new account may hold; 0: no limit. */
  user_quota: number;
  service_ip: string[];
  /** Public address of the site, `https://mail.example.org`; empty: as the listener is reached. */
  site_url: string;
  /** The sub-path under which the site lives, `/webmail`; empty: the root. */
  base_path: string;
  /** The language of the pages for whoever asks for none there is. */
  default_language: 'en' | 'de' | 'es' | 'fr' | 'ja' | 'ar';
  /** Seconds. */
  undo_send: number;
  /** Where `cwmail cgi` finds the site; empty: nowhere. */
  cgi_socket: string;
  trusted_proxy: string[];
  authentication_from: BelievedHost[];
};

export const siteSettings: Declarations<SiteSettings> = {
  signup: single<SiteSettings['signup']>({
    doc: 'May visitors of the site make accounts?',
    form: 'open|closed',
    group: 'Accounts',
    initial: 'open',
    restart: false,
    parse: v.oneOf('open', 'closed'),
  }),
  user_quota: single<number>({
    doc: 'What a new account may hold; 0: no limit.',
    form: 'SIZE',
    group: 'Accounts',
    initial: 0,
    restart: false,
    parse: v.size,
  }),
  service_ip: ipList('selecting', {
    doc: 'Addresses besides loopback from which the webmail and the fetcher may hand over mail as services.',
    group: 'Accounts',
    restart: false,
  }),
  site_url: single({
    doc: 'The public address of the site: for links in mail, for cookies and for the check of where a form came from. Empty: what the addresses and the port of the listener make.',
    form: 'URL',
    group: 'Web',
    initial: '',
    restart: false,
    parse: v.siteUrl,
  }),
  base_path: single({
    doc: 'The path under which a reverse proxy shows the site, such as /webmail; the proxy passes it on unchanged. Empty: the root of the host.',
    form: 'PATH',
    group: 'Web',
    initial: '',
    restart: true,
    parse: v.basePath,
  }),
  default_language: single<SiteSettings['default_language']>({
    doc: 'The language of the pages for visitors whose browser asks for none of those there are.',
    form: 'en|de|es|fr|ja|ar',
    group: 'Web',
    initial: 'en',
    restart: false,
    parse: v.oneOf('en', 'de', 'es', 'fr', 'ja', 'ar'),
  }),
  undo_send: single<number>({
    doc: 'For so many seconds the site offers to take back what was sent, until a user chooses otherwise; it is held 5 seconds longer. 0: mail goes at once.',
    form: 'SECONDS',
    group: 'Web',
    initial: 10,
    restart: false,
    parse: v.whole(0, 60),
  }),
  cgi_socket: single({
    doc: 'A socket for `cwmail cgi`, by which a web server shows the site as a CGI program. Whoever may write to it says who the visitor is: it gets the group of its folder, and is closed to others. Empty: none.',
    form: 'FILE',
    group: 'Web',
    initial: '',
    restart: true,
    parse: v.socketPath,
  }),
  trusted_proxy: trustedIps(
    'Web',
    'Addresses of reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed.',
    'anybody may claim to be anywhere, and to come by HTTPS: limits of sign-ins and sign-ups then mean nothing',
  ),
  authentication_from: {
    doc: 'Whose checks of a sender (Authentication-Results fields that name the host NAME, RFC 8601) the site believes and shows. With addresses: of mail that such a host hands over to us, as a filter or an edge server in front does. Without: of mail that is fetched from a mailbox elsewhere. Name only hosts that throw away such fields of others.',
    form: 'NAME [IP[,IP…]]',
    group: 'Web',
    initial: [],
    kind: 'lines',
    restart: false,
    parse: believedHost,
    warning: hosts =>
      hosts.some(h => isWideOpen(h.from))
        ? 'anybody may write such a field, and would be shown as checked: name the addresses of that host'
        : null,
  },
};

function believedHost(t: string): v.Parsed<BelievedHost> {
  const [, name = '', ips = ''] = /^(\S+)(?:\s+(\S.*))?$/.exec(t.trim()) ?? [];
  const host = v.domain(name);
  if (!host.ok) return host;
  const from: string[] = [];
  for (const ip of ips.split(/[\s,]+/).filter(word => word !== '')) {
    const entry = v.ipEntry(ip);
    if (!entry.ok) return entry;
    from.push(ip);
  }
  return v.right({ name: host.value, from });
}

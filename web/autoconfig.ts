/**
 * What mail programs ask a site for before a person types in server names: Thunderbird's autoconfiguration and the
 * autodiscovery of Outlook (POX). For anybody, signed in or not: the answer depends on the domain alone, so it tells
 * nobody which addresses there are.
 */
import { Hono } from 'hono';
import { addressesOf, ownDomains, type PortSetting, type Settings, siteUrl } from '../daemon/config.ts';
import { domainOf, formatAddress, parseAddress, parseDomain } from '../daemon/mail/address.ts';
import { isLoopback } from '../daemon/wire/ip.ts';
import { autoconfigFile, autodiscoverAnswer, autodiscoverRefusal, type MailServer } from '../views/autoconfig.ts';
import type { Ctx, Env, Site } from './site.ts';

const mostOctets = 20_000;
const outlook = 'http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a';

export function autoconfig(site: Site): Hono<Env> {
  const app = new Hono<Env>();
  const unknown = (c: Ctx) =>
    c.text('This server has no mail for that domain, or none that programs elsewhere can reach.\n', 404);

  const file = (c: Ctx) => {
    const domain = askedFor(c, site.settings);
    const servers = domain === null ? [] : mailServers(site.settings);
    if (domain === null || servers.length === 0) return unknown(c);
    c.header('Cache-Control', 'public, max-age=3600');
    return c.body(String(autoconfigFile(domain, servers)), 200, xml);
  };
  app.get('/.well-known/autoconfig/mail/config-v1.1.xml', file);
  // Elsewhere this address is a folder of the site's.
  app.get('/mail/config-v1.1.xml', (c, next) =>
    hostOf(c).startsWith('autoconfig.') ? Promise.resolve(file(c)) : next().then(() => undefined),
  );

  for (const path of ['/autodiscover/autodiscover.xml', '/Autodiscover/Autodiscover.xml'])
    app.post(path, async c => {
      const asked = await requestOf(c);
      if (asked === null) return c.body(String(autodiscoverRefusal(new Date(site.now()))), 400, xml);
      const servers = mailServers(site.settings);
      if (!isOurs(site.settings, domainOf(asked)) || servers.length === 0) return unknown(c);
      return c.body(String(autodiscoverAnswer(asked, servers)), 200, xml);
    });
  return app;
}

const xml = { 'Content-Type': 'application/xml; charset=utf-8' };

const hostOf = (c: Ctx): string => new URL(c.req.url).hostname.toLowerCase();

const isOurs = (settings: Settings, domain: string): boolean => ownDomains(settings).includes(domain.toLowerCase());

/** Of the address, where the program gives one, else of the host it asks; null: not ours. */
function askedFor(c: Ctx, settings: Settings): string | null {
  const address = c.req.query('emailaddress');
  const named =
    address === undefined ? hostOf(c).replace(/^autoconfig\./, '') : address.slice(address.lastIndexOf('@') + 1);
  const domain = parseDomain(named);
  return domain !== null && isOurs(settings, domain) ? domain.toLowerCase() : null;
}

/** The address an Outlook asks for; null: it asks for something else, or for nothing. */
async function requestOf(c: Ctx): Promise<string | null> {
  const text = await bodyUpTo(c, mostOctets);
  const of = (name: string) => new RegExp(`<${name}>\\s*([^<>&\\s]{1,320})\\s*</${name}>`).exec(text)?.[1];
  const address = parseAddress(of('EMailAddress') ?? '');
  return address === null || of('AcceptableResponseSchema') !== outlook ? null : formatAddress(address);
}

/** Empty: there is more of it. */
async function bodyUpTo(c: Ctx, most: number): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of c.req.raw.body ?? []) {
    size += piece.length;
    if (size > most) return '';
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}

/** Those that others can reach, the safest first (RFC 8314 §3); none where the mailboxes are a provider's. */
export function mailServers(s: Settings): MailServer[] {
  if (s.webmail_for !== null) return [];
  const host = new URL(siteUrl(s, s.host_domain[0])).hostname;
  return servers
    .filter(({ setting }) => s[setting] > 0 && !addressesOf(s, setting).every(isLoopback))
    .map(({ setting, ...server }) => ({ ...server, host, port: s[setting] }));
}

const servers: (Pick<MailServer, 'kind' | 'security'> & { setting: PortSetting })[] = [
  { kind: 'pop3', security: 'SSL/TLS', setting: 'pops_port' },
  { kind: 'pop3', security: 'STARTTLS', setting: 'pop_port' },
  { kind: 'smtp', security: 'SSL/TLS', setting: 'submissions_port' },
  { kind: 'smtp', security: 'STARTTLS', setting: 'submission_port' },
];

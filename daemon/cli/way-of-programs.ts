import { addressesOf, ownDomains } from '../config.ts';
import type { Service } from '../wire/dns.ts';
import { isLoopback, sameAddress } from '../wire/ip.ts';
import { type Finding, fact, good, mend, open } from './findings.ts';
import type { Around } from './way-in.ts';

/** What a mail program looks for in the DNS (RFC 6186, RFC 8314 §6), and the listener that is meant. */
const sought = [
  { name: '_submissions._tcp', setting: 'submissions_port', is: 'sends by' },
  { name: '_pop3s._tcp', setting: 'pops_port', is: 'fetches by' },
] as const;
type Sought = (typeof sought)[number];

/** Whether mail programs find the listeners with TLS from the first octet by the name of a domain alone. */
export async function* foundByPrograms(around: Pick<Around, 'settings' | 'resolver' | 'own'>): AsyncIterable<Finding> {
  const { settings } = around;
  const served = sought.filter(s => settings[s.setting] > 0 && !addressesOf(settings, s.setting).every(isLoopback));
  for (const domain of ownDomains(settings).filter(d => d.includes('.')))
    for (const service of served) yield await serviceFound(domain, service, around);
  const isSecure = settings.https_port > 0 || settings.site_url.startsWith('https:');
  if (!isSecure || settings.webmail_for !== null) return;
  for (const domain of ownDomains(settings).filter(d => d.includes('.')))
    for (const asked of autoconfigured) yield await fileFound(`${asked.host}.${domain}`, asked, around);
}

/** Hosts that programs ask for a file with all of it, by HTTPS (docs/manual.md, Mail programs). */
const autoconfigured = [
  { host: 'autoconfig', program: 'Thunderbird' },
  { host: 'autodiscover', program: 'Outlook' },
] as const;

async function fileFound(
  name: string,
  { program }: (typeof autoconfigured)[number],
  { resolver, own }: Parameters<typeof foundByPrograms>[0],
): Promise<Finding> {
  const answer = await resolver.addresses(name);
  if (answer.kind === 'later') return open(`${name} cannot be looked up: ${answer.reason}`);
  if (answer.kind === 'none')
    return fact(`${name} has no address: with one, ${program} finds host and ports by itself`);
  const isHere = answer.addresses.some(a => own.some(o => sameAddress(a, o)));
  if (isHere) return good(`${name}, where ${program} asks for host and ports, is this machine`);
  return open(
    `${name}, where ${program} asks, is none of this machine's addresses`,
    'Right if that host passes it on to this one.',
  );
}

async function serviceFound(
  domain: string,
  s: Sought,
  around: Parameters<typeof foundByPrograms>[0],
): Promise<Finding> {
  const name = `${s.name}.${domain}`;
  const answer = await around.resolver.services(name);
  if (answer.kind === 'later') return open(`${name} cannot be looked up: ${answer.reason}`);
  if (answer.kind === 'none')
    return fact(
      `${name} has no SRV record: mail programs must be told the host and port ${around.settings[s.setting]}`,
    );
  const [first] = answer.services;
  if (!first || first.host === '')
    return mend(`${name} tells mail programs that there is no such service`, `Name this server and its port there.`);
  return await leadsHere(`${domain}: a mail program ${s.is} ${first.host}:${first.port}`, first, s, around);
}

async function leadsHere(
  what: string,
  { host, port }: Service,
  { name, setting }: Sought,
  { resolver, own, settings }: Parameters<typeof foundByPrograms>[0],
): Promise<Finding> {
  const answer = await resolver.addresses(host);
  if (answer.kind === 'later') return open(`${what}, which cannot be looked up: ${answer.reason}`);
  if (answer.kind === 'none') return mend(`${what}, which has no address`, `Give ${host} the address of this server.`);
  const isHere = answer.addresses.some(a => own.some(o => sameAddress(a, o)));
  if (isHere && port !== settings[setting])
    return mend(`${what}, and ${setting} is ${settings[setting]}`, `Mend the record of ${name}, or the setting.`);
  if (isHere) return good(`${what}, this machine`);
  return open(`${what}, none of this machine's addresses`, 'Right if a router leads it on to this machine.');
}

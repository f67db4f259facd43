import { createConnection, type Socket } from 'node:net';
import { addressesOf, isListening, ownDomains, type Settings } from '../config.ts';
import type { Heard } from '../intake.ts';
import type { Exchange, Resolver } from '../wire/dns.ts';
import { isLoopback, isPrivate, sameAddress } from '../wire/ip.ts';
import { inWords } from './age.ts';
import { type Finding, fact, good, mend, open } from './findings.ts';

/** What the world's servers knock at, whatever the port of ours behind it. */
const smtpPort = 25;
const patienceMs = 5000;
const mostExchanges = 4;

export type Around = {
  settings: Settings;
  resolver: Resolver;
  /** Who spoke to the running daemon from elsewhere; null: none runs; undefined: that is not asked. */
  heard: Heard | null | undefined;
  now: number;
  /** The addresses of this machine. */
  own: string[];
  /** Tests have no port 25. */
  port?: number;
};

/** How mail finds its way here: names, addresses, and who has already come. */
export async function* incoming(around: Around): AsyncIterable<Finding> {
  const { settings } = around;
  if (settings.smtp_port !== smtpPort)
    yield open(
      `others knock at port 25, and smtp_port is ${settings.smtp_port}`,
      'Lead port 25 on to it (router, firewall), or write smtp_port 25.',
    );
  yield* called(settings);
  for (const domain of ownDomains(settings).filter(d => d.includes('.'))) yield* exchangersOf(domain, around);
  const addresses = publicAddresses(around);
  for (const address of addresses) yield await reverseName(address, around);
  if (addresses.length === 0)
    yield open(
      'this machine has addresses of private networks only; the world sees that of a router',
      'Its reverse name, and port 25 led on to this machine, are for the router and its provider.',
    );
  if (around.heard !== undefined) yield outsideHeard(around.heard, around);
}

/** What we fetch or ask for ourselves. */
function* called({ fetch, etrn_from }: Settings): Iterable<Finding> {
  for (const { name } of fetch) yield fact(`mail is fetched from ${name}`);
  for (const { host, port } of etrn_from) yield fact(`${host}:${port} is asked by ETRN to send what it keeps for us`);
}

/** Of this machine, as others see it. */
function publicAddresses({ settings: { outgoing_ip }, own }: Around): string[] {
  const named = outgoing_ip.length > 0 ? outgoing_ip : own;
  return named.filter(a => !isPrivate(a) && !isLoopback(a));
}

async function* exchangersOf(domain: string, around: Around): AsyncIterable<Finding> {
  const answer = await around.resolver.mx(domain);
  if (answer.kind === 'later') return yield open(`${domain}: its mail servers cannot be looked up: ${answer.reason}`);
  if (answer.kind === 'null-mx')
    return yield mend(`${domain} tells the world that it takes no mail (a null MX)`, `Name this server in its MX.`);
  if (answer.kind === 'none' && !answer.exists)
    return yield mend(
      `there is no domain ${domain} in the DNS`,
      'Register it, and give it an MX that names this server.',
    );
  const exchanges = answer.kind === 'found' ? answer.exchanges : [{ host: domain, preference: 0 }];
  const by = answer.kind === 'found' ? 'MX' : 'no MX, so';
  const best = exchanges.toSorted((a, b) => a.preference - b.preference).slice(0, mostExchanges);
  for (const exchange of best) yield await exchangerFound(`${domain}: ${by} ${exchange.host}`, exchange, around);
}

async function exchangerFound(what: string, { host }: Exchange, around: Around): Promise<Finding> {
  const answer = await around.resolver.addresses(host);
  if (answer.kind === 'later') return open(`${what} cannot be looked up: ${answer.reason}`);
  if (answer.kind === 'none') return mend(`${what} has no address`, `Give ${host} the address of this server.`);
  const { addresses } = answer;
  const where = `${what} [${addresses.join(', ')}]`;
  if (addresses.every(isLoopback))
    return mend(`${where} is every machine's own loopback`, `Give ${host} a real address.`);
  const ours = addresses.filter(a => around.own.some(o => sameAddress(a, o)));
  const deaf = ours.filter(a => !isListening(addressesOf(around.settings, 'smtp_port'), a));
  if (deaf.length > 0)
    return mend(
      `${where} is this machine, which does not listen on ${deaf.join(', ')}`,
      'Add it to listen or smtp_listen.',
    );
  if (ours.length > 0) return good(`${where} is this machine`);
  return await elsewhere(where, addresses[0]!, around);
}

/** Not an address of ours: a router that leads port 25 on to us, or somebody else. */
async function elsewhere(where: string, address: string, { settings, port = smtpPort }: Around): Promise<Finding> {
  const greeting = await greetingOf(address, port);
  if (greeting === null)
    return open(
      `${where} is none of this machine's addresses, and does not answer from here`,
      'If it is your router: lead its port 25 on to this machine, and ask from outside. Else mend the MX.',
    );
  if (greeting.startsWith(`220 ${settings.host_domain[0]} `) || greeting === `220 ${settings.host_domain[0]}`)
    return good(`${where} leads on to this server, seen from here`);
  return open(
    `${where} is another server: ${greeting}`,
    'Right if it is your edge, or your provider that keeps your mail. Else mend the MX.',
  );
}

/** Its first line, cut where it could spoil a terminal; null: nobody greets. */
function greetingOf(address: string, port: number): Promise<string | null> {
  return new Promise(resolve => {
    const socket: Socket = createConnection({ host: address, port, timeout: patienceMs });
    const done = (line: string | null) => {
      socket.destroy();
      resolve(line);
    };
    socket.setEncoding('latin1').once('data', (text: unknown) => {
      const [line = ''] = String(text).split(/\r?\n/);
      done(line.replace(/[^ -~]/g, '?').slice(0, 80));
    });
    socket.once('error', () => done(null));
    socket.once('timeout', () => done(null));
    socket.once('end', () => done(null));
  });
}

/** Many servers take no mail from an address whose name does not lead back to it. */
async function reverseName(address: string, { resolver }: Around): Promise<Finding> {
  const answer = await resolver.reverse(address);
  const todo = `Who gave you ${address} sets its reverse name: the name of this server, which must lead back to it.`;
  if (answer.kind === 'later') return open(`the reverse name of ${address} cannot be looked up: ${answer.reason}`);
  if (answer.kind === 'none') return mend(`${address} has no reverse name: much mail from it is refused`, todo);
  for (const name of answer.names) {
    const back = await resolver.addresses(name);
    if (back.kind === 'found' && back.addresses.some(a => sameAddress(a, address)))
      return good(`${address} is called ${name}, which leads back`);
  }
  return mend(`${address} is called ${answer.names.join(', ')}, which does not lead back to it`, todo);
}

/** The only proof that port 25 is open to the world: somebody came by it. */
function outsideHeard(heard: Heard | null, { settings, now }: Around): Finding {
  const write = `Write from a mailbox elsewhere to postmaster@${settings.host_domain[0]}, then ask again.`;
  if (heard === null)
    return open('whether others reach port 25 here is not known: nothing runs that could have heard them');
  if (heard.outside !== null)
    return good(`${heard.outside.address} came in from outside ${ago(now - heard.outside.at)} ago`);
  if (heard.near !== null)
    return open(
      `only machines near by spoke to us, ${heard.near.address} last, ${ago(now - heard.near.at)} ago`,
      write,
    );
  return open('nobody from outside has spoken to us yet, so port 25 may be shut to the world', write);
}

const ago = (ms: number): string => inWords(ms / 1000);

/** What can be asked of nobody here. */
export function* unseen({ etrn_from, relay_to }: Settings): Iterable<Finding> {
  yield fact(
    'whether others take mail from us for spam: their reports and lists tell (see a public check of your address)',
  );
  if (etrn_from.length > 0)
    yield fact('whether the provider connects back: call cwmail etrn now, then look above who came in from outside');
  if (relay_to.length > 0)
    yield fact('whether the mail servers of relay_to domains have us as their backup: ask who runs them');
}

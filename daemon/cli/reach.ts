import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ownAddresses, type Settings } from '../config.ts';
import type { Heard } from '../intake.ts';
import { domainOf, parseDomain } from '../mail/address.ts';
import { mayGoOut } from '../online.ts';
import { probe } from '../queue.ts';
import { connectSmtp } from '../smtp-client.ts';
import { createResolver } from '../wire/dns.ts';
import { type CommandContext, print, settingsOf, UsageError, withHouse, withStore } from './command.ts';
import { type Finding, fact, findingLines, mend } from './findings.ts';
import { listenersFound } from './listeners.ts';
import { incoming, unseen } from './way-in.ts';
import { foundByPrograms } from './way-of-programs.ts';
import { outgoing } from './way-out.ts';

/** Exit 0: at least one host would take mail from us; without a domain: nothing is to be mended. */
export async function reach(context: CommandContext): Promise<number> {
  const settings = settingsOf(context);
  const given = context.args[0];
  return given === undefined ? await overview(context, settings) : await one(given, settings);
}

const resolverFor = ({ dns_host }: Settings) => createResolver({ servers: dns_host, timeout: 5_000 });

async function one(given: string, settings: Settings): Promise<number> {
  const domain = parseDomain(given.slice(given.lastIndexOf('@') + 1));
  if (domain === null) throw new UsageError(`"${given}" is no domain; it is: cwmail reach [DOMAIN]`);
  const outing = mayGoOut(settings, Date.now());
  if (!outing.yes) print(`Mail waits here: ${outing.reason}. It would go this way:`);
  let good = false;
  for await (const finding of probe(domain, { settings, resolver: resolverFor(settings), connect: connectSmtp })) {
    print(finding.text);
    good ||= finding.good === true;
  }
  return good ? 0 : 1;
}

async function overview(context: CommandContext, settings: Settings): Promise<number> {
  const resolver = resolverFor(settings);
  let toMend = 0;
  const tell = (found: Finding) => {
    if (found.verdict === 'mend') toMend++;
    for (const line of findingLines(found)) print(line);
  };
  const heard = await heardBy(settings);
  print('Listeners');
  if (heard === null) tell(mend(`nothing runs on ${settings.data_path}`, 'Start it: cwmail start'));
  else for (const found of await listenersFound(settings)) tell(found);
  print('How mail comes in');
  const own = ownAddresses();
  for await (const found of incoming({ settings, resolver, heard, now: Date.now(), own })) tell(found);
  for await (const found of foundByPrograms({ settings, resolver, own })) tell(found);
  print('How mail gets out');
  const outing = mayGoOut(settings, Date.now());
  if (!outing.yes) tell(fact(`mail waits here: ${outing.reason}; it would go this way`));
  const samples = existsSync(join(settings.data_path, 'cwmail.db')) ? await samplesOf(context) : [];
  for await (const found of outgoing({ settings, resolver, connect: connectSmtp, samples })) tell(found);
  print('Not to be seen from here');
  for (const found of unseen(settings)) tell(found);
  return toMend === 0 ? 0 : 1;
}

const heardBy = (settings: Settings): Promise<Heard | null> =>
  withHouse<Heard | null>(
    settings,
    async tell => ((await tell.ask('daemon', 'status', {})) as { heard: Heard }).heard,
    async () => null,
  ).catch(() => null);

/** Domains that people here write to: what is in the queue, then whom the first accounts wrote to last. */
async function samplesOf(context: CommandContext): Promise<string[]> {
  return await withStore(context, async (store, settings) => {
    const waiting = await store.domains.names();
    const accounts = (await store.accounts.list()).slice(0, 5);
    const written = await Promise.all(accounts.map(a => store.correspondents.page(a.id, null, 5)));
    const all = [...waiting, ...written.flat().map(c => domainOf(c.address))];
    return [...new Set(all)].filter(d => !settings.host_domain.includes(d));
  });
}

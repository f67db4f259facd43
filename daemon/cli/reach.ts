import { parseDomain } from '../mail/address.ts';
import { mayGoOut } from '../online.ts';
import { probe } from '../queue.ts';
import { connectSmtp } from '../smtp-client.ts';
import { createResolver } from '../wire/dns.ts';
import { type CommandContext, print, settingsOf, UsageError } from './command.ts';

/** Exit 0: at least one host would take mail from us. */
export async function reach(context: CommandContext): Promise<number> {
  const settings = settingsOf(context);
  const given = context.args[0] ?? '';
  const domain = parseDomain(given.slice(given.lastIndexOf('@') + 1));
  if (domain === null) throw new UsageError(`"${given}" is no domain; it is: cwmail reach DOMAIN`);
  const outing = mayGoOut(settings, Date.now());
  if (!outing.yes) print(`Mail waits here: ${outing.reason}. It would go this way:`);
  const resolver = createResolver({ servers: settings.dns_host, timeout: 5_000 });
  let good = false;
  for await (const finding of probe(domain, { settings, resolver, connect: connectSmtp })) {
    print(finding.text);
    good ||= finding.good === true;
  }
  return good ? 0 : 1;
}

import { addressesOf, ownAddresses, type Settings } from '../config.ts';
import { controlPath } from '../control.ts';
import { portProblem } from '../supervisor.ts';
import { dialControl } from '../tell.ts';
import { createResolver } from '../wire/dns.ts';
import { isLoopback } from '../wire/ip.ts';
import { certificateFound } from './deep-check/certificate.ts';
import { filesFound } from './deep-check/files.ts';
import { type Finding, fact, good, mend } from './findings.ts';
import { listenersFound, portSettings } from './listeners.ts';
import { incoming } from './way-in.ts';
import { nameServers } from './way-out.ts';

/** What the settings need of this machine and of the network, beyond being well written. */
export async function* deepCheck(settings: Settings): AsyncIterable<Finding> {
  yield* filesFound(settings);
  yield* await certificateFound(settings, Date.now());
  yield* await portsFound(settings);
  yield* namesFound(settings);
}

async function portsFound(settings: Settings): Promise<Finding[]> {
  const channel = await dialControl(controlPath(settings.data_path)).catch(() => null);
  channel?.close();
  if (channel) return await listenersFound(settings);
  const found: Finding[] = [];
  for (const port of portSettings.filter(p => settings[p] !== 0)) {
    const problem = await portProblem(settings, port);
    found.push(problem === null ? good(`${port} ${settings[port]} can be had`) : mend(problem));
  }
  return found;
}

async function* namesFound(settings: Settings): AsyncIterable<Finding> {
  if (addressesOf(settings, 'smtp_port').every(isLoopback))
    return yield fact('SMTP is for this machine only, so no name was looked up');
  const resolver = createResolver({ servers: settings.dns_host, timeout: 5_000 });
  const works = yield* nameServers({ settings, resolver });
  if (works) yield* incoming({ settings, resolver, heard: undefined, now: Date.now(), own: ownAddresses() });
}

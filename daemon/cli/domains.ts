import type { Settings } from '../config.ts';
import { isSuspended } from '../parking.ts';
import type { DomainCall, DomainMail } from '../store.ts';
import { inBytes } from './bytes.ts';
import { type CommandContext, print, withStore } from './command.ts';

/** What each domain has in the queue, and who called for it last. */
export async function domains(context: CommandContext): Promise<number> {
  return await withStore(context, async (store, settings) => {
    const mail = await store.domains.list();
    const calls = new Map((await store.domains.calls()).map(c => [c.domain, c]));
    const shown = mail.map(m => row(m, calls.get(m.domain) ?? null, settings));
    if (context.options.json) print(JSON.stringify(shown, null, 1));
    else if (shown.length === 0) print('No domain has mail in the queue.');
    else for (const line of table(shown)) print(line);
    return 0;
  });
}

type Row = ReturnType<typeof row>;

const time = (at: number): string => new Date(at).toISOString();

function row(m: DomainMail, call: DomainCall | null, settings: Settings) {
  const suspended = isSuspended(settings, m.domain);
  return {
    domain: m.domain,
    state: suspended ? 'suspended' : m.waiting + m.sending === 0 ? 'held' : 'waiting',
    ...{ parked: m.parked, waiting: m.waiting, sending: m.sending, held: m.held - m.parked, octets: m.octets },
    oldest: time(m.oldest),
    expires: suspended ? null : time(m.oldest + settings.max_retrytime),
    called: call && { verb: call.verb, at: time(call.at), by: call.caller, answer: call.answer },
    warning: warningOf(m, suspended, settings),
  };
}

/** Null: nothing is wrong with it. */
function warningOf(m: DomainMail, suspended: boolean, s: Settings): string | null {
  const age = Date.now() - m.oldest;
  if (suspended) return s.park_warn > 0 && age > s.park_warn ? `nobody has taken it for ${inDays(age)}` : null;
  return m.waiting > 0 && age > s.max_retrytime / 2 ? 'cannot be reached; it will be returned to its senders' : null;
}

const inDays = (ms: number): string => `${Math.floor(ms / 86_400_000)} days`;

const heads = ['DOMAIN', 'STATE', 'PARKED', 'WAITING', 'SENDING', 'HELD', 'SIZE', 'OLDEST', 'EXPIRES', 'LAST CALL'];

function table(rows: Row[]): string[] {
  const cells = rows.map(r => [
    ...[r.domain, r.state, String(r.parked), String(r.waiting), String(r.sending), String(r.held), inBytes(r.octets)],
    ...[short(r.oldest), r.expires === null ? 'never' : short(r.expires), calledBy(r)],
  ]);
  const widths = heads.map((h, i) => Math.max(h.length, ...cells.map(c => c[i]!.length)));
  const line = (c: string[]) =>
    c
      .map((text, i) => text.padEnd(widths[i]!))
      .join('  ')
      .trimEnd();
  const warned = rows.flatMap(r => (r.warning === null ? [] : [`warning: ${r.domain}: ${r.warning}`]));
  return [line(heads), ...cells.map(line), ...warned];
}

const short = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 16)}`;
const calledBy = ({ called }: Row): string =>
  called === null ? '-' : `${called.verb} ${short(called.at)} ${called.by} (${called.answer.slice(0, 3)})`;

import { type CommandContext, PlainError, print, settingsOf, withTell } from './command.ts';

/** As the fetcher tells of a visit; see its FetchResult. */
type Result = {
  fetched: number;
  left: number;
  deleted: number;
  skipped: number;
  refused: number;
  error: string | null;
};
type Visit = { name: string; result: Result };

export async function now(context: CommandContext): Promise<number> {
  const settings = settingsOf(context);
  if (settings.fetch.length === 0) throw new PlainError('no fetch line stands in the settings');
  if (settings.online === 'never') throw new PlainError('online is never: nothing is fetched');
  return await withTell(context, async tell => {
    const visits = (await tell.ask('fetcher', 'fetch.now', { name: context.args[0] ?? null })) as Visit[];
    const sentDown = new Set(settings.fetch.filter(f => f.to.kind === 'odmr').map(f => f.name));
    for (const { name, result } of visits) print(`${name}: ${inWords(result, sentDown.has(name) ? taken : fetched)}`);
    return visits.some(v => v.result.error) ? 1 : 0;
  });
}

/** A visit that came to nothing has only its reason to tell. */
function inWords(result: Result, done: (result: Result) => string): string {
  const { fetched, deleted, left, skipped, refused, error } = result;
  if (error === null) return done(result);
  return fetched + deleted + left + skipped + refused > 0 ? `${done(result)}: ${error}` : error;
}

const fetched = (r: Result): string =>
  `${r.fetched} fetched, ${r.deleted} deleted there, ${r.left} left there (${r.skipped} too large, ${r.refused} refused)`;

/** By ATRN nothing is left or deleted: who sends it has to see to that. */
const taken = (r: Result): string => `${r.fetched} taken${r.refused > 0 ? `, ${r.refused} refused` : ''}`;

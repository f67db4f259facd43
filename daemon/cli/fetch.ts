import { type CommandContext, PlainError, print, settingsOf, withTell } from './command.ts';

/** As the fetcher tells of a visit; see its FetchResult. */
type Visit = {
  name: string;
  result: { fetched: number; left: number; deleted: number; skipped: number; refused: number; error: string | null };
};

export async function now(context: CommandContext): Promise<number> {
  const settings = settingsOf(context);
  if (settings.fetch.length === 0) throw new PlainError('no fetch line stands in the settings');
  if (settings.online === 'never') throw new PlainError('online is never: nothing is fetched');
  return await withTell(context, async tell => {
    const visits = (await tell.ask('fetcher', 'fetch.now', { name: context.args[0] ?? null })) as Visit[];
    for (const { name, result: r } of visits)
      print(
        `${name}: ${r.fetched} fetched, ${r.deleted} deleted there, ${r.left} left there (${r.skipped} too large, ${r.refused} refused)${r.error ? `: ${r.error}` : ''}`,
      );
    return visits.some(v => v.result.error) ? 1 : 0;
  });
}

import { type CommandContext, PlainError, print, settingsOf, withTell } from './command.ts';

type Round = {
  name: string;
  fetched: number;
  left: number;
  deleted: number;
  skipped: number;
  refused: number;
  error: string | null;
};

export async function now(context: CommandContext): Promise<number> {
  const settings = settingsOf(context);
  if (settings.fetch.length === 0) throw new PlainError('no fetch line stands in the settings');
  if (settings.online === 'never') throw new PlainError('online is never: nothing is fetched');
  return await withTell(context, async tell => {
    const rounds = (await tell.ask('fetcher', 'fetch.now', { name: context.args[0] ?? null })) as Round[];
    for (const r of rounds)
      print(
        `${r.name}: ${r.fetched} fetched, ${r.deleted} deleted there, ${r.left} left, ${r.skipped} skipped, ${r.refused} refused${r.error ? ` - ${r.error}` : ''}`,
      );
    return rounds.some(r => r.error) ? 1 : 0;
  });
}

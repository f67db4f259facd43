import { type CommandContext, PlainError, print, settingsOf, withTell } from './command.ts';

/** As the fetcher tells of it; see its Asked. */
type Asked = { name: string; answers: { domain: string; answer: string; good: boolean }[]; error: string | null };

export async function now(context: CommandContext): Promise<number> {
  const settings = settingsOf(context);
  if (settings.etrn_from.length === 0) throw new PlainError('no etrn_from line stands in the settings');
  if (settings.online === 'never') throw new PlainError('online is never: nobody is asked');
  return await withTell(context, async tell => {
    const asked = (await tell.ask('fetcher', 'etrn.now', { name: context.args[0] ?? null })) as Asked[];
    for (const { name, answers, error } of asked) {
      if (error !== null) print(`${name}: ${error}`);
      for (const { domain, answer } of answers) print(`${name}: ${domain}: ${answer}`);
    }
    return asked.some(a => a.error !== null || a.answers.some(b => !b.good)) ? 1 : 0;
  });
}

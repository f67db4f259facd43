import { type ReloadAnswer, reloadReport } from '../supervisor.ts';
import type { Tell } from '../tell.ts';
import { type CommandContext, print, readSettings, withTell } from './command.ts';

/** The running house reads its own settings file anew; 1 when nothing was changed for mistakes. */
export async function reload(context: CommandContext): Promise<number> {
  const ask = async (tell: Tell) => {
    const answer = (await tell.ask('supervisor', 'reload', { dry: false })) as ReloadAnswer;
    for (const line of reloadReport(answer)) print(line);
    return answer.mistakes.length > 0 || answer.problems.length > 0 ? 1 : 0;
  };
  // What is wrong with the file is for the house to say: it need not be the one this command would read.
  return await withTell(context, ask, readSettings(context).settings);
}

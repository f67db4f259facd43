import type { CommandContext } from '../command.ts';

export type Command = {
  /** What must stand behind its name, as help shows it. */
  takes?: string;
  does: string;
  /** Its own options as they are written, and what each means. */
  options?: Record<string, string>;
  /** Exit codes, where they say more than done (0), to be mended (1) and called wrongly (64). */
  exits?: string;
  example: string;
  /** How many words may stand behind its name. */
  words?: number;
  load: () => Promise<(context: CommandContext) => Promise<number>>;
};

export type Group = { title: string; commands: Record<string, Command> };

export const json = { '--json': 'for programs' };

import { loadSettings, mistakeLine, settingsReference } from '../config.ts';
import { type CommandContext, print } from './command.ts';

export async function check({ options }: CommandContext): Promise<number> {
  const { mistakes, file } = loadSettings({ config: options.config ?? null, set: options.set ?? [] });
  for (const m of mistakes) print(mistakeLine(m));
  if (mistakes.length === 0) print(file ? `${file} is good` : 'There is no settings file here; the defaults hold.');
  return mistakes.length ? 1 : 0;
}

export async function reference(): Promise<number> {
  print(settingsReference());
  return 0;
}

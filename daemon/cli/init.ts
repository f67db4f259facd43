import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { isatty } from 'node:tty';
import { type CommandContext, PlainError, print, UsageError } from './command.ts';
import { type Answers, questions, settingsText } from './init/questions.ts';

/** Writes a first settings file, by options, and by questions for what they leave open where somebody can answer. */
export async function init({ options }: CommandContext): Promise<number> {
  const path = options.config ?? (process.env.CWMAIL_CONFIG || 'cwmail.conf');
  const there = `${path} is there already, and init overwrites nothing: cwmail config check looks at it`;
  if (existsSync(path)) throw new PlainError(there);
  const given: Answers = {};
  for (const { option, wrong } of questions) {
    const value = options[option];
    const problem = value === undefined ? null : wrong(value);
    if (problem !== null) throw new UsageError(`--${option}: ${problem}`);
    if (value !== undefined) given[option] = value;
  }
  const answers = isatty(0) ? await asked(given) : given;
  try {
    writeFileSync(path, settingsText(answers), { flag: 'wx' });
    // The service must read it, whoever wrote it; passwords have files of their own.
    chmodSync(path, 0o644);
  } catch (error) {
    throw new PlainError((error as { code?: string }).code === 'EEXIST' ? there : (error as Error).message);
  }
  print(`${path} is written. Look through it, then:`);
  print('  cwmail config check --deep   what is missing yet');
  print('  cwmail start                 serve');
  return 0;
}

async function asked(given: Answers): Promise<Answers> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  // Not question(): it loses what was typed ahead.
  const lines = terminal[Symbol.asyncIterator]();
  const answers = { ...given };
  print('An empty answer takes what stands in brackets.');
  for (const { option, ask, usual, wrong } of questions) {
    while (answers[option] === undefined) {
      const otherwise = usual(answers);
      terminal.setPrompt(`${ask} [${otherwise}] `);
      terminal.prompt();
      const typed = await lines.next();
      if (typed.done) throw new PlainError('nothing was written');
      const answer = typed.value.trim() || otherwise;
      const problem = wrong(answer);
      if (problem === null) answers[option] = answer;
      else print(problem);
    }
  }
  terminal.close();
  return answers;
}

import { openSync, readSync, statSync } from 'node:fs';
import { mistakeLine, readFilterFile } from '../config.ts';
import { controlPath } from '../control.ts';
import { matchingRules } from '../mail/filter.ts';
import { PartScanner } from '../mail/parts.ts';
import { createTell, dialControl } from '../tell.ts';
import { type CommandContext, PlainError, print, settingsOf } from './command.ts';

type Listed = { number: number; line: number; rule: string; hits: number | null };

/** The rules with their numbers, as the log names them; hits are known while the house runs. */
export async function list(context: CommandContext): Promise<number> {
  const settings = settingsOf(context);
  if (settings.msg_filter === '') throw new PlainError('msg_filter is not set: there are no rules');
  const channel = await dialControl(controlPath(settings.data_path));
  let rules: Listed[] = readFilterFile(settings.msg_filter).set.rules.map(r => ({ ...r, rule: r.text, hits: null }));
  if (channel) {
    const tell = createTell(channel);
    rules = (await tell.ask('daemon', 'filter.list', null).catch((error: Error) => {
      throw new PlainError(error.message);
    })) as Listed[];
    tell.close();
  }
  if (context.options.json)
    print(
      JSON.stringify(
        rules.map(({ number, line, rule, hits }) => ({ number, line, rule, hits })),
        null,
        2,
      ),
    );
  else
    for (const r of rules)
      print(`${r.number}  line ${r.line}  ${r.hits === null ? 'not running' : `hits ${r.hits}`}  ${r.rule}`);
  return 0;
}

/** 0: no rule matches · 2: at least one does. */
export async function test(context: CommandContext): Promise<number> {
  const settings = settingsOf(context);
  const [path = ''] = context.args;
  if (settings.msg_filter === '') throw new PlainError('msg_filter is not set: there are no rules to test');
  const { set, warnings } = readFilterFile(settings.msg_filter);
  for (const w of warnings) print(`${mistakeLine(w)} (a warning)`);
  const matches = await matchingRules(set, contentOf(path));
  for (const { rule, where } of matches)
    print(`rule ${rule.number} (line ${rule.line}) matches: ${where}\n  ${rule.text}`);
  const decides = matches.find(m => m.rule.action !== 'tag');
  if (matches.length === 0) print('No rule matches.');
  else
    print(
      decides
        ? `It would be ${done[decides.rule.action]} by rule ${decides.rule.number}.`
        : 'It would be taken, with the tags.',
    );
  return matches.length === 0 ? 0 : 2;
}

const done = { reject: 'refused', discard: 'dropped', quarantine: 'put into Junk', tag: 'tagged' };

/** Read by pieces: the file may be larger than the memory. */
function contentOf(path: string) {
  try {
    const fd = openSync(path, 'r');
    const { size } = statSync(path);
    const read = (from: number, to: number) => {
      const bytes = Buffer.alloc(Math.max(to - from, 0));
      return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, from));
    };
    const scanner = new PartScanner();
    for (let at = 0; at < size; at += 65_536) scanner.push(read(at, Math.min(at + 65_536, size)));
    const { header, root } = scanner.end();
    return { header, root, size, read: async (from: number, to: number) => read(from, to) };
  } catch (error) {
    throw new PlainError(`${path} cannot be read: ${(error as Error).message}`);
  }
}

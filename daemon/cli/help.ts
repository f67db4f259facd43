import { nearest } from '../config.ts';
import { print, UsageError } from './command.ts';
import { type Command, commands, groups } from './commands.ts';

/** They read their options themselves, as programs of these names do. */
export const sendmailNames = ['sendmail', 'mailq', 'newaliases'];

const always: Record<string, string> = {
  '--config FILE': 'the settings; else $CWMAIL_CONFIG, else cwmail.conf of this folder, else the defaults',
  '--set NAME=VALUE': 'one more line of settings, which wins; may be repeated',
};

const sendmail: Command = {
  takes: '[OPTION …] [ADDRESS …]',
  does: 'send the message on standard input, as sendmail does',
  options: {
    '-t': 'recipients from To, Cc and Bcc too',
    '-i': 'a line of one dot does not end the message',
    '-f ADDRESS': 'the reverse-path; without it who calls',
    '-F NAME': 'the name in From, when that is missing',
    '-N WHEN, -R WHAT, -V ID': 'reports (RFC 3461): never or success,failure,delay; full or hdrs; an id',
    '-bp': 'list the queue, as mailq does',
    '-C FILE': 'the settings; else $CWMAIL_CONFIG, else /etc/cwmail/cwmail.conf',
  },
  exits: '0: taken · 64, 65, 67, 69, 77: refused · 75: try again',
  example: 'cwmail sendmail -t < letter.eml',
  load: () => {
    throw new UsageError('sendmail reads its own options');
  },
};

const named: Record<string, Command> = { ...commands, sendmail };

/** `help`, `help queue`, `help queue list`. */
export function help(words: string[]): number {
  const name = words.join(' ');
  if (name === '') for (const line of overview()) print(line);
  else if (Object.hasOwn(named, name)) for (const line of about(name)) print(line);
  else {
    const family = Object.keys(named).filter(n => n.startsWith(`${name} `));
    if (family.length === 0) throw unknownCommand(words);
    const width = Math.max(...family.map(n => headOf(n).length));
    for (const n of family) print(row(n, width));
  }
  return 0;
}

/** What a command was called with that is not its own; null: nothing. */
export function strangeOption(name: string, given: string[]): string | null {
  const own = Object.keys({ ...always, ...commands[name]?.options, '--help': '' }).map(o => o.split(' ')[0]!);
  const strange = given.find(o => !own.includes(o) && o !== '-h');
  if (strange === undefined) return null;
  const near = nearest(
    strange.replace(/^-+/, ''),
    own.map(o => o.slice(2)),
  );
  return `${name} has no option ${strange}${near === null ? '' : `; did you mean --${near}?`} (cwmail help ${name})`;
}

/**
 * A word that must stand behind the command and does not, or an option that must; null: none. It reads what help shows:
 * what stands in brackets may be left out, and where something stands in the place of another, the command decides.
 */
export function missingWord(name: string, args: string[], options: string[]): string | null {
  const takes = commands[name]?.takes ?? '';
  if (takes.includes(' | ')) return null;
  const must = takes.split(' ').filter(word => word !== '' && word !== '…' && !/^\[|\]$/.test(word));
  const isOption = (word: string | undefined) => word?.startsWith('--') === true;
  const words = must.filter((word, i) => !isOption(word) && !isOption(must[i - 1]));
  const option = must.filter(isOption).find(o => !options.includes(o.slice(2)));
  if (words[args.length] !== undefined || option === undefined) return words[args.length] ?? null;
  const meaning = Object.entries(commands[name]?.options ?? {}).find(([o]) => o.split(' ')[0] === option)?.[1];
  return `${option}${meaning === undefined ? '' : ` (${meaning})`}`;
}

export function unknownCommand(words: string[]): UsageError {
  const [first = ''] = words;
  const family = Object.keys(named).filter(n => n.startsWith(`${first} `));
  if (family.length > 0 && words.length === 1)
    return new UsageError(`a word is missing behind ${first}; it is one of: ${family.join(', ')}`);
  const called = words.slice(0, 2).join(' ');
  const near = nearest(called, Object.keys(named)) ?? nearest(first, Object.keys(named));
  return new UsageError(
    `there is no command "${called}"; ${near === null ? 'cwmail --help lists them' : `did you mean ${near}?`}`,
  );
}

const headOf = (name: string): string => [name, named[name]!.takes].filter(Boolean).join(' ');
const row = (name: string, width: number): string => `  ${headOf(name).padEnd(width)}  ${named[name]!.does}`;

function overview(): string[] {
  const width = Math.max(...Object.keys(named).map(n => headOf(n).length));
  return [
    'cwmail COMMAND [--config FILE] [--set NAME=VALUE …]',
    ...groups.flatMap(g => ['', g.title, ...Object.keys(g.commands).map(n => row(n, width))]),
    row('sendmail', width),
    '',
    'cwmail help COMMAND tells of its options, with an example. cwmail --version',
  ];
}

function about(name: string): string[] {
  const { does, options, exits, example } = named[name]!;
  const all = Object.entries({ ...options, ...(name === 'sendmail' ? {} : always) });
  const width = Math.max(...all.map(([o]) => o.length));
  return [
    usageOf(name),
    does,
    '',
    ...all.map(([o, meaning]) => `  ${o.padEnd(width)}  ${meaning}`),
    '',
    ...(exits === undefined ? [] : [`Exit code   ${exits}`]),
    `Example     ${example}`,
  ];
}

/** How a command that was called wrongly is called. */
export const usageOf = (name: string): string => `cwmail ${headOf(name)}`;

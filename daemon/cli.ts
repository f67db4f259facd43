/** The command line: finds the command that was called, and what it was called with. Each is loaded only when it is called. */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { UsageError } from './cli/command.ts';
import { commands } from './cli/commands.ts';
import { help, missingWord, sendmailNames, strangeOption, unknownCommand, usageOf } from './cli/help.ts';

const options = {
  config: { type: 'string' },
  set: { type: 'string', multiple: true },
  single: { type: 'boolean' },
  json: { type: 'boolean' },
  'password-stdin': { type: 'boolean' },
  name: { type: 'string' },
  limit: { type: 'string' },
  after: { type: 'string' },
  domain: { type: 'string' },
  for: { type: 'string' },
  smtp: { type: 'string' },
  sender: { type: 'string' },
  recipient: { type: 'string' },
  all: { type: 'boolean' },
  content: { type: 'boolean' },
  bounce: { type: 'boolean' },
  as: { type: 'string' },
  from: { type: 'string' },
  keep: { type: 'boolean' },
  off: { type: 'boolean' },
  revoke: { type: 'boolean' },
  deep: { type: 'boolean' },
  data: { type: 'string' },
  listen: { type: 'string' },
  ports: { type: 'string' },
  site: { type: 'string' },
  signup: { type: 'string' },
  out: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} satisfies ParseArgsConfig['options'];

// What the house writes, the mail above all, is for its own user's eyes.
process.umask(0o077);
process.exitCode = await run(process.argv.slice(2));
// A house that did not come up may listen with one half already.
if (process.exitCode !== 0) process.exit();

async function run(argv: string[]): Promise<number> {
  const [called = '', ...rest] = argv;
  try {
    if (sendmailNames.includes(called) && rest[0] !== '--help')
      return await (await import('./cli/sendmail.ts')).sendmail(called, rest);
    return await carryOut(argv);
  } catch (error) {
    const known = error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS');
    console.error(`cwmail: ${(error as Error).message}`);
    if (!known && !(error as { plain?: boolean }).plain) console.error((error as Error).stack);
    return known ? 64 : 1;
  }
}

async function carryOut(argv: string[]): Promise<number> {
  const loose = parseArgs({ args: argv, options, allowPositionals: true, strict: false, tokens: true });
  if (loose.values.version) return await version();
  const words = loose.positionals;
  if (loose.values.help || words[0] === 'help') return help(words[0] === 'help' ? words.slice(1) : words);
  if (words.length === 0) {
    help([]);
    return 64;
  }
  const name = [words.slice(0, 2).join(' '), words[0]!].find(n => Object.hasOwn(commands, n));
  if (name === undefined) throw unknownCommand(words);
  const strange = strangeOption(
    name,
    loose.tokens.flatMap(t => (t.kind === 'option' ? [t.rawName] : [])),
  );
  if (strange !== null) throw new UsageError(strange);
  const { values, positionals } = parseArgs({ args: argv, options, allowPositionals: true });
  const args = positionals.slice(name.split(' ').length);
  const { words: most = 0, load } = commands[name]!;
  const missing = missingWord(name, args, Object.keys(values));
  if (missing !== null) throw new UsageError(`${missing} is missing; it is: ${usageOf(name)}`);
  if (args.length > most) throw new UsageError(`"${args[most]}" is too much; it is: ${usageOf(name)}`);
  return await (await load())({ args, options: values });
}

async function version(): Promise<number> {
  const { default: about } = await import('../package.json', { with: { type: 'json' } });
  console.log(`cwmail ${about.version}, Node ${process.version}`);
  return 0;
}

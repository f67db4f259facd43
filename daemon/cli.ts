/** The command line: one table of commands, each in its own room, loaded only when it is called. */
import { parseArgs } from 'node:util';
import { type CommandContext, UsageError } from './cli/command.ts';

type Command = { usage: string; does: string; load: () => Promise<(context: CommandContext) => Promise<number>> };

const commands: Record<string, Command> = {
  start: {
    usage: 'start [--single]',
    does: 'serve mail and the site until stopped',
    load: async () => (await import('./cli/start.ts')).start,
  },
  'user add': {
    usage: 'user add NAME@DOMAIN --password-stdin [--name NAME]',
    does: 'make an account',
    load: async () => (await import('./cli/user.ts')).add,
  },
  'user passwd': {
    usage: 'user passwd NAME@DOMAIN --password-stdin',
    does: 'set a password',
    load: async () => (await import('./cli/user.ts')).passwd,
  },
  'user list': {
    usage: 'user list [--json]',
    does: 'list the accounts',
    load: async () => (await import('./cli/user.ts')).list,
  },
  'user del': {
    usage: 'user del NAME@DOMAIN',
    does: 'remove an account with its mail',
    load: async () => (await import('./cli/user.ts')).del,
  },
  'queue list': {
    usage: 'queue list [--json]',
    does: 'list what waits for other hosts',
    load: async () => (await import('./cli/queue.ts')).list,
  },
  'queue retry': {
    usage: 'queue retry [ID …]',
    does: 'try deliveries now',
    load: async () => (await import('./cli/queue.ts')).retry,
  },
  'fetch now': {
    usage: 'fetch now [USER@HOST:PORT]',
    does: 'fetch from the mailboxes elsewhere now',
    load: async () => (await import('./cli/fetch.ts')).now,
  },
  route: {
    usage: 'route ADDRESS',
    does: 'show who would get mail for an address',
    load: async () => (await import('./cli/route.ts')).route,
  },
  'config check': {
    usage: 'config check',
    does: 'name every mistake in the settings',
    load: async () => (await import('./cli/config.ts')).check,
  },
  'config reference': {
    usage: 'config reference',
    does: 'print all settings with their defaults',
    load: async () => (await import('./cli/config.ts')).reference,
  },
};

process.exitCode = await run(process.argv.slice(2));

async function run(argv: string[]): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        config: { type: 'string' },
        set: { type: 'string', multiple: true },
        single: { type: 'boolean' },
        json: { type: 'boolean' },
        'password-stdin': { type: 'boolean' },
        name: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean' },
      },
    });
    if (values.version) return await version();
    if (values.help || positionals.length === 0) return help(values.help ? 0 : 64);
    const name = [positionals.slice(0, 2).join(' '), positionals[0]!].find(n => Object.hasOwn(commands, n));
    if (!name) throw new UsageError(`there is no command "${positionals.join(' ')}"; cwmail --help lists them`);
    const args = positionals.slice(name.split(' ').length);
    return await (await commands[name]!.load())({ args, options: values });
  } catch (error) {
    const known = error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS');
    console.error(`cwmail: ${(error as Error).message}`);
    if (!known && !(error as { plain?: boolean }).plain) console.error((error as Error).stack);
    return known ? 64 : 1;
  }
}

function help(code: number): number {
  const width = Math.max(...Object.values(commands).map(c => c.usage.length));
  const lines = Object.values(commands).map(c => `  ${c.usage.padEnd(width)}  ${c.does}`);
  console.log(['cwmail COMMAND [--config FILE] [--set NAME=VALUE …]', '', ...lines].join('\n'));
  return code;
}

async function version(): Promise<number> {
  const { default: about } = await import('../package.json', { with: { type: 'json' } });
  console.log(`cwmail ${about.version}, Node ${process.version}`);
  return 0;
}

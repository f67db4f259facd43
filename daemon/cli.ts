/** The command line: one table of commands, each in its own room, loaded only when it is called. */
import { parseArgs } from 'node:util';
import { type CommandContext, UsageError } from './cli/command.ts';

type Command = {
  usage: string;
  does: string;
  /** How many words may stand behind its name. */
  words?: number;
  load: () => Promise<(context: CommandContext) => Promise<number>>;
};

const commands: Record<string, Command> = {
  start: {
    usage: 'start [--single]',
    does: 'serve mail and the site until stopped',
    load: async () => (await import('./cli/start.ts')).start,
  },
  reload: {
    usage: 'reload',
    does: 'apply changed settings without a restart',
    load: async () => (await import('./cli/reload.ts')).reload,
  },
  status: {
    usage: 'status [--json]',
    does: 'show sessions, queue and processes',
    load: async () => (await import('./cli/status.ts')).status,
  },
  tellsmtp: {
    usage: 'tellsmtp COMMAND|SCRIPT.msc',
    does: 'tell the SMTP server something; tellsmtp help lists what',
    words: 10,
    load: async () => (await import('./cli/managers.ts')).tellsmtp,
  },
  tellpop: {
    usage: 'tellpop COMMAND',
    does: 'tell the POP3 server something; tellpop help lists what',
    words: 10,
    load: async () => (await import('./cli/managers.ts')).tellpop,
  },
  'user add': {
    usage: 'user add NAME@DOMAIN --password-stdin [--name NAME]',
    does: 'make an account',
    words: 1,
    load: async () => (await import('./cli/user.ts')).add,
  },
  'user passwd': {
    usage: 'user passwd NAME@DOMAIN --password-stdin',
    does: 'set a password',
    words: 1,
    load: async () => (await import('./cli/user.ts')).passwd,
  },
  'user list': {
    usage: 'user list [--json]',
    does: 'list the accounts',
    load: async () => (await import('./cli/user.ts')).list,
  },
  'user set': {
    usage: 'user set NAME@DOMAIN [pop3=on|off] [disabled=on|off] [name=NAME]',
    does: 'allow POP3 or not, disable or enable, name an account',
    words: 4,
    load: async () => (await import('./cli/account.ts')).set,
  },
  'user quota': {
    usage: 'user quota NAME@DOMAIN SIZE|none',
    does: 'set how much an account may hold',
    words: 2,
    load: async () => (await import('./cli/account.ts')).quota,
  },
  'user recount': {
    usage: 'user recount [NAME@DOMAIN]',
    does: 'count anew what an account holds (all: none named)',
    words: 1,
    load: async () => (await import('./cli/account.ts')).recount,
  },
  'user del': {
    usage: 'user del NAME@DOMAIN',
    does: 'remove an account with its mail',
    words: 1,
    load: async () => (await import('./cli/user.ts')).del,
  },
  'user forward': {
    usage: 'user forward NAME@DOMAIN [ADDRESS …] [--keep] [--off]',
    does: 'show, set or end where the mail of an account goes',
    words: Number.POSITIVE_INFINITY,
    load: async () => (await import('./cli/forward.ts')).forward,
  },
  'queue list': {
    usage: 'queue list [FILTER] [--limit N] [--after ID] [--json]',
    does: 'list what waits in the queue',
    load: async () => (await import('./cli/queue.ts')).list,
  },
  'queue domains': {
    usage: 'queue domains [--json]',
    does: 'show what each domain has in the queue, and who called for it last',
    load: async () => (await import('./cli/domains.ts')).domains,
  },
  'queue show': {
    usage: 'queue show ID [--json | --content]',
    does: 'show a delivery: envelope, timeline, header',
    words: 1,
    load: async () => (await import('./cli/queue.ts')).show,
  },
  'queue hold': {
    usage: 'queue hold ID … | FILTER | --all',
    does: 'hold deliveries until they are released',
    words: Number.POSITIVE_INFINITY,
    load: async () => (await import('./cli/queue.ts')).hold,
  },
  'queue release': {
    usage: 'queue release ID … | FILTER | --all',
    does: 'let held deliveries go',
    words: Number.POSITIVE_INFINITY,
    load: async () => (await import('./cli/queue.ts')).release,
  },
  'queue retry': {
    usage: 'queue retry [ID … | FILTER]',
    does: 'try deliveries now',
    words: Number.POSITIVE_INFINITY,
    load: async () => (await import('./cli/queue.ts')).retry,
  },
  'queue delete': {
    usage: 'queue delete ID … | FILTER | --all [--bounce]',
    does: 'take deliveries out; --bounce tells their senders',
    words: Number.POSITIVE_INFINITY,
    load: async () => (await import('./cli/queue.ts')).remove,
  },
  'queue counters': {
    usage: 'queue counters',
    does: 'print the counters of the running daemon, as Prometheus reads them',
    load: async () => (await import('./cli/queue.ts')).counters,
  },
  'fetch now': {
    usage: 'fetch now [USER@HOST:PORT]',
    does: 'fetch from the mailboxes elsewhere now',
    words: 1,
    load: async () => (await import('./cli/fetch.ts')).now,
  },
  'etrn now': {
    usage: 'etrn now [HOST[:PORT]]',
    does: 'ask other hosts by ETRN now for the mail they keep for us',
    words: 1,
    load: async () => (await import('./cli/etrn.ts')).now,
  },
  route: {
    usage: 'route ADDRESS [--as relay|submission] [--from IP]',
    does: 'show who would get mail for an address',
    words: 1,
    load: async () => (await import('./cli/route.ts')).route,
  },
  reach: {
    usage: 'reach DOMAIN',
    does: 'show which way mail for a domain goes, and try it without sending any',
    words: 1,
    load: async () => (await import('./cli/reach.ts')).reach,
  },
  'filter list': {
    usage: 'filter list [--json]',
    does: 'list the content rules with their numbers and hits',
    load: async () => (await import('./cli/filter.ts')).list,
  },
  'filter test': {
    usage: 'filter test FILE.eml',
    does: 'say which content rules a message matches',
    words: 1,
    load: async () => (await import('./cli/filter.ts')).test,
  },
  'config check': {
    usage: 'config check',
    does: 'name every mistake in the settings',
    load: async () => (await import('./cli/config.ts')).check,
  },
  'config files': {
    usage: 'config files',
    does: 'list every file the settings need',
    load: async () => (await import('./cli/config.ts')).files,
  },
  'config test-ip': {
    usage: 'config test-ip SETTING ADDRESS',
    does: 'say what a list of IP addresses makes of one',
    words: 2,
    load: async () => (await import('./cli/config.ts')).testIp,
  },
  'config import-report': {
    usage: 'config import-report FILE',
    does: 'say what becomes of each line of a dmail.conf',
    words: 1,
    load: async () => (await import('./cli/config.ts')).importReport,
  },
  'config reference': {
    usage: 'config reference',
    does: 'print all settings with their defaults',
    load: async () => (await import('./cli/config.ts')).reference,
  },
};

/** Programs by their own names, with their own options. */
const others = ['sendmail', 'mailq', 'newaliases'];
const sendmail = {
  usage: 'sendmail [-t] [-i] [-f ADDRESS] [ADDRESS …]',
  does: 'send the message on standard input, as the program of that name',
};

// What the house writes, the mail above all, is for its own user's eyes.
process.umask(0o077);
process.exitCode = await run(process.argv.slice(2));
// A house that did not come up may listen with one half already.
if (process.exitCode !== 0) process.exit();

async function run(argv: string[]): Promise<number> {
  const [called = '', ...rest] = argv;
  if (others.includes(called)) return await (await import('./cli/sendmail.ts')).sendmail(called, rest);
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
        limit: { type: 'string' },
        after: { type: 'string' },
        domain: { type: 'string' },
        sender: { type: 'string' },
        recipient: { type: 'string' },
        all: { type: 'boolean' },
        content: { type: 'boolean' },
        bounce: { type: 'boolean' },
        as: { type: 'string' },
        from: { type: 'string' },
        keep: { type: 'boolean' },
        off: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean' },
      },
    });
    if (values.version) return await version();
    if (values.help || positionals.length === 0) return help(values.help ? 0 : 64);
    const name = [positionals.slice(0, 2).join(' '), positionals[0]!].find(n => Object.hasOwn(commands, n));
    if (!name) throw new UsageError(`there is no command "${positionals.join(' ')}"; cwmail --help lists them`);
    const args = positionals.slice(name.split(' ').length);
    const { words = 0, usage, load } = commands[name]!;
    if (args.length > words) throw new UsageError(`"${args[words]}" is too much; it is: cwmail ${usage}`);
    return await (await load())({ args, options: values });
  } catch (error) {
    const known = error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS');
    console.error(`cwmail: ${(error as Error).message}`);
    if (!known && !(error as { plain?: boolean }).plain) console.error((error as Error).stack);
    return known ? 64 : 1;
  }
}

function help(code: number): number {
  const all = [...Object.values(commands), sendmail];
  const width = Math.max(...all.map(c => c.usage.length));
  const lines = all.map(c => `  ${c.usage.padEnd(width)}  ${c.does}`);
  const filter = 'FILTER is one or more of: --domain DOMAIN, --sender ADDRESS, --recipient ADDRESS';
  console.log(['cwmail COMMAND [--config FILE] [--set NAME=VALUE …]', '', ...lines, '', filter].join('\n'));
  return code;
}

async function version(): Promise<number> {
  const { default: about } = await import('../package.json', { with: { type: 'json' } });
  console.log(`cwmail ${about.version}, Node ${process.version}`);
  return 0;
}

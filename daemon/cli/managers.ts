/** tellsmtp and tellpop, the original's managers: one table, each command for one of them or both. */
import { levels } from '../config.ts';
import { type CommandContext, print, UsageError, withTell } from './command.ts';

type Manager = 'tellsmtp' | 'tellpop';
type ManagerCommand = {
  usage: string;
  does: string;
  /** Of one alone; absent: of both. */
  only?: Manager;
  /** How many words may stand behind its name. */
  words?: number;
  run: (context: CommandContext) => Promise<number>;
};

const commands: Record<string, ManagerCommand> = {
  reload: {
    usage: 'reload',
    does: 'apply changed settings without a restart',
    run: async context => (await import('./reload.ts')).reload(context),
  },
  status: {
    usage: 'status [--json]',
    does: 'show sessions, queue and processes',
    run: async context => (await import('./status.ts')).status(context),
  },
  filters: {
    usage: 'filters [--json]',
    does: 'list the content rules with their numbers and hits',
    only: 'tellsmtp',
    run: async context => (await import('./filter.ts')).list(context),
  },
  log_level: {
    usage: `log_level ${levels.join('|')}`,
    does: 'change the log level until the next reload or restart',
    words: 1,
    run: logLevel,
  },
  shutdown: { usage: 'shutdown', does: 'stop all of cwmail: SMTP, POP3 and the site', run: shutdown },
};

/** Commands of the original for which there is nothing to do here. */
const needless: Record<string, string> = {
  pass: 'there is no manager password: the control socket is for the own user of the servers alone',
  password: 'there is no manager password: the control socket is for the own user of the servers alone',
  key: 'there is no licence key',
  register: 'there is no licence key',
};

export const tellsmtp = (context: CommandContext): Promise<number> => tell('tellsmtp', context);
export const tellpop = (context: CommandContext): Promise<number> => tell('tellpop', context);

async function tell(manager: Manager, context: CommandContext): Promise<number> {
  const [name = 'help', ...args] = context.args;
  if (manager === 'tellsmtp' && /\.msc$/i.test(name)) return (await import('./script.ts')).script(context);
  if (name === 'help') return help(manager);
  if (Object.hasOwn(needless, name)) throw new UsageError(needless[name]!);
  const command = Object.hasOwn(commands, name) ? commands[name]! : null;
  if (!command || (command.only ?? manager) !== manager)
    throw new UsageError(`there is no "${manager} ${name}"; ${manager} help lists what there is`);
  const tooMuch = args[command.words ?? 0];
  if (tooMuch !== undefined)
    throw new UsageError(`"${tooMuch}" is too much; it is: cwmail ${manager} ${command.usage}`);
  return await command.run({ ...context, args });
}

function help(manager: Manager): number {
  const own = Object.values(commands).filter(c => (c.only ?? manager) === manager);
  const all = [
    ...own.map(c => [c.usage, c.does] as const),
    ...(manager === 'tellsmtp' ? [['SCRIPT.msc', 'play the SMTP lines of a file to our own server'] as const] : []),
  ];
  const width = Math.max(...all.map(([usage]) => usage.length));
  print(`cwmail ${manager} COMMAND`);
  for (const [usage, does] of all) print(`  ${usage.padEnd(width)}  ${does}`);
  return 0;
}

async function logLevel(context: CommandContext): Promise<number> {
  const level = levels.find(l => l === context.args[0]?.toLowerCase());
  if (level === undefined) throw new UsageError(`one of ${levels.join(', ')} belongs behind log_level`);
  return await withTell(context, async ask => {
    const problems = (await ask.ask('supervisor', 'log.level', { level })) as string[];
    for (const problem of problems) print(`Went wrong: ${problem}`);
    print(`The log level is ${level} until the next reload or restart.`);
    return problems.length > 0 ? 1 : 0;
  });
}

async function shutdown(context: CommandContext): Promise<number> {
  return await withTell(context, async ask => {
    await ask.ask('supervisor', 'stop', {});
    print('All of cwmail is stopping: SMTP, POP3 and the site. cwmail start brings it back.');
    return 0;
  });
}

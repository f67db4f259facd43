import { isatty } from 'node:tty';
import { addressesOf, mistakeLine, type PortSetting, type Settings, siteUrl, written } from '../config.ts';
import { type House, PortError, StartError, startHouse } from '../supervisor.ts';
import { clockProblem } from './clock.ts';
import { type CommandContext, loadedOf, PlainError, print, readSettings, warnRoot } from './command.ts';

/** SIGTERM to exit, as promised to whoever stops us. */
const graceMs = 9000;

/** Serves until SIGTERM or SIGINT; a second signal ends it at once. */
export async function start(context: CommandContext): Promise<number> {
  const { settings, texts, warnings, notes } = loadedOf(context);
  warnRoot(settings);
  const hadTerminal = onTerminal();
  let house: House | null = null;
  let stopAsked = () => {};
  const stopped = new Promise<void>(resolve => {
    let asked = 0;
    const stop = () => {
      if (++asked > 1) process.exit(1);
      resolve();
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
    // SIGHUP says either that the settings are to be read anew, or that the terminal was closed and is none any more.
    process.on('SIGHUP', () => (hadTerminal && !onTerminal() ? stop() : house?.reload()));
    stopAsked = resolve;
  });
  const notice = (text: string) => print(`cwmail: ${text}`);
  const clock = clockProblem(settings);
  if (clock !== null) notice(clock);
  for (const m of warnings) notice(`${mistakeLine(m)} (a warning)`);
  const old = new Set(notes.map(n => `${n.file}:${n.line}`)).size;
  if (old > 0)
    notice(
      `${old === 1 ? 'one line of the settings is' : `${old} lines of the settings are`} as in dmail.conf; cwmail config check says what becomes of it`,
    );
  house = await startHouse({
    settings,
    texts,
    reread: () => readSettings(context),
    single: context.options.single === true,
    notice,
    stopAsked: () => stopAsked(),
  }).catch(inWords);
  print(greeting(settings, house));
  await stopped;
  await house.stop(graceMs);
  return 0;
}

const onTerminal = (): boolean => isatty(0) || isatty(1);

function inWords(error: unknown): never {
  if (error instanceof StartError || error instanceof PortError) throw new PlainError(error.message);
  throw error;
}

function greeting(s: Settings, house: House): string {
  const open = `${siteUrl(s)}/`;
  return [
    `CWMail is running for ${s.host_domain.join(', ')}.`,
    `  Open         ${open}${s.signup === 'open' ? `   (sign up at ${open}signup)` : ''}`,
    `  SMTP         ${at(s, 'smtp_port')}, for submission ${tlsFirst(s, 'submissions_port')}${at(s, 'submission_port')}`,
    s.odmr_port > 0 ? `  ODMR         ${at(s, 'odmr_port')}` : null,
    `  POP3         ${tlsFirst(s, 'pops_port')}${at(s, 'pop_port')}`,
    `  Mail lies in ${s.data_path}, the log in ${house.logFile}`,
    s.online === 'never' ? '  Off line     mail for other domains is parked, nothing is fetched (online never)' : null,
    `  Stop with    ${onTerminal() ? 'Ctrl-C' : `kill ${process.pid}`}`,
  ]
    .filter(line => line !== null)
    .join('\n');
}

const at = (s: Settings, port: PortSetting): string =>
  addressesOf(s, port)
    .map(address => `${written(address)}:${s[port]}`)
    .join(' and ');

/** What mail programs are best told (RFC 8314 §4.1), in front of the rest. */
const tlsFirst = (s: Settings, port: PortSetting): string => (s[port] > 0 ? `${at(s, port)} (TLS) and ` : '');

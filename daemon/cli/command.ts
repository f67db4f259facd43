import { existsSync, readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { nameProblem } from '../auth.ts';
import { type Loaded, loadSettings, mistakeLine, type Settings } from '../config.ts';
import { controlPath } from '../control.ts';
import { addressKey, localOf, parseAddress } from '../mail/address.ts';
import { type Account, openStore, type Store } from '../store.ts';
import { createTell, dialControl, type Tell } from '../tell.ts';

export type CommandContext = {
  /** What stands behind the command's name. */
  args: string[];
  options: {
    config?: string;
    set?: string[];
    single?: boolean;
    json?: boolean;
    'password-stdin'?: boolean;
    name?: string;
    limit?: string;
    after?: string;
    domain?: string;
    for?: string;
    smtp?: string;
    sender?: string;
    recipient?: string;
    all?: boolean;
    content?: boolean;
    bounce?: boolean;
    as?: string;
    from?: string;
    keep?: boolean;
    off?: boolean;
    revoke?: boolean;
    deep?: boolean;
    data?: string;
    listen?: string;
    ports?: string;
    site?: string;
    signup?: string;
    out?: string;
  };
};

/** The command was called wrongly: one sentence, exit 64 (EX_USAGE). */
export class UsageError extends Error {}

/** Something a person must mend; printed without a stack. */
export class PlainError extends Error {
  readonly plain = true;
}

/** The settings as this command was given them, or as $CWMAIL_CONFIG names them, with mistakes and all. */
export const readSettings = ({ options }: CommandContext): Loaded =>
  loadSettings({ config: options.config ?? (process.env.CWMAIL_CONFIG || null), set: options.set ?? [] });

/** The same, and the end of the command when they have mistakes. */
export function loadedOf(context: CommandContext): Loaded {
  const loaded = readSettings(context);
  const { mistakes } = loaded;
  if (mistakes.length) throw new PlainError(`the settings have mistakes:\n${mistakes.map(mistakeLine).join('\n')}`);
  return loaded;
}

export const settingsOf = (context: CommandContext): Settings => loadedOf(context).settings;

/** The store for one command; it may be used while the servers run. */
export async function withStore<T>(
  context: CommandContext,
  act: (store: Store, settings: Settings) => Promise<T>,
): Promise<T> {
  const settings = settingsOf(context);
  warnRoot(settings);
  const store = await openStore({
    path: settings.data_path,
    writer: 'inline',
    indexes: false,
    fatal: error => {
      throw error;
    },
  });
  try {
    return await act(store, settings);
  } finally {
    await store.close();
  }
}

/** What root writes into the folder of another user, that user's servers may not be able to open. */
export function warnRoot({ data_path }: Settings): void {
  const owner = statSync(data_path, { throwIfNoEntry: false })?.uid ?? 0;
  if (userInfo().uid !== 0 || owner === 0) return;
  console.error(
    `cwmail: you are root, and ${data_path} belongs to ${nameOf(owner)}, who may not be able to open what you write there: call it by runuser -u ${nameOf(owner)} -- cwmail … (a warning)`,
  );
}

/** Of a user, as /etc/passwd has it; else the number. */
function nameOf(uid: number): string {
  const lines = existsSync('/etc/passwd') ? readFileSync('/etc/passwd', 'utf8').split('\n') : [];
  return lines.find(l => l.split(':')[2] === String(uid))?.split(':')[0] ?? String(uid);
}

/** The running house. */
export async function withTell<T>(
  context: CommandContext,
  act: (tell: Tell) => Promise<T>,
  settings: Settings = settingsOf(context),
): Promise<T> {
  return await withHouse(settings, act, () => {
    throw new PlainError(`nothing runs on ${settings.data_path}: start it first (cwmail start)`);
  });
}

/** The running house; `stopped`: what to do where none runs. */
export async function withHouse<T>(
  { data_path }: Settings,
  act: (tell: Tell) => Promise<T>,
  stopped: () => Promise<T>,
): Promise<T> {
  const channel = await dialControl(controlPath(data_path));
  if (!channel) return await stopped();
  const tell = createTell(channel);
  try {
    return await act(tell).catch((error: Error) => {
      throw new PlainError(error.message);
    });
  } finally {
    tell.close();
  }
}

/** The first line of standard input. */
export async function secretFromStdin(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) text += chunk;
  const [secret = ''] = text.split(/\r?\n/, 1);
  if (secret === '') throw new PlainError('no password came on standard input');
  return secret;
}

/** An address as it is kept. The operator may give reserved and short names; only the form must hold. */
export function addressIn(given: string): string {
  if (!parseAddress(given)) throw new UsageError('an address such as ann@example.org belongs here');
  const address = addressKey(given);
  const problem = nameProblem(localOf(address));
  if (problem === 'signup.characters')
    throw new PlainError(`a user name has letters, digits, dots, dashes and underscores only`);
  return address;
}

/** The account; one that is being removed is there no more. */
export async function existing(store: Store, address: string): Promise<Account> {
  const account = await store.accounts.byAddress(address);
  if (!account) throw new PlainError(`there is no account ${address}`);
  if ((await store.accounts.leaving()).some(({ id }) => id === account.id))
    throw new PlainError(`${address} is being removed: user del, or the next start, brings it to its end`);
  return account;
}

export function print(line: string): void {
  console.log(line);
}

/**
 * What programs call as /usr/sbin/sendmail: cron, PHP, mail(1), git send-email. It takes one message on standard input,
 * hands it to the running house, and says by the exit codes of sysexits.h what became of it.
 *
 * The house's own user hands it over as the service `local`; everybody else, and everybody while the house is down,
 * by the pickup folder, whose rights say who may.
 */
import { accessSync, constants, existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { loadSettings, type Settings } from '../config.ts';
import { addressesIn, namedEnvelope } from '../mail/named-envelope.ts';
import { isPermanent, isPositive, isTemporary, type Reply, replyLine } from '../mail/reply.ts';
import { UsageError } from './command.ts';
import { list, retry } from './queue.ts';
import { contentFrom, type Given } from './sendmail/content.ts';
import { byPickup, byService, Unavailable } from './sendmail/hand-over.ts';
import { type Options, readOptions } from './sendmail/options.ts';

/** sysexits.h. */
const exit = { ok: 0, usage: 64, data: 65, noUser: 67, unavailable: 69, later: 75, noPermission: 77 };

/** A wrong call, or mail that cannot be taken, in one sentence. */
class Failure extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** `called` is the name it was called by. */
export async function sendmail(called: string, args: string[]): Promise<number> {
  try {
    const options = readOptions(args);
    if (called === 'newaliases') return exit.ok;
    return await act(called === 'mailq' ? { ...options, mode: 'p' } : options);
  } catch (error) {
    const { code, message, plain } = error as Error & { code?: unknown; plain?: boolean };
    console.error(`sendmail: ${message}`);
    if (error instanceof UsageError) return exit.usage;
    if (plain) return exit.unavailable;
    return error instanceof Failure && typeof code === 'number' ? code : exit.later;
  }
}

async function act(options: Options): Promise<number> {
  const config = options.config ?? (process.env.CWMAIL_CONFIG || undefined) ?? (existsSync(usual) ? usual : undefined);
  const context = { args: [], options: { ...(config !== undefined && { config }), set: options.set } };
  switch (options.mode) {
    case 'm':
      return await send(options, settingsFrom(config ?? null, options.set));
    case 'p':
      return await list(context);
    case 'q':
      return await retry(context);
    // Aliases are lines of the settings: there is no table to make.
    case 'i':
      return exit.ok;
    default:
      throw new Failure(
        exit.unavailable,
        `-b${options.mode} is not here: it sends mail (-bm) and lists the queue (-bp)`,
      );
  }
}

/** Where the manual puts the settings; a cron job has no other way to say it. */
const usual = '/etc/cwmail/cwmail.conf';

/** Mistakes elsewhere, such as a password file that only the house may read, are not this command's business. */
function settingsFrom(config: string | null, set: string[]): Settings {
  if (config !== null) accessSync(config, constants.R_OK);
  return loadSettings({ config, set }).settings;
}

async function send(options: Options, settings: Settings): Promise<number> {
  const domain = settings.host_domain[0]!;
  const sender = senderOf(options, domain);
  if (!options.fromHeader && options.recipients.length === 0)
    throw new Failure(exit.usage, 'recipients belong on the command line, or -t to read them from the header');
  const content = await contentFrom(process.stdin, options.ignoreDots, { sender, fullName: options.fullName, domain });
  const recipients = recipientsOf(options, content, domain);
  const replies = await handOver(settings, { ...content, sender, recipients, options });
  return told(recipients, replies);
}

/** `-f ''` and `-f '<>'`: nobody. Without -f it is who calls. */
function senderOf({ sender }: Options, domain: string): string | null {
  const given = sender ?? userInfo().username;
  if (given === '' || given === '<>') return null;
  const found = addressesIn(given, domain);
  if (found.length !== 1 || found[0]!.address === null) throw new Failure(exit.usage, `-f ${given}: it is no address`);
  return found[0]!.address;
}

function recipientsOf(options: Options, { header }: Given, domain: string): string[] {
  const named = options.fromHeader ? namedEnvelope(header, domain) : { recipients: [], wrong: [] };
  const written = options.recipients.flatMap(text => addressesIn(text, domain));
  const wrong = [...named.wrong, ...written.filter(w => w.address === null).map(w => w.written)];
  if (wrong.length > 0) throw new Failure(exit.data, `it is no address: ${wrong.join(', ')}`);
  const recipients = [...new Set([...named.recipients, ...written.map(w => w.address!)])];
  if (recipients.length === 0) throw new Failure(exit.data, 'the header names no recipient in To, Cc or Bcc');
  return recipients;
}

type Message = Given & { sender: string | null; recipients: string[]; options: Options };

/** Null: it lies in the pickup folder. */
async function handOver(settings: Settings, message: Message): Promise<Reply[] | null> {
  try {
    return await byService(settings, message);
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    const wrong = await byPickup(settings, message);
    if (wrong === null) return null;
    throw new Failure(exit.later, `${error.message}; ${wrong}`);
  }
}

function told(recipients: string[], replies: Reply[] | null): number {
  if (replies === null) return exit.ok;
  for (const [i, answer] of replies.entries())
    if (!isPositive(answer)) console.error(`sendmail: ${recipients[i]}: ${replyLine(answer)}`);
  const refused = replies.find(isPermanent);
  // Who tries again would send it to the others once more.
  if (!replies.some(isPositive) && replies.some(isTemporary)) return exit.later;
  if (refused === undefined) return replies.some(isTemporary) ? exit.later : exit.ok;
  const [subject = ''] = (refused.status ?? '').split('.');
  return subject === '1' ? exit.noUser : subject === '7' ? exit.noPermission : exit.unavailable;
}

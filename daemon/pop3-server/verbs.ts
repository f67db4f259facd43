import { type Answer, bye, noSuch, ok, refusal, refused } from './answer.ts';
import { auth, isDue, mayLogin, pass, plain, shut, user } from './login.ts';
import type { Entry, Maildrop } from './maildrop.ts';
import type { Readable } from './read.ts';
import type { Phase, Talk, Transaction } from './talk.ts';
import { firstLines } from './top.ts';

type Act = (talk: Talk, args: string) => Answer | Promise<Answer>;
type Verb = { in: Phase['kind'][]; act: Act };

const anyone = (act: Act): Verb => ({ in: ['authorization'], act });

const owner = (act: (phase: Transaction, args: string[], talk: Talk) => Answer | Promise<Answer>): Verb => ({
  in: ['transaction'],
  act: (talk, args) =>
    talk.phase.kind === 'transaction' ? act(talk.phase, words(args), talk) : refused('Sign in first'),
});

/** A command of one argument, which nearly all are, is not taken apart. */
const words = (args: string): string[] => (args.includes(' ') ? args.trim().split(/ +/) : [args]);

const verbs = new Map<string, Verb>([
  ['USER', anyone(user)],
  ['PASS', anyone(pass)],
  ['AUTH', anyone(auth)],
  ['STLS', anyone(stls)],
  ['UTF8', anyone(() => ok('UTF-8 it is'))],
  ['CAPA', { in: ['authorization', 'transaction'], act: capa }],
  ['NOOP', owner(() => ok('Nothing done'))],
  ['STAT', owner(({ drop }) => ok(`${drop.count} ${drop.octets}`))],
  ['LIST', owner(({ drop }, args) => scan(drop, args, 'octets', e => e.size))],
  ['UIDL', owner(({ drop }, args) => scan(drop, args, 'messages', e => e.id))],
  ['RETR', owner(retr)],
  ['TOP', owner(top)],
  ['DELE', owner(dele)],
  ['RSET', owner(rset)],
  ['QUIT', { in: ['authorization', 'transaction'], act: quit }],
]);

/** RFC 2449 §4: a command is at most 255 octets with its CRLF; passwords and responses may need more. */
const longestCommand = 253;
const mayBeLong = new Set(['PASS', 'AUTH']);

/** `null`: the line was no command at all, or one out of place. */
export function obey(talk: Talk, line: string): Answer | Promise<Answer> | null {
  if (talk.phase.kind === 'challenge') return plain(talk, line);
  const space = line.indexOf(' ');
  const name = space < 0 ? line : line.slice(0, space);
  const verb = verbs.get(name) ?? verbs.get(name.toUpperCase());
  if (!verb?.in.includes(talk.phase.kind)) return null;
  if (line.length > longestCommand && !mayBeLong.has(name.toUpperCase())) return null;
  const act = () => verb.act(talk, line.slice(name.length + 1));
  return isDue(talk) ? shut(talk).then(end => end ?? act()) : act();
}

/** RFC 2449. IMPLEMENTATION is left out: who asks is mostly looking for a known hole. */
function capa(talk: Talk): Answer {
  const inside = talk.phase.kind === 'transaction';
  const list = ['TOP', 'UIDL', 'RESP-CODES', 'AUTH-RESP-CODE', 'PIPELINING', 'EXPIRE NEVER', 'UTF8 USER'];
  if (!inside && mayLogin(talk)) list.push('USER', 'SASL PLAIN');
  if (!inside && !talk.secure) list.push('STLS');
  return { kind: 'body', text: '+OK', body: [Buffer.from(`${list.join('\r\n')}\r\n`)] };
}

function stls(talk: Talk): Answer {
  if (talk.secure) return refused('TLS is in use already');
  return { kind: 'starttls', text: '+OK Begin TLS', context: talk.house.context() };
}

/** A message number: from 1, in plain digits; null: it is none. */
const numberOf = (text = ''): number | null => (/^\d{1,9}$/.test(text) ? Number(text) : null);

/** LIST and UIDL: of one message, or of all. */
function scan(drop: Maildrop, [which]: string[], unit: string, told: (entry: Entry) => number): Answer {
  if (which) {
    const number = numberOf(which);
    const entry = number === null ? null : drop.entry(number);
    return entry ? ok(`${number} ${told(entry)}`) : noSuch;
  }
  const heading = unit === 'octets' ? `${drop.count} messages (${drop.octets} octets)` : `${drop.count} messages`;
  return { kind: 'body', text: `+OK ${heading}`, body: listing(drop, told) };
}

const linesAtOnce = 4000;

function* listing(drop: Maildrop, told: (entry: Entry) => number): Generator<Buffer> {
  let text = '';
  let lines = 0;
  for (const [number, entry] of drop.entries()) {
    text += `${number} ${told(entry)}\r\n`;
    if (++lines % linesAtOnce) continue;
    yield Buffer.from(text, 'latin1');
    text = '';
  }
  yield Buffer.from(text, 'latin1');
}

function retr({ reader }: Transaction, [which]: string[], talk: Talk): Answer | Promise<Answer> {
  const tell = (found: Answer | Readable): Answer => {
    if (found.kind !== 'readable') return found;
    talk.retrieved++;
    return { kind: 'body', text: `+OK ${found.octets} octets`, body: found.body };
  };
  const found = reader.read(numberOf(which));
  // Straight on where it was read ahead: this is what a client does a thousand times.
  return found instanceof Promise ? found.then(tell) : tell(found);
}

async function top({ reader }: Transaction, [which, count]: string[]): Promise<Answer> {
  const lines = numberOf(count);
  if (lines === null) return refused('TOP needs a message and a number of lines');
  const found = await reader.read(numberOf(which));
  if (found.kind !== 'readable') return found;
  // Clients ask for 99999999 lines to get all without a trace; there are never more lines than octets.
  const body = lines >= found.octets ? found.body : firstLines(found.body, lines);
  return { kind: 'body', text: '+OK', body };
}

function dele({ drop }: Transaction, [which]: string[]): Answer {
  const number = numberOf(which);
  if (number === null || !drop.entry(number)) return noSuch;
  drop.mark(number);
  return ok(`Message ${number} goes when you QUIT`);
}

function rset({ drop }: Transaction): Answer {
  drop.unmarkAll();
  return ok(`${drop.count} messages (${drop.octets} octets)`);
}

/** RFC 1939 §6: only QUIT removes, and `+OK` is said when it is on the disk. The lock is free before we say it. */
async function quit(talk: Talk): Promise<Answer> {
  if (talk.phase.kind !== 'transaction') return bye('+OK Goodbye');
  const { account, drop, unlock } = talk.phase;
  const ids = drop.markedIds();
  talk.phase = { kind: 'authorization', user: null };
  try {
    const changes = await talk.house.store.messages.removeDrops(account.id, ids);
    talk.deleted = ids.length;
    talk.house.changed(changes);
    return bye('+OK Goodbye');
  } catch (error) {
    talk.log.error('pop3 update failed', { account: account.address, error: String(error) });
    return bye(refusal('The marked messages could not be removed and are all still here', 'SYS/TEMP'));
  } finally {
    unlock();
  }
}

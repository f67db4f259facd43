import type { Account } from '../store.ts';
import { isLoopback } from '../wire/ip.ts';
import { type Answer, bye, ok, refusal, refused } from './answer.ts';
import { createMaildrop } from './maildrop.ts';
import { createReader } from './read.ts';
import type { Talk } from './talk.ts';

/** Guessing is the throttle's to stop; this only ends a session that gets nowhere. */
const mostFailedLogins = 5;

/** RFC 8314 §3: no password in the clear, but for a client on this very machine. */
export const mayLogin = (talk: Talk): boolean => talk.secure || isLoopback(talk.peer);

const needsTls = refused('A password needs TLS here: say STLS first');

export function user(talk: Talk, args: string): Answer {
  if (!mayLogin(talk)) return needsTls;
  if (args === '') return refused('USER needs a name');
  talk.phase = { kind: 'authorization', user: args };
  return ok('And the password');
}

/** RFC 1939 §7: only straight behind USER. Whatever stands behind the one space is the password, spaces too. */
export async function pass(talk: Talk, args: string): Promise<Answer> {
  if (!mayLogin(talk)) return needsTls;
  const name = talk.phase.kind === 'authorization' ? talk.phase.user : null;
  talk.phase = { kind: 'authorization', user: null };
  return name === null ? refused('USER comes before PASS') : login(talk, name, args);
}

/** RFC 5034. Without a mechanism it lists them, as old clients ask. */
export async function auth(talk: Talk, args: string): Promise<Answer> {
  const [mechanism = '', response, ...more] = args.trim().split(/ +/);
  if (!mayLogin(talk)) return needsTls;
  if (mechanism === '') return { kind: 'body', text: '+OK', body: [Buffer.from('PLAIN\r\n')] };
  if (mechanism.toUpperCase() !== 'PLAIN' || more.length) return refused('PLAIN is the mechanism here');
  if (response !== undefined) return plain(talk, response);
  talk.phase = { kind: 'challenge' };
  return { kind: 'line', text: '+ ' };
}

/** The client's response, RFC 4616: authorization identity NUL authentication identity NUL password. */
export async function plain(talk: Talk, response: string): Promise<Answer> {
  talk.phase = { kind: 'authorization', user: null };
  if (response === '*') return refused('As you wish');
  const message = base64(response);
  if (message === null) return refused('That is not base64');
  const parts = message.split('\0');
  const [actFor, name, password] = parts;
  if (parts.length !== 3 || !name || password === undefined) return refused('That is not a PLAIN response');
  // A mailbox is opened by its owner alone.
  if (actFor !== '' && actFor !== name) return failed(talk, 'AUTH', 'Wrong name or password');
  return login(talk, name, password);
}

function base64(text: string): string | null {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(text, 'base64'));
  } catch {
    return null;
  }
}

async function login(talk: Talk, name: string, password: string): Promise<Answer> {
  const verdict = await talk.house.auth.check(name, password, {
    peer: talk.peer,
    protocol: 'pop3',
    local: talk.local,
  });
  if (verdict.kind === 'known') return open(talk, verdict.account);
  // Only whoever has the right password hears it; RFC 3206 §4: [AUTH] is for credentials that will not do.
  if (verdict.kind === 'app-password')
    return failed(
      talk,
      'AUTH',
      'This account asks for a second factor: make an app password on the site, and use that',
    );
  if (verdict.kind === 'site-only')
    return failed(talk, 'AUTH', 'This account asks for a second factor: a mail program signs in at the provider');
  if (verdict.kind === 'refused' || verdict.kind === 'code') return failed(talk, 'AUTH', 'Wrong name or password');
  // RFC 3206 §4: without [AUTH] the client keeps the password and tries later.
  if (verdict.kind === 'unavailable') return refused('Sign-in is not possible just now', 'SYS/TEMP');
  return failed(talk, 'SYS/TEMP', `Too many failed sign-ins, try again in ${verdict.seconds} seconds`);
}

function failed(talk: Talk, code: 'AUTH' | 'SYS/TEMP', text: string): Answer {
  return ++talk.failedLogins >= mostFailedLogins ? bye(refusal(text, code)) : refused(text, code);
}

/** Milliseconds a session is believed: there are thousands of commands, and each would have to ask. */
const believedMs = 5_000;

/** Is it time to look whether what opened the account opens it still? */
export const isDue = (talk: Talk): boolean =>
  talk.phase.kind === 'transaction' && talk.house.now() - talk.phase.seenAt >= believedMs;

/** Answers what ends the session; null: it goes on. A password that was taken away is to end what it opened. */
export async function shut(talk: Talk): Promise<Answer | null> {
  if (talk.phase.kind !== 'transaction') return null;
  const { house, phase } = talk;
  const account = await house.store.accounts.byId(phase.account.id);
  if (!account?.pop3 || account.disabled || !(await house.auth.stands(phase.standing)))
    return bye(refusal('What opens this account has changed: connect and sign in again', 'AUTH'));
  phase.seenAt = house.now();
  return null;
}

async function open(talk: Talk, account: Account): Promise<Answer> {
  if (!account.pop3) return refused('POP3 is not enabled for this account', 'SYS/PERM');
  const unlock = talk.house.lock(account.id);
  if (!unlock) return refused('Another session has this maildrop', 'IN-USE');
  try {
    const drop = createMaildrop(await talk.house.store.messages.maildrop(account.id));
    const reader = createReader(talk.house.store, account.id, drop);
    const standing = await talk.house.auth.standing(account.id);
    talk.phase = { kind: 'transaction', account, drop, reader, standing, seenAt: talk.house.now(), unlock };
    return ok(`${drop.count} messages (${drop.octets} octets)`);
  } catch (error) {
    unlock();
    throw error;
  }
}

import type { SMTPServerAddress, SMTPServerSession } from 'smtp-server';
import type { Standing } from '../auth.ts';
import type { Visitor } from '../intake.ts';
import type { Envelope, Notify, Recipient } from '../mail/envelope.ts';
import { type Reply, reply, replyText } from '../mail/reply.ts';
import type { Caller } from '../parking.ts';
import type { AcceptedRecipient, Account, Route } from '../store.ts';

/** local: programs of this machine that may read the key, such as the sendmail command. */
export type Service = 'webmail' | 'fetcher' | 'local';

/** What we remember of one connection beyond what the package does. */
export type Visit = {
  visitor: Visitor;
  service: Service | null;
  /** As SignedIn has it. */
  standing: Standing | null;
  /** The current transaction; begun by MAIL. */
  key: string | null;
  draftId: number | null;
  /** When it is to be sent (RFC 4865); null: now. */
  releaseAt: number | null;
  /** NOTIFY of MAIL: the wish of all recipients that have none of their own; null: none was said. */
  notify: Notify[] | null;
  /** By the address as RCPT gave it. */
  routed: Map<string, AcceptedRecipient>;
  /** Routes of all of them. */
  routes: number;
  /** The last one leads elsewhere than its address says. */
  redirected: boolean;
};

export const newVisit = (address: string): Visit => ({
  visitor: { origin: 'peer', account: null, address },
  service: null,
  standing: null,
  key: null,
  draftId: null,
  releaseAt: null,
  notify: null,
  routed: new Map(),
  routes: 0,
  redirected: false,
});

/** A Reply as the error the package sends. */
export function refusal(r: Reply): Error & { responseCode: number } {
  return Object.assign(new Error(replyText(r)), { responseCode: r.code });
}

const known = new Set(['SIZE', 'BODY', 'SMTPUTF8', 'RET', 'ENVID', 'REQUIRETLS', 'AUTH', 'NOTIFY']);
const forServices = new Set(['XKEY', 'XDRAFT']);
const forUsers = new Set(['HOLDFOR', 'HOLDUNTIL']);
const longestKey = 500;
/** RFC 3461 §4.2 and §4.4. */
const longestEnvid = 100;
const longestOrcpt = 500;

type Args = Record<string, string | boolean | undefined>;

/**
 * Parameters of MAIL nobody offered are refused (RFC 5321 §4.1.1.11); XCWMAIL's are offered to services only, those of
 * future release to who is signed in. `longestHold`: milliseconds; 0: it is not offered.
 */
export function takeParameters(visit: Visit, args: Args, now: number, longestHold: number): Reply | null {
  Object.assign(visit, { key: null, draftId: null, releaseAt: null, notify: null, routed: new Map(), routes: 0 });
  const mayHold = longestHold > 0 && visit.visitor.origin !== 'peer';
  for (const name of Object.keys(args))
    if (!known.has(name) && !(visit.service && forServices.has(name)) && !(mayHold && forUsers.has(name)))
      return reply(555, '5.4', `MAIL has no parameter ${name.slice(0, 32)} here`);
  return takeNotify(visit, args) ?? takeHold(visit, args, now, longestHold) ?? takeKey(visit, args);
}

/**
 * NOTIFY belongs to RCPT (RFC 3461 §4.1). The manual of the original had it on MAIL, and its users' scripts have it
 * still: there it is the wish for every recipient that has none of its own.
 */
function takeNotify(visit: Visit, { NOTIFY, ENVID }: Args): Reply | null {
  if (typeof ENVID === 'string' && ENVID.length > longestEnvid)
    return reply(501, '5.4', `ENVID is longer than ${longestEnvid} characters`);
  if (NOTIFY === undefined) return null;
  const words = String(NOTIFY).toUpperCase().split(',');
  const right = words.every(isNotify) && !(words.includes('NEVER') && words.length > 1);
  if (!right) return reply(501, '5.4', 'NOTIFY is NEVER alone, or SUCCESS, FAILURE and DELAY with commas between');
  visit.notify = [...new Set(words.filter(isNotify))];
  return null;
}

const isNotify = (word: string): word is Notify => ['NEVER', 'SUCCESS', 'FAILURE', 'DELAY'].includes(word);

/** RFC 4865; HOLDUNTIL is of RFC 3339 and in UTC. A time that has passed is now. */
function takeHold(visit: Visit, { HOLDFOR, HOLDUNTIL }: Args, now: number, longest: number): Reply | null {
  if (HOLDFOR === undefined && HOLDUNTIL === undefined) return null;
  if (HOLDFOR !== undefined && HOLDUNTIL !== undefined) return reply(501, '5.4', 'Give HOLDFOR or HOLDUNTIL, not both');
  const at = HOLDFOR === undefined ? timeOf(String(HOLDUNTIL)) : afterSeconds(String(HOLDFOR), now);
  if (at === null)
    return reply(501, '5.4', 'HOLDFOR takes seconds (1 to 999999999), HOLDUNTIL a time such as 2030-01-31T09:00:00Z');
  if (at > now + longest) return reply(501, '5.4', `Mail is held until ${utc(now + longest)} at most`);
  visit.releaseAt = at > now ? at : null;
  return null;
}

const afterSeconds = (text: string, now: number): number | null =>
  /^[1-9]\d{0,8}$/.test(text) ? now + Number(text) * 1000 : null;

function timeOf(text: string): number | null {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/i.test(text)) return null;
  const at = Date.parse(text.toUpperCase());
  return Number.isNaN(at) ? null : at;
}

const utc = (at: number): string => new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');

/** What EHLO offers who is signed in (RFC 4865): the longest time, and the last moment, that can be asked for. */
export const futureRelease = (now: number, longest: number): string =>
  `FUTURERELEASE ${Math.floor(longest / 1000)} ${utc(now + longest)}`;

function takeKey(visit: Visit, args: Args): Reply | null {
  if (!visit.service) return null;
  if (typeof args.XKEY === 'string') {
    // Cut short, the keys of two messages would be one, and the second message would be lost.
    if (args.XKEY.length > longestKey) return reply(501, '5.4', `XKEY is longer than ${longestKey} octets`);
    visit.key = args.XKEY;
  }
  if (typeof args.XDRAFT === 'string' && /^\d{1,15}$/.test(args.XDRAFT)) visit.draftId = Number(args.XDRAFT);
  return null;
}

/** RCPT takes NOTIFY and ORCPT, no more. */
export function refuseRcptParameters(args: Record<string, unknown>): Reply | null {
  const unknown = Object.keys(args).find(name => name !== 'NOTIFY' && name !== 'ORCPT');
  if (unknown !== undefined) return reply(555, '5.4', `RCPT has no parameter ${unknown.slice(0, 32)} here`);
  const long = String(args.ORCPT ?? '').length > longestOrcpt;
  return long ? reply(501, '5.4', `ORCPT is longer than ${longestOrcpt} characters`) : null;
}

/** A recipient of the transaction, with where it leads. */
export function take(visit: Visit, recipient: Recipient, routes: Route[]): void {
  visit.routed.set(recipient.address, { ...recipient, routes });
  visit.routes += routes.length;
}

type Dsn = { notify?: string[]; orcpt?: string };

/** `notify`: the wish where the recipient has none of its own. */
export function recipientOf(given: SMTPServerAddress, notify: Notify[] | null): Recipient {
  const dsn = (given as { dsn?: Dsn }).dsn;
  return {
    address: given.address,
    notify: (dsn?.notify as Notify[] | undefined) ?? notify,
    orcpt: dsn?.orcpt ?? null,
  };
}

export function envelopeOf(session: SMTPServerSession, { notify }: Visit): Envelope {
  const e = session.envelope;
  return {
    reversePath: (e.mailFrom || null)?.address || null,
    recipients: e.rcptTo.map(r => recipientOf(r, notify)),
    ret: (e.dsn?.ret ?? null) as Envelope['ret'],
    envid: e.dsn?.envid ?? null,
    eightBit: e.bodyType === '8bitmime',
    smtpUtf8: e.smtpUtf8 === true,
  };
}

/** As Received names it: RFC 3848, and RFC 6531 §4.3 for mail with SMTPUTF8. */
export function protocolOf(session: SMTPServerSession): string {
  const type = session.transmissionType || 'SMTP';
  return session.envelope.smtpUtf8 ? type.replace(/^ESMTP/, 'UTF8SMTP') : type;
}

/** Who calls for parked mail; a service of ours calls for nobody. */
export const callerOf = ({ visitor, service }: Visit): Caller => ({
  address: visitor.address,
  account: service === null ? (visitor.account?.address ?? null) : null,
});

/** Who somebody is from now on. */
export function signIn(visit: Visit, who: Pick<Visit, 'service' | 'standing'> & { account: Account | null }): void {
  visit.service = who.service;
  visit.standing = who.standing;
  const origin = who.service ?? 'submitter';
  visit.visitor = { ...visit.visitor, origin, account: who.account };
}

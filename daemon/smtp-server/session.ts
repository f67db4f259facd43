import type { SMTPServerAddress, SMTPServerSession } from 'smtp-server';
import type { Visitor } from '../intake.ts';
import type { Envelope, Notify, Recipient } from '../mail/envelope.ts';
import { type Reply, reply, replyText } from '../mail/reply.ts';
import type { AcceptedRecipient, Account } from '../store.ts';

export type Service = 'webmail' | 'fetcher';

/** What we remember of one connection beyond what the package does. */
export type Visit = {
  visitor: Visitor;
  service: Service | null;
  /** The current transaction; begun by MAIL. */
  key: string | null;
  draftId: number | null;
  /** By the address as RCPT gave it. */
  routed: Map<string, AcceptedRecipient>;
};

export const newVisit = (address: string): Visit => ({
  visitor: { origin: 'peer', account: null, address },
  service: null,
  key: null,
  draftId: null,
  routed: new Map(),
});

/** A Reply as the error the package sends. */
export function refusal(r: Reply): Error & { responseCode: number } {
  return Object.assign(new Error(replyText(r)), { responseCode: r.code });
}

const known = new Set(['SIZE', 'BODY', 'SMTPUTF8', 'RET', 'ENVID', 'REQUIRETLS', 'AUTH']);
const forServices = new Set(['XKEY', 'XDRAFT']);
const longestKey = 500;

/** Parameters of MAIL nobody offered are refused (RFC 5321 §4.1.1.11); XCWMAIL's are offered to services only. */
export function takeParameters(visit: Visit, args: Record<string, string | boolean | undefined>): Reply | null {
  visit.key = null;
  visit.draftId = null;
  visit.routed = new Map();
  for (const name of Object.keys(args))
    if (!known.has(name) && !(visit.service && forServices.has(name)))
      return reply(555, '5.4', `MAIL has no parameter ${name.slice(0, 32)} here`);
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
  return unknown === undefined ? null : reply(555, '5.4', `RCPT has no parameter ${unknown.slice(0, 32)} here`);
}

type Dsn = { notify?: string[]; orcpt?: string };

export function recipientOf(given: SMTPServerAddress): Recipient {
  const dsn = (given as { dsn?: Dsn }).dsn;
  return {
    address: given.address,
    notify: (dsn?.notify as Notify[] | undefined) ?? null,
    orcpt: dsn?.orcpt ?? null,
  };
}

export function envelopeOf(session: SMTPServerSession): Envelope {
  const e = session.envelope;
  return {
    reversePath: (e.mailFrom || null)?.address || null,
    recipients: e.rcptTo.map(recipientOf),
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

/** Who somebody is from now on. */
export function signIn(visit: Visit, who: { service: Service | null; account: Account | null }): void {
  visit.service = who.service;
  const origin = who.service ?? 'submitter';
  visit.visitor = { ...visit.visitor, origin, account: who.account };
}

import { because, messageOf } from '../log.ts';
import { originalRecipient } from '../mail/envelope.ts';
import { isPermanent, isPositive, type Reply, reply } from '../mail/reply.ts';
import type { SmtpClient, Submission } from '../smtp-client.ts';
import type { Delivery } from '../store.ts';
import type { Host } from './hop.ts';
import { type Reacher, reach } from './reach.ts';

/** What became of one delivery on this attempt. */
export type Result = {
  delivery: Delivery;
  verdict: 'delivered' | 'failed' | 'later';
  reply: Reply;
  /** The host that answered; null: none was reached. */
  hop: string | null;
  /** Why it did not go, where the fault is ours alone, in words for the operator; none: it is not. */
  fault?: string;
  /** The hop knows DSN (RFC 3461 §5.2.1): what is to be reported of a delivery made is now its duty. */
  reports: boolean;
};

export type Carrier = Reacher & {
  openContent: (contentId: number) => AsyncIterable<Buffer>;
  /** Told after every transaction; no other ends before it is done, so that a crash repeats one and no more. */
  settle: (results: Result[]) => Promise<void>;
  /** Gives up what is under way. */
  signal: AbortSignal;
};

/** How a journey ended: `untried` were never offered; `failure`: why no host took anything, null: one did, or we gave up. */
export type Journey = { untried: Delivery[]; failure: Failure | null };
/** Permanent: every host refuses us for good. */
export type Failure = { host: string | null; reply: Reply; permanent: boolean };

/** One transaction: deliveries that differ in nothing but the recipient. RFC 5321 §4.5.3.1.8 lets a hop stop at 100. */
type Load = Delivery[];
const mostRecipients = 100;

export function loadsOf(deliveries: Delivery[]): Load[] {
  const open = new Map<string, Load>();
  const loads: Load[] = [];
  for (const d of deliveries) {
    const alike = JSON.stringify([d.contentId, d.fields, d.sender, d.ret, d.envid, d.eightBit, d.smtpUtf8]);
    const load = open.get(alike);
    if (load && load.length < mostRecipients) load.push(d);
    else {
      const fresh = [d];
      open.set(alike, fresh);
      loads.push(fresh);
    }
  }
  return loads;
}

/** Transactions for which another connection to the same hop is worth opening. */
const enough = 10;

/** Shares the transactions of a hop out to as many connections as are worth opening. */
export function sharesOf(group: Delivery[], room: number): Delivery[][] {
  const loads = loadsOf(group);
  const share = Math.ceil(loads.length / Math.min(room, Math.ceil(loads.length / enough)));
  return Array.from({ length: Math.ceil(loads.length / share) }, (_, i) =>
    loads.slice(i * share, (i + 1) * share).flat(),
  );
}

/** Takes deliveries of one hop to the first of its hosts that works. */
export async function carry(deliveries: Delivery[], hosts: Host[], by: Carrier): Promise<Journey> {
  const loads = loadsOf(deliveries);
  const failures: Failure[] = [];
  let reached = false;
  for (const host of hosts) {
    while (loads.length > 0 && !by.signal.aborted) {
      const visit = await visitHost(host, loads, by);
      reached ||= visit.taken > 0;
      if (visit.failure) failures.push(visit.failure);
      // A host that takes only so many messages a connection gets another connection; any other is left.
      if (visit.taken === 0) break;
    }
  }
  return { untried: loads.flat(), failure: reached || by.signal.aborted ? null : summary(failures) };
}

/** `taken`: transactions that the host let come to an answer. */
type Visit = { taken: number; failure: Failure | null };

async function visitHost(host: Host, loads: Load[], by: Carrier): Promise<Visit> {
  const client = await reach(host, by);
  if (!('send' in client)) return { taken: 0, failure: client };
  const giveUp = () => client.abort();
  by.signal.addEventListener('abort', giveUp);
  try {
    return await unload(host, client, loads, by);
  } finally {
    by.signal.removeEventListener('abort', giveUp);
    await client.close();
  }
}

async function unload(host: Host, client: SmtpClient, loads: Load[], by: Carrier): Promise<Visit> {
  let taken = 0;
  /** While an outcome is written the next transaction begins, but its content waits: a crash repeats one, no more. */
  let written = Promise.resolve();
  try {
    for (let load = loads[0]; load && client.usable && !by.signal.aborted; load = loads[0]) {
      const content = watched(load, by);
      const replies = await client.send({ ...submissionOf(load, content.open), after: written }).catch(error => {
        if (content.fault() === null) throw error;
        return [];
      });
      const fault = content.fault();
      if (fault !== null) {
        loads.shift();
        await written;
        written = kept(by.settle(load.map(d => faulty(d, fault))));
        taken++;
        continue;
      }
      // 421 says that the host took nothing of it: the next connection, or the next host, may (RFC 5321 §3.8).
      if (replies.every(r => r.code === 421)) return { taken, failure: failureOf(host, replies[0] ?? closing) };
      // What was cut off by our own stop is not the host's doing, and no attempt.
      if (by.signal.aborted && !client.usable) break;
      loads.shift();
      await written;
      written = settled(load, replies, host, client, by);
      if (client.usable) taken++;
      else return { taken, failure: failureOf(host, replies[0] ?? closing) };
    }
    return { taken, failure: null };
  } finally {
    await written;
  }
}

function settled(load: Load, replies: Reply[], host: Host, client: SmtpClient, by: Carrier): Promise<void> {
  const results = replies.map((r, i) => resultOf(load[i], r, host, client)).filter(r => r !== null);
  return kept(by.settle(results));
}

/** Whoever awaits it hears of a failure; the next transaction may be under way before anybody does. */
function kept(written: Promise<void>): Promise<void> {
  written.catch(() => {});
  return written;
}

const ours = reply(451, '3.0', 'This server cannot read the message just now');

/** Nothing came of it, and neither the host nor its sender can help that. */
export const faulty = (delivery: Delivery, fault: string): Result => ({
  ...{ delivery, verdict: 'later', reply: ours, hop: null, reports: false, fault },
});

const closing = reply(421, '4.2', 'The host closes the connection');
const failureOf = (host: Host, r: Reply): Failure => ({ host: host.host, reply: r, permanent: false });

const nobody: Failure = { host: null, reply: reply(451, '4.1', 'No host could be reached'), permanent: false };

/** What stands for all failures: one that may pass, if there is any; only if none may, the mail has failed. */
const summary = (failures: Failure[]): Failure => failures.find(f => !f.permanent) ?? failures[0] ?? nobody;

/** What a hop that nobody could reach means for its deliveries. */
export const unreached = (untried: Delivery[], { host, reply: said, permanent }: Failure): Result[] =>
  untried.map(delivery => ({
    delivery,
    verdict: permanent ? 'failed' : 'later',
    reply: said,
    hop: host,
    reports: false,
  }));

function resultOf(delivery: Delivery | undefined, r: Reply, host: Host, client: SmtpClient): Result | null {
  if (!delivery) return null;
  const verdict = isPositive(r) ? 'delivered' : isPermanent(r) ? 'failed' : 'later';
  return { delivery, verdict, reply: r, hop: host.host, reports: client.extensions.has('DSN') };
}

function submissionOf(load: Load, content: () => AsyncIterable<Buffer>): Submission {
  const first = load[0] as Delivery;
  return {
    reversePath: first.sender,
    recipients: load.map(d => ({ address: d.recipient, notify: d.notify, orcpt: originalOf(d) })),
    ret: first.ret,
    envid: first.envid,
    eightBit: first.eightBit,
    smtpUtf8: first.smtpUtf8,
    size: first.size + Buffer.byteLength(first.fields),
    content,
  };
}

/** RFC 3461 §4.2: without one from the sender, the address we took it for, so that a report of the next host names it. */
const originalOf = ({ orcpt, acceptedAs }: Delivery): string | null =>
  orcpt ?? (acceptedAs === null ? null : originalRecipient(acceptedAs));

/**
 * Content as it was accepted, behind the mailboxes it was sent on from: no Return-Path, which is the last hop's to
 * write (RFC 5321 §4.4).
 */
function watched(load: Load, by: Carrier) {
  const { contentId, fields } = load[0] ?? { contentId: 0, fields: '' };
  let fault: string | null = null;
  async function* open(): AsyncIterable<Buffer> {
    try {
      if (fields !== '') yield Buffer.from(fields);
      yield* by.openContent(contentId);
    } catch (error) {
      // Our disk's fault, not the host's: others go on.
      fault = `its content cannot be read (${messageOf(error)})`;
      by.log.error('content unreadable', { content: contentId, ...because(error) });
      throw error;
    }
  }
  return { open, fault: () => fault };
}

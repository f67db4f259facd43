import type { FileHandle } from 'node:fs/promises';
import type { Settings } from '../config.ts';
import type { Handover, Intake, Visitor } from '../intake.ts';
import { domainOf } from '../mail/address.ts';
import { LONGEST_HEADER, readHeader } from '../mail/header.ts';
import { envelopeFields, type NamedEnvelope, namedEnvelope } from '../mail/named-envelope.ts';
import { isPositive, isTemporary, type Reply, replyLine } from '../mail/reply.ts';
import { NewlineMender } from '../mail/trace.ts';
import type { AcceptedRecipient } from '../store.ts';
import { octetsOf } from './file.ts';

/** What became of a file. `later`: for some recipients it is to be tried again; the others have it. */
export type Sent = { kind: 'done' } | { kind: 'changed' } | { kind: 'later' | 'refused'; why: string };

export type HandIn = {
  /** Of this file with these octets, for ever. */
  key: string;
  id: string;
  intake: Intake;
  settings: Pick<Settings, 'host_domain' | 'vdomain'>;
  /** Is the file still what it was? */
  whole(): Promise<boolean>;
};

const mostRecipients = 1000;
const visitor: Visitor = { origin: 'local', account: null, address: '127.0.0.1' };

export async function handIn(file: FileHandle, by: HandIn): Promise<Sent> {
  const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(LONGEST_HEADER), 0, LONGEST_HEADER, 0);
  const named = namedEnvelope(readHeader(buffer.subarray(0, bytesRead)), by.settings.host_domain[0]!);
  const { host_domain, vdomain } = by.settings;
  const reversePath = senderOf(named, [...host_domain, ...vdomain.map(v => v.domain)]);
  if (typeof reversePath === 'object' && reversePath !== null) return refused(reversePath.why);
  if (named.recipients.length === 0 && named.wrong.length === 0)
    return refused('it names no recipient: To, Cc, Bcc, or X-Envelope-To belong into its header');
  if (named.recipients.length > mostRecipients) return refused(`it has more than ${mostRecipients} recipients`);
  const refusal = await by.intake.refuseSender(visitor, reversePath, null);
  if (refusal) return ended(refusal, `the sender ${reversePath} is not taken`);
  const { taken, not } = await routed(named, by);
  const wrong = [...named.wrong.map(w => `${w}: it is no address`), ...not.filter(n => !n.temporary).map(n => n.line)];
  if (taken.length > 0) {
    const answer = await give(file, by, reversePath, taken);
    if (answer === null) return { kind: 'changed' };
    if (!isPositive(answer)) return ended(answer, 'it is not taken');
  }
  const waiting = not.filter(n => n.temporary);
  if (waiting.length > 0) return { kind: 'later', why: waiting.map(n => n.line).join('\n') };
  if (wrong.length === 0) return { kind: 'done' };
  const others = taken.length > 0 ? `\nThe others have it: ${taken.map(t => t.address).join(', ')}` : '';
  return refused(`not for every recipient:\n${wrong.join('\n')}${others}`);
}

const refused = (why: string): Sent => ({ kind: 'refused', why });
const ended = (r: Reply, what: string): Sent => ({
  kind: isTemporary(r) ? 'later' : 'refused',
  why: `${what}: ${replyLine(r)}`,
});

/** Of what the header says, the first address of ours: a form's visitor in From is no sender of this machine. */
function senderOf({ sender }: NamedEnvelope, domains: string[]): string | null | { why: string } {
  if (sender.kind === 'given') return sender.path;
  const own = sender.addresses.find(a => domains.includes(domainOf(a)));
  if (own !== undefined) return own;
  const found = sender.addresses.length > 0 ? `${sender.addresses.join(', ')} is none` : 'there is none';
  return {
    why: `it needs a sender of ${domains.join(', ')} in X-Envelope-From, Return-Path, Sender or From: ${found}`,
  };
}

type NotTaken = { line: string; temporary: boolean };

async function routed({ recipients }: NamedEnvelope, { intake, id }: HandIn) {
  const taken: AcceptedRecipient[] = [];
  const not: NotTaken[] = [];
  for (const address of recipients) {
    const { routes, refusal } = await intake.routeRecipient(visitor, address, id);
    if (refusal) not.push({ line: `${address}: ${replyLine(refusal)}`, temporary: isTemporary(refusal) });
    else taken.push({ address, notify: null, orcpt: null, routes });
  }
  return { taken, not };
}

/** Null: somebody wrote to the file meanwhile. */
async function give(file: FileHandle, by: HandIn, reversePath: string | null, recipients: AcceptedRecipient[]) {
  const addresses = [reversePath ?? '', ...recipients.map(r => r.address)].join('');
  const envelope = {
    reversePath,
    recipients,
    ret: null,
    envid: null,
    eightBit: true,
    smtpUtf8: /[^\u0000-\u007f]/.test(addresses),
  };
  const handover: Handover = { visitor, id: by.id, helo: '', protocol: 'local', drop: envelopeFields };
  const incoming = by.intake.receive(handover, envelope.recipients);
  // Files of this system end their lines in LF alone; that is no fault of theirs.
  const mender = new NewlineMender();
  try {
    for await (const chunk of octetsOf(file)) for (const mended of mender.push(chunk)) await incoming.push(mended);
    for (const mended of mender.end()) await incoming.push(mended);
    if (!(await by.whole())) {
      await incoming.discard();
      return null;
    }
  } catch (error) {
    await incoming.discard();
    throw error;
  }
  return await by.intake.accept(handover, incoming, {
    envelope,
    recipients,
    key: by.key,
    draftId: null,
    releaseAt: null,
  });
}

import { domainToASCII } from 'node:url';
import { type Reply, reply } from '../mail/reply.ts';
import type { Submission } from '../smtp-client.ts';

/** What this hop can be given: the parameters of MAIL, and of each recipient its RCPT or why it cannot be asked. */
export type Plan = { refusal: Reply } | { refusal: null; mail: string[]; recipients: PlannedRecipient[] };
export type PlannedRecipient = { refusal: Reply } | { refusal: null; address: string; parameters: string[] };

/** Where the content has octets above 127. */
export type EightBit = { header: boolean; body: boolean };

type Extensions = ReadonlyMap<string, string>;

/** RFC 3461 §4: printable ASCII but `+` and `=` stands for itself, any other octet is `+` and two digits. */
export function xtext(text: string): string {
  let out = '';
  for (const octet of Buffer.from(text, 'utf8')) {
    const plain = octet > 32 && octet < 127 && octet !== 43 && octet !== 61;
    out += plain ? String.fromCharCode(octet) : `+${octet.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}

/** Must the content be looked at before the hop can be offered this submission? */
export const asksForContent = (s: Submission, has: Extensions): boolean =>
  (s.eightBit === true && !has.has('8BITMIME')) || (s.smtpUtf8 === true && !has.has('SMTPUTF8'));

/** An original recipient beyond ASCII has a type and a form of its own, of ASCII alone (RFC 6533 §3: utf-8-addr-xtext). */
export function orcptText(orcpt: string): string {
  if (isAscii(orcpt)) return xtext(orcpt);
  const address = orcpt.slice(orcpt.indexOf(';') + 1);
  return `utf-8;${address.replace(/[^!-~]|[+=\\]/gu, c => `\\x{${c.codePointAt(0)!.toString(16).toUpperCase()}}`)}`;
}

export function planEnvelope(s: Submission, has: Extensions, found: EightBit): Plan {
  const refusal = refuseAll(s, has, found);
  if (refusal !== null) return { refusal };
  return { refusal, mail: mailParameters(s, has), recipients: s.recipients.map(r => planRecipient(r, has)) };
}

function refuseAll(s: Submission, has: Extensions, found: EightBit): Reply | null {
  if (s.reversePath !== null && unspeakable(s.reversePath))
    return reply(553, '1.7', 'The sender address cannot be written');
  // Without its key a submission could be accepted twice; our own daemon offers XCWMAIL to its services only.
  if (s.key != null && !has.has('XCWMAIL')) return reply(451, '3.5', 'The next host does not know us as a service');
  if ((s.holdFor ?? s.holdUntil) != null && !has.has('FUTURERELEASE'))
    return reply(550, '3.3', 'The next host cannot hold mail');
  const limit = Number(has.get('SIZE') ?? 0);
  if (limit > 0 && s.size > limit) return reply(552, '3.4', `The next host takes no more than ${limit} octets`);
  return refuseEightBit(s, has, found);
}

/** RFC 6531 §3.7.4 and RFC 6152 §3: what the hop cannot take is returned, never damaged on the way. */
function refuseEightBit(s: Submission, has: Extensions, found: EightBit): Reply | null {
  const senderNeedsIt = !isAscii(asciiDomain(s.reversePath ?? ''));
  if (!has.has('SMTPUTF8') && (senderNeedsIt || (s.smtpUtf8 === true && found.header)))
    return reply(550, '6.7', 'The next host does not take internationalised mail');
  if (s.eightBit === true && !has.has('8BITMIME') && (found.header || found.body))
    return reply(554, '6.3', 'The next host does not take 8-bit content');
  return null;
}

/**
 * RFC 5321 §3.3 and the extensions' own documents. `s.smtpUtf8` without the extension means that it proved not to
 * be needed. A declared BODY is passed on only where the hop knows the word.
 */
function mailParameters(s: Submission, has: Extensions): string[] {
  const given: string[] = [];
  if (has.has('SIZE') && s.size > 0) given.push(`SIZE=${s.size}`);
  if (s.eightBit === true && has.has('8BITMIME')) given.push('BODY=8BITMIME');
  if (has.has('SMTPUTF8') && (s.smtpUtf8 === true || needsUtf8(s))) given.push('SMTPUTF8');
  if (has.has('DSN') && s.ret) given.push(`RET=${s.ret}`);
  if (has.has('DSN') && s.envid) given.push(`ENVID=${xtext(s.envid)}`);
  if (s.holdFor != null) given.push(`HOLDFOR=${s.holdFor}`);
  else if (s.holdUntil != null) given.push(`HOLDUNTIL=${new Date(s.holdUntil).toISOString().slice(0, 19)}Z`);
  if (s.key != null) given.push(`XKEY=${xtext(s.key)}`);
  if (s.draftId != null && has.has('XCWMAIL')) given.push(`XDRAFT=${s.draftId}`);
  return given;
}

const needsUtf8 = (s: Submission): boolean =>
  !isAscii(s.reversePath ?? '') || s.recipients.some(r => !isAscii(r.address));

function planRecipient(r: Submission['recipients'][number], has: Extensions): PlannedRecipient {
  if (r.address === '' || unspeakable(r.address))
    return { refusal: reply(553, '1.3', 'The address cannot be written') };
  const address = has.has('SMTPUTF8') ? r.address : asciiDomain(r.address);
  if (!has.has('SMTPUTF8') && !isAscii(address))
    return { refusal: reply(553, '6.7', 'The next host does not take internationalised addresses') };
  const parameters: string[] = [];
  if (has.has('DSN') && r.notify?.length) parameters.push(`NOTIFY=${r.notify.join(',')}`);
  if (has.has('DSN') && r.orcpt) parameters.push(`ORCPT=${orcptText(r.orcpt)}`);
  return { refusal: null, address, parameters };
}

/** The address a hop without SMTPUTF8 can be given: an internationalised domain as A-labels (RFC 5890). */
export function asciiDomain(address: string): string {
  const at = address.lastIndexOf('@');
  if (at < 0 || isAscii(address.slice(at))) return address;
  const domain = domainToASCII(address.slice(at + 1));
  return domain === '' ? address : `${address.slice(0, at)}@${domain}`;
}

/** `<`, `>` and controls would end the path or the line: command injection, or a form nodemailer cannot write. */
const unspeakable = (address: string): boolean => /[\x00-\x1f\x7f<>]/.test(address);

const isAscii = (text: string): boolean => !/[^\x00-\x7f]/.test(text);

/** Reads content until it is sure; the header ends at the first empty line. */
export async function findEightBit(content: AsyncIterable<Buffer>): Promise<EightBit> {
  const found: EightBit = { header: false, body: false };
  let inHeader = true;
  let tail = '';
  for await (const chunk of content) {
    const end = inHeader ? emptyLine(tail, chunk) : 0;
    if (inHeader && hasHigh(chunk.subarray(0, end ?? chunk.length))) found.header = true;
    if (end !== null && hasHigh(chunk.subarray(end))) found.body = true;
    if (end !== null) inHeader = false;
    if (found.body) return found;
    tail = (tail + chunk.subarray(-3).toString('latin1')).slice(-3);
  }
  return found;
}

/** Offset in `chunk` just behind the first CRLFCRLF (or LFLF), which may begin in the tail of the chunk before. */
function emptyLine(tail: string, chunk: Buffer): number | null {
  const seam = /\r?\n\r?\n/.exec(tail + chunk.subarray(0, 3).toString('latin1'));
  if (seam !== null) return Math.max(0, seam.index + seam[0].length - tail.length);
  const crlf = chunk.indexOf('\r\n\r\n');
  const lf = chunk.indexOf('\n\n');
  if (crlf < 0 && lf < 0) return null;
  return crlf >= 0 && (lf < 0 || crlf < lf) ? crlf + 4 : lf + 2;
}

const hasHigh = (octets: Buffer): boolean => /[\x80-\xff]/.test(octets.toString('latin1'));

/**
 * What a mail server writes into mail that passes through it, and how it edits a header on the way.
 *
 * Fields come out folded, with their CRLF; nothing a peer said of itself can end a line or a comment in them.
 * The machines take content in chunks cut anywhere, hold back at most a few octets, and pass the body through
 * as it is. When a thing happened is told to them; they look at no clock.
 */
import { isIPv6 } from 'node:net';
import { formatDate, localStamp, parseDate } from './date.ts';
import { readHeader } from './header.ts';

export { HeaderEditor, type HeaderEdits } from './trace/header-editor.ts';
export { NewlineMender } from './trace/newline-mender.ts';

export type Trace = {
  /** What the peer called itself; anything at all. */
  helo: string;
  /** Null: where it came from is nobody's business, and there is no `from`. */
  peerAddress: string | null;
  /** The name of the address, if it was looked up and confirmed. */
  peerName?: string | null;
  by: string;
  /** `ESMTPSA` and its like (RFC 3848, RFC 6531 §4.3). */
  with: string;
  id: string;
  /** The one recipient; null where there are several: none learns of the others (RFC 5321 §7.2). */
  for: string | null;
  at: number;
};

/** RFC 5321 §4.4 Received, in the time of this machine. */
export function receivedField(trace: Trace): string {
  const from =
    trace.peerAddress === null ? [] : [`from ${name(trace.helo)} (${peerInfo(trace.peerAddress, trace.peerName)})`];
  const recipient = trace.for === null || !/^[^\s\p{Cc}<>()\\]{1,320}$/u.test(trace.for) ? [] : [`for <${trace.for}>`];
  const stamps = [`by ${name(trace.by)}`, `with ${name(trace.with)}`, `id ${name(trace.id)}`];
  const lines = [...from, stamps.join(' '), ...recipient];
  return `Received: ${lines.join('\r\n\t')};\r\n\t${localStamp(trace.at)}\r\n`;
}

function peerInfo(address: string, peerName: string | null | undefined): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  const literal = isIPv6(plain) ? `[IPv6:${plain.replace(/%.*$/s, '')}]` : `[${name(plain)}]`;
  return peerName ? `${name(peerName)} ${literal}` : literal;
}

/** Only what host names and literals are made of: a HELO may hold anything, also the rest of a header. */
const name = (text: string): string => text.slice(0, 255).replace(/[^A-Za-z0-9.:_[\]-]/g, '?') || 'unknown';

/**
 * When what was fetched came where it was fetched from: by the Received field below our own, else by its Date. The field is
 * that host's, or the peer's in front of it; what lies in the future, or before mail, is not believed. `at`: when we got it.
 */
export function arrivedUpstream(header: Buffer, at: number): number {
  const fields = readHeader(header);
  const stamp = /;([^;]*)$/.exec(fields.all('received')[1] ?? '')?.[1] ?? fields.get('date') ?? '';
  const then = parseDate(stamp);
  return then !== null && then > firstMail && then < at ? then : at;
}

const firstMail = Date.UTC(1982, 7);

/** The last hop's own fields, written in front of the content when it is read (RFC 5321 §4.4). */
export function returnPath(reversePath: string | null): string {
  return `Return-Path: <${oneLine(reversePath ?? '')}>\r\n`;
}

export function deliveredTo(address: string): string {
  return `Delivered-To: ${oneLine(address)}\r\n`;
}

export function dateField(at: number): string {
  return `Date: ${formatDate(at)}\r\n`;
}

/** `<id@domain>`; the id must be one that is never used again. */
export function messageId(id: string, domain: string): string {
  return `<${name(id)}@${name(domain)}>`;
}

const oneLine = (text: string): string => text.replace(/\p{Cc}/gu, '');

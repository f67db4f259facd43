import { parseAddress, parseAddressList } from './address.ts';
import { type Header, LONGEST_HEADER, readHeader, withoutComments } from './header.ts';

/**
 * Whom a message says it is from (RFC 5322 §3.6.2), for the question whether its submitter may say so.
 * Every address a reader might see there is named, so that no way of writing hides one.
 */
export type Authors = {
  /** Of From and Sender. */
  written: string[];
  /** Of Resent-From and Resent-Sender: who sends somebody else's message on as it is (RFC 5322 §3.6.6). */
  resent: string[];
};

/** Characters of one field; a hundred authors fit. */
const longestField = 10_000;

/** A sentence: why nobody can tell who it is from. Null addresses: it has no From at all, so one may be added. */
export function authorsOf(head: Buffer): Authors | null | { wrong: string } {
  if (head.length > LONGEST_HEADER && !head.subarray(0, LONGEST_HEADER).includes('\r\n\r\n'))
    return { wrong: `The header is longer than ${LONGEST_HEADER / 1024} KB` };
  const header = readHeader(head);
  const resent = addressesOf(header, ['resent-from', 'resent-sender']);
  const sender = addressesOf(header, ['sender']);
  const from = header.all('from');
  if (resent === null || sender === null)
    return { wrong: 'A Sender or Resent field names something that is no address' };
  if (header.all('sender').length > 1) return { wrong: 'There are two Sender fields' };
  if (from.length === 0) return sender.length + resent.length === 0 ? null : { written: sender, resent };
  if (from.length > 1) return { wrong: 'There are two From fields' };
  const authors = addressesOf(header, ['from']);
  if (authors === null || authors.length === 0) return { wrong: 'The From field names no address' };
  return { written: [...authors, ...sender], resent };
}

/** Null: something stands there that is no address, or more than anybody is from. */
function addressesOf(header: Header, names: string[]): string[] | null {
  const found: string[] = [];
  for (const value of names.flatMap(name => header.all(name))) {
    if (value.length > longestField) return null;
    const entries = parseAddressList(value);
    if (entries.some(e => parseAddress(e.address) === null)) return null;
    found.push(...entries.map(e => e.address), ...bareAddresses(value));
  }
  return [...new Set(found)];
}

/** What looks like an address outside quotes and comments: some reader takes it for one. */
function bareAddresses(value: string): string[] {
  const plain = withoutComments(value.replace(/"(?:[^"\\]|\\.)*"/g, '""'));
  return plain.split(/[\s<>"(),:;]+/).filter(word => word.includes('@') && parseAddress(word) !== null);
}

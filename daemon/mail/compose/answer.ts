import { addressKey, type NamedAddress } from '../address.ts';
import { trimEndOf } from '../header.ts';

/** Whom a message came from and went to, as its header lists them. */
export type AnswerTo = { from: NamedAddress[]; replyTo: NamedAddress[]; to: NamedAddress[]; cc: NamedAddress[] };

const MOST_REFERENCES = 50;

/** RFC 5322 §3.6.5 knows `Re:` alone; other tongues' prefixes are recognised, so that none piles up. */
export function replySubject(subject: string): string {
  return /^\s*(?:re|aw|antw|sv|vs|ref|odp|res|回复|答复)\s*(?:\[\d+\])?\s*[:：]/i.test(subject)
    ? subject
    : `Re: ${subject}`;
}

export function forwardSubject(subject: string): string {
  return /^\s*(?:fwd?|wg|tr|enc|vb|doorst|转发)\s*[:：]/i.test(subject) ? subject : `Fwd: ${subject}`;
}

/** Every line behind a quote mark; what is quoted already goes one deeper. */
export function quoteText(text: string): string {
  return trimEndOf(text, /\n/)
    .split('\n')
    .map(line => (line.startsWith('>') ? `>${line}` : `> ${line}`.trimEnd()))
    .join('\n');
}

/**
 * Reply-To before From (RFC 5322 §3.6.3); an answer to one's own letter goes where that went. `all` adds who else
 * got it. `own` are addresses that need no copy. Nobody is named twice.
 */
export function replyRecipients(
  answered: AnswerTo,
  own: string[],
  all: boolean,
): { to: NamedAddress[]; cc: NamedAddress[] } {
  const seen = new Set(own.map(addressKey));
  const isOwn = (a: NamedAddress): boolean => seen.has(addressKey(a.address));
  const authors = withAddress(answered.replyTo).length > 0 ? answered.replyTo : answered.from;
  const fromSelf = withAddress(authors).every(isOwn);
  const to = unseen(fromSelf ? answered.to : authors, seen);
  const others = all ? unseen([...(fromSelf ? [] : answered.to), ...answered.cc], seen) : [];
  // A letter to oneself alone is answered to oneself.
  return { to: to.length > 0 ? to : withAddress(authors).slice(0, 1), cc: others };
}

const withAddress = (list: NamedAddress[]): NamedAddress[] => list.filter(a => a.address !== '');

function unseen(list: NamedAddress[], seen: Set<string>): NamedAddress[] {
  return withAddress(list).filter(a => {
    const key = addressKey(a.address);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** RFC 5322 §3.6.4; a long thread keeps its first id and its latest. */
export function replyReferences(parent: {
  messageId: string | null;
  inReplyTo: string | null;
  references: string[];
}): string[] {
  const before = parent.references.length > 0 ? parent.references : parent.inReplyTo === null ? [] : [parent.inReplyTo];
  const ids = [...new Set([...before, ...(parent.messageId === null ? [] : [parent.messageId])])];
  if (ids.length > MOST_REFERENCES) ids.splice(1, ids.length - MOST_REFERENCES);
  return ids;
}

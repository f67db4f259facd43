/**
 * What ties messages into a conversation: the ids they name (RFC 5322 §3.6.4), and for mailers that name none,
 * with care, the subject they answer.
 *
 * Pure and bounded: however many ids a message lists, a dozen are looked at. It decides nothing by itself; the store
 * knows which of the names are known.
 */
import { hash } from 'node:crypto';
import type { Summary } from './summary.ts';

/** The root and the latest are what other messages of the conversation name. */
const mostNames = 12;

/**
 * The ids a message goes by, in the order they are to be believed: its own, the one it answers, then its ancestors,
 * nearest first, the root always among them.
 */
export function namesOf(s: Pick<Summary, 'messageId' | 'inReplyTo' | 'references'>): string[] {
  const ancestors = s.references.toReversed();
  const near = [s.messageId, s.inReplyTo, ...ancestors.slice(0, mostNames - 3), ancestors.at(-1)];
  return [...new Set(near.filter(name => name !== null && name !== undefined))];
}

/** 48 bits of an id: enough to tell those of one mailbox apart, and a number, which indexes well. */
export const nameKey = (name: string): number => hash('sha1', name, 'buffer').readUIntBE(0, 6);

const answerPrefix = /^\s*(?:re|aw|antw|sv|vs|ref|odp|res|回复|答复)\s*(?:\[\d+\])?\s*[:：]\s*/i;

/** The subject that is answered, to compare by; null: this is no answer. */
export function answeredSubject(subject: string): string | null {
  const bare = bareSubject(subject);
  return bare !== '' && answerPrefix.test(subject) ? bare : null;
}

/** A subject without its marks of answering, white space and letter case. */
export function bareSubject(subject: string): string {
  let rest = subject.slice(0, 1000);
  for (let next = rest.replace(answerPrefix, ''); next !== rest; next = rest.replace(answerPrefix, '')) rest = next;
  return rest.replace(/\s+/g, ' ').trim().toLowerCase();
}

type Correspondents = Pick<Summary, 'fromName' | 'fromAddress' | 'to'>;

/** Did the author of an answer take part in what is answered, or its author in the answer? */
export function sameCorrespondents(answer: Correspondents, answered: Correspondents): boolean {
  if (answer.fromAddress === '' || answered.fromAddress === '') return false;
  const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
  return (
    same(answer.fromAddress, answered.fromAddress) || wasWrittenTo(answered, answer) || wasWrittenTo(answer, answered)
  );
}

/** The row of a list knows those written to by name, or by address where they had none. */
function wasWrittenTo(letter: Correspondents, { fromName, fromAddress }: Correspondents): boolean {
  const people = `, ${letter.to.toLowerCase()}, `;
  return [fromName, fromAddress].some(who => who !== '' && people.includes(`, ${who.toLowerCase()}, `));
}

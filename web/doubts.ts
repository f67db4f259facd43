/** What a person is asked before a letter goes: is something missing, is an address right, do so many get it? */
import { addressKey, parseAddressList } from '../daemon/mail/address.ts';
import type { Header } from '../daemon/mail/header.ts';
import { meantDomain } from '../daemon/mail/slip.ts';
import type { Draft } from '../daemon/store.ts';
import type { Doubt, Slip } from '../views/compose.ts';
import { crowd } from '../views/crowd.ts';
import { ownFiles } from './drafts.ts';

/** `words`: beginnings of words that speak of a file, with commas between; `answered`: the header of what is answered. */
export function doubtsOf(draft: Draft, words: string, own: string[], answered: Header | null): Doubt[] {
  const doubts: Doubt[] = [];
  const missing = missingIn(draft);
  if (missing) doubts.push(missing);
  if (ownFiles(draft).length === 0 && speaksOfFile(`${draft.subject}\n${draft.text}`, words)) doubts.push('attachment');
  if (draft.relation === 'reply' && answered && tellsOfBlindCopy(draft, own, answered)) doubts.push('blind');
  if (draft.relation === 'reply' && recipientsOf(draft).length >= crowd) doubts.push('many');
  return doubts;
}

/** Who sends neither subject nor text on purpose has said so of each. */
export const isSure = (sure: string[], doubt: Doubt): boolean =>
  sure.includes(doubt) || (sure.includes('blank') && (doubt === 'untitled' || doubt === 'mute'));

const recipientsOf = (d: Pick<Draft, 'to' | 'cc' | 'bcc'>) =>
  [d.to, d.cc, d.bcc].flatMap(parseAddressList).filter(a => a.address.includes('@'));

/** Addresses one has never written to, in a domain one slip beside one that is known. */
export function slipsOf(draft: Pick<Draft, 'to' | 'cc' | 'bcc'>, known: { address: string }[]): Slip[] {
  const keys = new Set(known.map(a => addressKey(a.address)));
  const domains = new Set(known.map(a => domainOf(a.address)));
  return recipientsOf(draft).flatMap(({ address }) => {
    const meant = keys.has(addressKey(address)) ? null : meantDomain(domainOf(address), domains);
    return meant === null ? [] : [{ address, meant }];
  });
}

const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1).toLowerCase();

/** An answer keeps the subject it was given; a picture, a file or what is quoted says something without words. */
function missingIn(draft: Draft): Doubt | null {
  const isUntitled = draft.relation === null && draft.subject.trim() === '';
  const isMute = draft.uploads.length === 0 && ownWords(draft.text).trim() === '' && !/^(?:>|-{5,})/m.test(draft.text);
  if (isUntitled) return isMute ? 'blank' : 'untitled';
  return isMute ? 'mute' : null;
}

/** What stands above a signature, and above a forwarded letter. */
function ownWords(text: string): string {
  const end = text.search(/^(?:-- ?|-{5,}.*)$/m);
  return end < 0 ? text : text.slice(0, end);
}

/** Only what was written now: no quotes, no signature, and nothing of a forwarded letter. */
function speaksOfFile(text: string, words: string): boolean {
  const own = ownWords(text)
    .split('\n')
    .filter(line => !line.startsWith('>') && !/^(?:re|fwd?|aw|wg|sv|tr):/i.test(line))
    .join('\n');
  return pattern(words).test(own);
}

/** A word begins where no letter stands before it; scripts without spaces between words have no such place. */
function pattern(words: string): RegExp {
  const each = words.split(',').map(word => {
    const literal = word.trim().replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return /^\p{Script=Latin}/u.test(literal) ? `(?<![\\p{L}\\p{N}])${literal}` : literal;
  });
  return new RegExp(each.join('|'), 'iu');
}

/** One got a blind copy, and writes to more than who sent it: then they learn of it. */
function tellsOfBlindCopy(draft: Draft, own: string[], answered: Header): boolean {
  const list = (field: string) => parseAddressList(answered.get(field) ?? '').map(a => addressKey(a.address));
  const mine = new Set(own.map(addressKey));
  const named = [...list('to'), ...list('cc')];
  const authors = new Set([...list('from'), ...list('reply-to')]);
  if (answered.get('list-id') || [...named, ...authors].some(key => mine.has(key))) return false;
  const others = new Set(named.filter(key => !authors.has(key)));
  return [draft.to, draft.cc].flatMap(parseAddressList).some(a => others.has(addressKey(a.address)));
}

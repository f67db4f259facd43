/** As whom a letter is written: the identities of an account, the one that fits, and its signature in the text. */
import { addressKey, type NamedAddress, parseAddressList } from '../daemon/mail/address.ts';
import type { Header } from '../daemon/mail/header.ts';
import type { Account, Identity, Message, Store } from '../daemon/store.ts';

export type Author = Omit<Identity, 'id'>;

/** The own address first, then the others as they were made. */
export async function authorsOf(store: Store, account: Account): Promise<Author[]> {
  const made = await store.identities.list(account.id);
  const own = made.find(i => addressKey(i.address) === account.address);
  const others = made.filter(i => i !== own).map(i => ({ ...i, name: i.name || account.name }));
  const isDefault = !others.some(i => i.isDefault);
  const { replyTo = '', signature = '', signatureHtml = '' } = own ?? {};
  return [{ address: account.address, name: account.name, replyTo, signature, signatureHtml, isDefault }, ...others];
}

/** The one of this address; where it is gone meanwhile, or none was chosen, the one new letters begin with. */
export const authorOf = (authors: Author[], address: string): Author =>
  authors.find(a => addressKey(a.address) === addressKey(address)) ?? authors.find(a => a.isDefault) ?? authors[0]!;

/** Who answers: the one the letter came to, or that wrote it; of several the one named first. */
function answering(authors: Author[], lists: NamedAddress[][]): Author | null {
  const own = new Map(authors.map(a => [addressKey(a.address), a]));
  for (const list of lists)
    for (const { address } of list) {
      const found = own.get(addressKey(address));
      if (found) return found;
    }
  return null;
}

/** Who answers a message: by whom its header names, then by where it was delivered, then by who wrote it; null: none of them. */
export function addressed(authors: Author[], header: Header | null, { prefix }: Message): Author | null {
  const list = (name: string) => parseAddressList(header?.get(name) ?? '');
  const came = [...prefix.matchAll(/^Delivered-To: (.*?)\r?$/gim)].map(m => ({ name: '', address: m[1]! }));
  return answering(authors, [list('to'), list('cc'), came, list('from')]);
}

/** RFC 3676 §4.3: a line of two hyphens and a blank, then the signature. Empty: there is none. */
export const signed = (signature: string): string => (signature === '' ? '' : `-- \n${signature}\n`);

/** The text with another signature in the place of the one it has; what its writer changed is left alone. */
export function resigned(text: string, before: string, after: string): string {
  const [old, fresh] = [signed(before), signed(after)];
  if (old === fresh) return text;
  const block = old.trimEnd();
  const at = old === '' ? -1 : text.lastIndexOf(block);
  const end = at + block.length;
  if (at >= 0 && (end === text.length || text[end] === '\n'))
    return text.slice(0, at) + fresh.trimEnd() + text.slice(end);
  if (old !== '') return text;
  // Above what is quoted, with the line that says whose words they are; else at the end.
  const quote = /(?:^|\n)[^\n]+\n> ?/.exec(text)?.index ?? text.length;
  return `${text.slice(0, quote)}\n\n${fresh}${text.slice(quote)}`;
}

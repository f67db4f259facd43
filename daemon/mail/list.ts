/**
 * What the header of a message says of the list it came by: its name, where one writes to, and how one leaves
 * (RFC 2369, RFC 2919, RFC 8058). Strangers write these fields: an address is one only if it parses, a link only by https.
 */
import { type Address, formatAddress, parseAddress } from './address.ts';
import { cleanText, type Header, withoutComments } from './header.ts';

export type ListMail = {
  /** What the list is known by, lower case; empty: it has no id. */
  id: string;
  /** Its name for people; empty: none. */
  name: string;
  /** Where one writes to all of it; null: nobody may, or it is not said. */
  post: string | null;
  leave: Leave | null;
};

/** The first of these that there is. */
export type Leave =
  /** A POST to this address, and nothing else, ends it (RFC 8058). */
  | { kind: 'one-click'; url: string; host: string; link: string }
  | { kind: 'mail'; to: string; subject: string; body: string }
  /** A page that a person opens. */
  | { kind: 'link'; url: string; host: string };

const LONGEST = 4_000;

/** Null: it did not come by a list, nor by anything that can be left. */
export function readListMail(header: Header): ListMail | null {
  const [name, id] = listId(header.get('list-id') ?? '');
  const post = postOf(header.get('list-post') ?? '');
  const leave = leaveOf(header);
  return id === '' && post === null && leave === null ? null : { id, name, post, leave };
}

/** `Garden talk <talk.garden.example>` */
function listId(value: string): [name: string, id: string] {
  const parts = /^(.*)<\s*([^<>\s]{1,255})\s*>\s*$/s.exec(value.slice(0, LONGEST));
  if (!parts) return ['', ''];
  return [
    cleanText(parts[1]!)
      .replace(/^\s*"|"\s*$/g, '')
      .trim()
      .slice(0, 200),
    parts[2]!.toLowerCase(),
  ];
}

function postOf(value: string): string | null {
  const mail = urlsIn(value).flatMap(mailtoOf)[0];
  return mail?.to ?? null;
}

function leaveOf(header: Header): Leave | null {
  const urls = urlsIn(header.get('list-unsubscribe') ?? '');
  const https = urls
    .map(url => URL.parse(url))
    .find(url => url?.protocol === 'https:' && url.username === '' && url.password === '');
  const link = https && { url: https.href, host: https.hostname };
  const oneClick = /^\s*list-unsubscribe\s*=\s*one-click\s*$/i.test(header.get('list-unsubscribe-post') ?? '');
  if (link && oneClick) return { kind: 'one-click', ...link, link: link.url };
  const mail = urls.flatMap(mailtoOf)[0];
  if (mail) return { kind: 'mail', ...mail };
  return link ? { kind: 'link', ...link } : null;
}

/** RFC 2369 §2: URLs in angle brackets, with comments and commas between. */
const urlsIn = (value: string): string[] =>
  [...value.slice(0, LONGEST).matchAll(/<([^<>]{1,2000})>/g)]
    .map(m => m[1]!.replace(/\s+/g, ''))
    .filter(url => url !== '')
    .slice(0, 10);

function mailtoOf(text: string): { to: string; subject: string; body: string }[] {
  if (!/^mailto:/i.test(text)) return [];
  const [first = '', query = ''] = text.slice('mailto:'.length).split('?', 2);
  const address = parsed(first);
  if (!address) return [];
  // RFC 6068 §5: other fields are not for a stranger to choose.
  const fields = new Map(query.split('&').map(pair => pair.split('=', 2).map(decoded) as [string, string]));
  const field = (name: string) =>
    cleanText([...fields].find(([known]) => known.toLowerCase() === name)?.[1] ?? '').slice(0, 500);
  return [{ to: formatAddress(address), subject: field('subject') || 'unsubscribe', body: field('body') }];
}

const parsed = (text: string): Address | null => parseAddress(withoutComments(decoded(text)).trim());

function decoded(text = ''): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

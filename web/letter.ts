/** What a new message begins with: nothing, an address from a link, a reply, or a forwarded message. */
import { formatNamed, type NamedAddress, parseAddressList } from '../daemon/mail/address.ts';
import { forwardSubject, quoteText, replyRecipients, replySubject } from '../daemon/mail/compose.ts';
import { readListMail } from '../daemon/mail/list.ts';
import type { Account, Content, DraftFields, Message, Store } from '../daemon/store.ts';
import { answeredLetter, passedOnLetter } from '../views/letter.ts';
import { htmlToText } from '../views/text.ts';
import { inOrder, type Words } from '../views/words.ts';
import { type Author, addressed, authorOf, resigned } from './author.ts';
import type { Bodies } from './bodies.ts';
import { quotedMarkup } from './markup.ts';
import { idOf } from './page.ts';

const empty: DraftFields = { to: '', cc: '', bcc: '', subject: '', text: '', relatedId: null, relation: null };

type Asked = Partial<Record<'to' | 'cc' | 'bcc' | 'subject' | 'body' | 'reply' | 'forward' | 'all' | 'list', string>>;
type Needs = { store: Store; bodies: Bodies; w: Words; authors: Author[] };

export type Begun = {
  fields: DraftFields;
  author: Author;
  /** What stands below one's own words, as the text has it and as markup; empty: nothing does. */
  below: string;
  belowMarkup(): Promise<string>;
};

/** Null: the message to be answered is not there, or not theirs. */
export async function beginLetter(needs: Needs, account: Account, asked: Asked): Promise<Begun | null> {
  const wanted = asked.reply ?? asked.forward;
  if (wanted === undefined) {
    const author = authorOf(needs.authors, '');
    return { fields: by(author, fromLink(asked)), author, below: '', belowMarkup: async () => '' };
  }
  const id = idOf(wanted);
  const related = id === null ? null : await needs.store.messages.get(account.id, id);
  if (!related) return null;
  const content = await needs.bodies.content(related);
  const text = content ? await textOf(needs.bodies, content) : '';
  const header = content && (await needs.bodies.header(content));
  const list = (name: string): NamedAddress[] => (header ? parseAddressList(header.get(name) ?? '') : []);
  const author = addressed(needs.authors, header, related) ?? authorOf(needs.authors, account.address);
  const markup = () => (content ? quotedMarkup(needs.bodies, content) : Promise.resolve(''));
  if (asked.reply === undefined) {
    const head = passedOnHead(needs.w, related);
    const below = `${head}\n\n${text}\n`;
    const subject = forwardSubject(related.subject);
    const fields = by(author, { ...empty, subject, text: `\n\n${below}`, relatedId: related.id, relation: 'forward' });
    return { fields, author, below, belowMarkup: async () => passedOnLetter(head, await markup()) };
  }
  const own = [account.address, ...needs.authors.map(a => a.address)];
  const post = asked.list === undefined || !header ? null : readListMail(header)?.post;
  const people = post ? { to: post, cc: '' } : answered(list, own, related, asked.all !== undefined);
  const head = answeredHead(needs.w, related);
  const below = `${head}\n${quoteText(text)}\n`;
  const fields = by(author, {
    ...{ ...empty, ...people, subject: replySubject(related.subject), text: `\n\n${below}` },
    ...{ relatedId: related.id, relation: 'reply' },
  });
  return { fields, author, below, belowMarkup: async () => answeredLetter(head, await markup()) };
}

/** With the author's signature in its place. */
function by(author: Author, fields: DraftFields): DraftFields {
  const { text } = fields;
  if (author.signature === '') return { ...fields, from: author.address };
  // In front of what is forwarded or quoted, behind what a link brought.
  const begun =
    fields.relation === null
      ? resigned(text, '', author.signature)
      : `${resigned('', '', author.signature)}${text.replace(/^\n+/, '\n')}`;
  return { ...fields, from: author.address, text: begun };
}

/** RFC 6068 gives a link these fields and no others. */
const fromLink = (a: Asked): DraftFields => ({
  ...empty,
  to: oneLine(a.to),
  cc: oneLine(a.cc),
  bcc: oneLine(a.bcc),
  subject: oneLine(a.subject),
  text: (a.body ?? '').replaceAll('\r\n', '\n').slice(0, 100_000),
});

const oneLine = (text = ''): string => text.replace(/\s+/g, ' ').slice(0, 10_000);

async function textOf(bodies: Bodies, content: Content): Promise<string> {
  const shown = bodies.display(content);
  if (!shown) return '';
  const packed = await bodies.packed(content, shown);
  if (packed) return packed.type === 'text/html' ? htmlToText(packed.text) : packed.text;
  const { text } = await bodies.text(content, shown.text);
  return shown.text.some(part => part.type === 'text/html') ? htmlToText(text) : text;
}

function answered(list: (name: string) => NamedAddress[], own: string[], m: Message, all: boolean) {
  const from = list('from').length > 0 ? list('from') : [{ name: m.fromName, address: m.fromAddress }];
  const { to, cc } = replyRecipients({ from, replyTo: list('reply-to'), to: list('to'), cc: list('cc') }, own, all);
  return { to: to.map(asTyped).join(', '), cc: cc.map(asTyped).join(', ') };
}

/** As a person would type it: quotes only where the name holds a sign that means something in a list. */
const asTyped = (a: NamedAddress): string =>
  a.name === '' || /[()<>@,;:\\".[\]]/.test(a.name) ? formatNamed(a) : `${a.name} <${a.address}>`;

/** Without the marks that set direction: they are for pages; a letter is read by programs that print them. */
const answeredHead = (w: Words, m: Message): string =>
  inOrder(w.t('compose.quote', { date: w.full(m.date ?? m.receivedAt), who: m.fromName || m.fromAddress }));

function passedOnHead(w: Words, m: Message): string {
  const from = formatNamed({ name: m.fromName, address: m.fromAddress });
  return [
    w.t('compose.forwarded'),
    `${w.t('message.from')}: ${from}`,
    `${w.t('message.date')}: ${w.full(m.date ?? m.receivedAt)}`,
    `${w.t('message.subject')}: ${m.subject}`,
    `${w.t('message.to')}: ${m.to}`,
  ].join('\n');
}

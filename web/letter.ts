/** What a new message begins with: nothing, an address from a link, a reply, or a forwarded message. */
import { formatNamed, type NamedAddress, parseAddressList } from '../daemon/mail/address.ts';
import { forwardSubject, quoteText, replyRecipients, replySubject } from '../daemon/mail/compose.ts';
import type { Account, Content, DraftFields, Message, Store } from '../daemon/store.ts';
import { htmlToText } from '../views/text.ts';
import type { Words } from '../views/words.ts';
import type { Bodies } from './bodies.ts';
import { idOf } from './page.ts';

const empty: DraftFields = { to: '', cc: '', bcc: '', subject: '', text: '', relatedId: null, relation: null };

type Asked = Partial<Record<'to' | 'cc' | 'bcc' | 'subject' | 'body' | 'reply' | 'forward' | 'all', string>>;
type Needs = { store: Store; bodies: Bodies; w: Words };

/** Null: the message to be answered is not there, or not theirs. */
export async function beginLetter(needs: Needs, account: Account, asked: Asked): Promise<DraftFields | null> {
  const wanted = asked.reply ?? asked.forward;
  if (wanted === undefined) return fromLink(asked);
  const id = idOf(wanted);
  const related = id === null ? null : await needs.store.messages.get(account.id, id);
  if (!related) return null;
  const content = await needs.bodies.content(related);
  const text = content ? await textOf(needs.bodies, content) : '';
  if (asked.reply === undefined) return forwarded(needs.w, related, text);
  const people = await answered(needs.bodies, account, related, content, asked.all !== undefined);
  return {
    ...empty,
    ...people,
    subject: replySubject(related.subject),
    text: quoted(needs.w, related, text),
    relatedId: related.id,
    relation: 'reply',
  };
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
  const { text } = await bodies.text(content, shown.text);
  return shown.text.some(part => part.type === 'text/html') ? htmlToText(text) : text;
}

async function answered(bodies: Bodies, account: Account, m: Message, content: Content | null, all: boolean) {
  const header = content && (await bodies.header(content));
  const list = (name: string): NamedAddress[] => (header ? parseAddressList(header.get(name) ?? '') : []);
  const from = header ? list('from') : [{ name: m.fromName, address: m.fromAddress }];
  const { to, cc } = replyRecipients(
    { from, replyTo: list('reply-to'), to: list('to'), cc: list('cc') },
    [account.address],
    all,
  );
  return { to: to.map(asTyped).join(', '), cc: cc.map(asTyped).join(', ') };
}

/** As a person would type it: quotes only where the name holds a sign that means something in a list. */
const asTyped = (a: NamedAddress): string =>
  a.name === '' || /[()<>@,;:\\".[\]]/.test(a.name) ? formatNamed(a) : `${a.name} <${a.address}>`;

function quoted(w: Words, m: Message, text: string): string {
  const who = m.fromName || m.fromAddress;
  const head = w.t('compose.quote', { date: w.full(m.date ?? m.receivedAt), who });
  return `\n\n${head}\n${quoteText(text)}\n`;
}

function forwarded(w: Words, m: Message, text: string): DraftFields {
  const from = formatNamed({ name: m.fromName, address: m.fromAddress });
  const head = [
    w.t('compose.forwarded'),
    `${w.t('message.from')}: ${from}`,
    `${w.t('message.date')}: ${w.full(m.date ?? m.receivedAt)}`,
    `${w.t('message.subject')}: ${m.subject}`,
    `${w.t('message.to')}: ${m.to}`,
  ];
  return {
    ...empty,
    subject: forwardSubject(m.subject),
    text: `\n\n${head.join('\n')}\n\n${text}\n`,
    relatedId: m.id,
    relation: 'forward',
  };
}

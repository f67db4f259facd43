/** A message, or the messages of its conversation: who wrote to whom, what is attached, and the text or its frame. */
import { html } from 'hono/html';
import { soughtIn } from '../daemon/mail/search-hits.ts';
import type { SearchWords } from '../daemon/mail/search-query.ts';
import { type BlockedSender, Flag, type Folder, type Message } from '../daemon/store.ts';
import { type AttachmentCard, attachments } from './attachments.ts';
import { type Folded, foldedRun } from './conversation.ts';
import { type Images, imagesBanner } from './images.ts';
import { type InvitationCard, invitation } from './invitation.ts';
import { ownChips } from './labels.ts';
import { icon, type Screen } from './layout.ts';
import { type ListCard, listLine } from './list-mail.ts';
import { marked } from './marked.ts';
import { ownTools, toolbar } from './message-tools.ts';
import { narrow, narrowed } from './narrow.ts';
import { outcomes, type RecipientOutcome } from './outcomes.ts';
import { type ReceiptCard, receiptLine } from './receipt.ts';
import { reminderForm } from './reminders.ts';
import { frameSandbox, nameTargets, trusted } from './safe-html.ts';
import { blockedLine, mutedLine, type Writer } from './sender-acts.ts';
import { textToHtml } from './text.ts';
import { type Trust, verdict, verdictDetails, warnings } from './trust.ts';
import { type Html, inOrder } from './words.ts';

export type Person = { name: string; address: string };

export type MessageBody =
  | {
      kind: 'text';
      text: string /** Address of the whole text where it is not all shown; null: it is. */;
      rest: string | null;
    }
  | { kind: 'html'; src: string /** It may be dark. */; dark: boolean }
  /** Its HTML cannot be shown safely in reasonable time. */
  | { kind: 'broken' }
  | { kind: 'none' }
  | { kind: 'gone' };

export type OpenMessage = {
  message: Message;
  folder: Folder;
  from: Person;
  to: Person[];
  cc: Person[];
  body: MessageBody;
  /** The other form there is of the text; null: none. */
  other: 'text' | 'html' | null;
  /** Null: it has no HTML on show. */
  images: Images | null;
  /** Where it is shown on a light page, or is not any more; null: it is light anyhow. */
  light: { on: boolean; href: string } | null;
  /** This page, as its address says it without further wishes. */
  back: string;
  trust: Trust;
  /** The event it brings; null: none. */
  invitation: InvitationCard | null;
  /** The list it came by; null: none. */
  list: ListCard | null;
  /** What its reader has said of its sender; null: nothing. */
  blocked: BlockedSender | null;
  receipt: ReceiptCard | null;
  attachments: AttachmentCard[];
  /** Words of the search it was found by, to be marked. */
  sought: SearchWords[];
  /** What became of it; of a message one received: nothing. */
  outcomes: RecipientOutcome[];
  /** Of what one sent: when one is reminded that nobody answered, `at` null: never. Null: it is none. */
  reminder: { at: number | null } | null;
};

/** What the right pane shows. */
export type OpenPane = {
  /** The message in the address: the toolbar acts on it, or on its conversation. */
  message: Message;
  folder: Folder;
  /** In the order they came; in flat lists the one message. */
  letters: (OpenMessage | Folded)[];
  /** This page with all of them open, or no longer; null: none is folded. */
  unfold: { all: boolean; href: string } | null;
  /** Are these the messages of a conversation, to be acted on together? */
  whole: boolean;
  /** What follows in the conversation does not come into the Inbox. */
  muted: boolean;
  /** Who wrote to the reader last, by that message. */
  about: Writer;
  /** Those of them that are open and not read, and in how many seconds they are; null: when their reader says so. */
  unread: { ids: number[]; seconds: number | null } | null;
  /** Words of the search it was found by, to be marked. */
  sought: SearchWords[];
  /** The list it was opened from. */
  back: string;
  /** Where to go once it is put away. */
  after: string;
  newer: string | null;
  older: string | null;
};

export function messagePane(s: Screen, o: OpenPane): Html {
  const titled = o.letters[0]?.message ?? o.message;
  const subject = titled.subject.trim() || s.w.t('list.nosubject');
  const several = o.letters.length > 1;
  return html`<article id="reader-${o.message.conversation || `m${o.message.id}`}" class="reader message" aria-labelledby="subject-${o.message.id}">
${toolbar(s, o)}
<header class="subject-head"><h1 id="subject-${o.message.id}"><bdi>${narrow(marked(subject, soughtIn(o.sought, 'subject')))}</bdi></h1>${several ? howMany(s, o) : ''}${ownChips(s, labelled(o), o.message.id, o.whole)}</header>
${mutedLine(s, o.message, o.muted)}
${runs(o.letters).map(run => (Array.isArray(run) ? foldedRun(s, run) : letterOf(s, run, o)))}
</article>`;
}

function howMany(s: Screen, { letters, unfold }: OpenPane): Html {
  const words = s.w.t('list.messages', { n: letters.length });
  if (unfold === null) return html`<p class="muted">${words}</p>`;
  return html`<p class="muted">${words} · <a href="${unfold.href}">${s.w.t(unfold.all ? 'conversation.fold' : 'conversation.unfold')}</a></p>`;
}

/** Labels of what the toolbar acts on. */
const labelled = (o: OpenPane): number[] =>
  o.letters.flatMap(m => (m.message.folderId === o.message.folderId ? m.message.labels : []));

/** Why it is back at the top of the Inbox. */
function why(s: Screen, m: Message): Html {
  if ((m.flags & (Flag.returned | Flag.unanswered)) === 0) return html``;
  const [sign, key] =
    m.flags & Flag.unanswered ? (['bell', 'message.unanswered'] as const) : (['clock', 'message.returned'] as const);
  return html`<p class="banner">${icon(s, sign)}<span>${s.w.t(key, { time: s.w.stamp(m.listedAt) })}</span></p>`;
}

/** Folded ones that follow each other stand together. */
function runs(letters: OpenPane['letters']): (OpenMessage | Folded[])[] {
  const out: (OpenMessage | Folded[])[] = [];
  for (const one of letters) {
    const last = out.at(-1);
    if ('body' in one) out.push(one);
    else if (Array.isArray(last)) last.push(one);
    else out.push([one]);
  }
  return out;
}

function letterOf(s: Screen, m: OpenMessage, o: OpenPane): Html {
  const inner = html`<header class="message-head">
${byline(s, m, o)}
${warnings(s, m.trust, m.from.address)}
${blockedLine(s, m.blocked)}
${listLine(s, m.list, m.back)}
</header>
${outcomes(s, m.outcomes)}
${invitation(s, m.invitation, m.back)}
${receiptLine(s, m.receipt, m.back)}
${why(s, m.message)}${m.reminder ? reminderForm(s, m.message, m.reminder.at) : ''}
${imagesBanner(s, m.message, m.images, m.back)}
${bodyOf(s, m)}
${versions(s, m)}
${attachments(s, m.attachments, `/messages/${m.message.id}/attachments.zip`)}
${foot(s, m)}`;
  if (o.letters.length === 1) return html`<div id="message-${m.message.id}" class="letter">${inner}</div>`;
  const label = s.w.t('conversation.message', {
    who: m.from.name || m.from.address,
    date: s.w.full(m.message.receivedAt),
  });
  return html`<section id="message-${m.message.id}" class="letter" aria-label="${label}">${inner}</section>`;
}

/** Where reading ends, answering begins. */
function foot(s: Screen, { message: { id }, list }: OpenMessage): Html {
  const link = (href: string, name: string, words: string) =>
    html`<a class="button" href="${href}" hx-boost="false">${icon(s, name)}${words}</a>`;
  return html`<footer class="message-foot">${link(`/compose?reply=${id}`, 'reply', s.w.t('act.reply'))}${link(`/compose?reply=${id}&all`, 'reply-all', s.w.t('act.replyall'))}${list?.list.post ? link(`/compose?reply=${id}&list`, 'users', s.w.t('act.replylist')) : ''}${link(`/compose?forward=${id}`, 'forward', s.w.t('act.forward'))}</footer>`;
}

function byline(s: Screen, o: OpenMessage, pane: OpenPane): Html {
  const at = o.message.date ?? o.message.receivedAt;
  const { name, address } = o.from;
  return html`<div class="byline">
<span class="avatar" aria-hidden="true">${initialOf(o.from)}</span>
<div class="byline-who"><span><b><bdi>${narrow(inOrder(name || address)) || s.w.t('list.nosender')}</bdi></b>${name && address ? html` <span class="real"><bdi>&lt;${inOrder(address)}&gt;</bdi></span>` : ''} ${verdict(s, o.trust, address)}</span>
<details><summary><span>${toLine(s, o)}</span>${icon(s, 'chevron-down')}<span class="unseen">${s.w.t('message.details')}</span></summary>
<dl>${people(s, 'message.from', [o.from])}${people(s, 'message.to', o.to)}${people(s, 'message.cc', o.cc)}
<dt>${s.w.t('message.date')}</dt><dd>${s.w.full(at)}</dd>${verdictDetails(s, o.trust)}</dl></details></div>
<time datetime="${s.w.iso(at)}" title="${s.w.full(at)}">${s.w.stamp(at)}</time>
${pane.letters.length > 1 ? ownTools(s, o, pane) : ''}
</div>`;
}

const initialOf = (p: Person): string =>
  [...(p.name.replace(/^[^\p{L}\p{N}]+/u, '') || p.address)][0]?.toLocaleUpperCase() ?? '?';

function toLine(s: Screen, o: OpenMessage): Html {
  const all = [...o.to, ...o.cc].map(p => p.name || p.address);
  if (all.length === 0) return html`${s.w.t('message.nobody')}`;
  return html`${narrow(s.w.t('message.tome', { who: s.w.list(all.slice(0, 20)) }))}`;
}

function people(s: Screen, key: 'message.from' | 'message.to' | 'message.cc', some: Person[]): Html {
  if (some.length === 0) return html``;
  const one = (p: Person) =>
    html`<div>${p.name === '' ? '' : html`<bdi>${narrow(inOrder(p.name))}</bdi> `}<bdi>${p.name === '' ? inOrder(p.address) : `<${inOrder(p.address)}>`}</bdi></div>`;
  return html`<dt>${s.w.t(key)}</dt><dd>${some.map(one)}</dd>`;
}

function bodyOf(s: Screen, o: OpenMessage): Html {
  const b = o.body;
  const subject = o.message.subject.trim() || s.w.t('list.nosubject');
  const source = html`<a href="/messages/${o.message.id}/source" target="_blank">${s.w.t('act.source')}</a>`;
  switch (b.kind) {
    case 'html':
      return html`<div class="frame-box"><iframe class="${b.dark ? 'frame' : 'frame light'}" src="${b.src}" sandbox="${frameSandbox}" title="${s.w.t('message.body')}: ${narrow(subject)}" data-frame${o.sought.length === 0 ? '' : html` data-sought="${JSON.stringify(soughtIn(o.sought).map(({ words, begins }) => ({ words, begins })))}"`}></iframe></div>`;
    case 'text':
      return html`<div class="message-body message-text" dir="auto">${textOf(s, o, b.text)}</div>${b.rest === null ? '' : html`<p class="alternatives">${s.w.h('message.cut', { link: html`<a href="${b.rest}">${s.w.t('message.cut.link')}</a>` })}</p>`}`;
    case 'broken':
      return html`<p class="message-body muted">${s.w.h('message.broken', { link: source })}</p>`;
    case 'none':
      return html`<p class="message-body muted">${s.w.t('message.empty')}</p>`;
    case 'gone':
      return html`<p class="message-body muted">${s.w.t('message.gone')}</p>`;
  }
}

function textOf(s: Screen, o: OpenMessage, text: string): Html {
  const markup = textToHtml(text, soughtIn(o.sought), s.w.t('message.quote'));
  return trusted(narrowed(nameTargets(markup, host => s.w.t('message.leads', { host }))));
}

/** The other form is kept for its sender; a light page is for this once, and only who reads on a dark one is offered it. */
function versions(s: Screen, o: OpenMessage): Html {
  if (o.other === null && o.light === null) return html``;
  const other =
    o.other === null
      ? ''
      : html`<form method="post" action="/messages/${o.message.id}/version"><input type="hidden" name="back" value="${o.back}"><button class="link" type="submit" name="as" value="${o.other}">${s.w.t(o.other === 'text' ? 'message.plain' : 'message.html')}</button></form>`;
  const light =
    o.light === null
      ? ''
      : html`<a class="only-dark" href="${o.light.href}">${icon(s, 'sun')}${s.w.t(o.light.on ? 'message.dark' : 'message.light')}</a>`;
  return html`<div class="alternatives">${other}${light}</div>`;
}

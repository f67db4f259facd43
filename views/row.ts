/**
 * A row of a list, of a message or of a conversation. What is the same in all rows of a page, most of their HTML,
 * is made once for it.
 */
import { html } from 'hono/html';
import { soughtIn } from '../daemon/mail/search-hits.ts';
import type { SearchWords } from '../daemon/mail/search-query.ts';
import { type Conversation, Flag, type Folder, type Message } from '../daemon/store.ts';
import { type Action, act, actions, choices } from './actions.ts';
import { authorOf } from './conversation.ts';
import { chips } from './labels.ts';
import { folderName, folderPath, icon, type Screen } from './layout.ts';
import type { ListPane } from './list.ts';
import { marked } from './marked.ts';
import { beginning, narrow } from './narrow.ts';
import { trusted } from './safe-html.ts';
import type { Html, Key, Words } from './words.ts';

type Marks = 'flagged' | 'answered' | 'forwarded' | 'attachments' | 'returned' | 'unanswered' | 'labels';

/** A row as it is drawn: of a message, or of a conversation by its newest one. */
type Row = Pick<Conversation, Marks> & {
  message: Message;
  /** Whose it is: a name, or the few to name of a conversation, `…` for those left out. */
  who: string[];
  /** Messages of the conversation; 1: only this one. */
  count: number;
  unread: boolean;
};

/** HTML in pieces; between them goes the id of the row's message. */
type Gapped = string[];

type Shared = {
  folders: Map<number, Folder>;
  unread: Html;
  /** The buttons of a row, by what it is: unread, flagged. */
  buttons: Map<string, Gapped>;
  /** Words of the search that are marked in each place. */
  sought: { who: SearchWords[]; subject: SearchWords[]; text: SearchWords[] };
};

export function rowsOf(s: Screen, p: ListPane): Html[] {
  const sought = p.search?.sought ?? [];
  const shared: Shared = {
    folders: new Map(s.folders.map(f => [f.id, f])),
    unread: html`<span class="dot"><span class="unseen">${s.w.t('list.unread')}</span></span>`,
    buttons: new Map(),
    sought: { who: soughtIn(sought, 'from', 'people'), subject: soughtIn(sought, 'subject'), text: soughtIn(sought) },
  };
  return p.messages.map(m => row(s, p, shared, rowOf(s, p, m)));
}

function rowOf(s: Screen, p: ListPane, m: Message): Row {
  const c = p.conversations?.get(m.id);
  if (c && c.total > 1)
    return { ...c, message: m, who: peopleOf(s, p.folder, c), count: c.total, unread: c.unread > 0 };
  const has = (bit: number) => (m.flags & bit) !== 0;
  return {
    message: m,
    who: [whoOf(s.w, p.folder, m)],
    count: 1,
    unread: !has(Flag.seen),
    flagged: has(Flag.flagged),
    answered: has(Flag.answered),
    forwarded: has(Flag.forwarded),
    attachments: m.attachments,
    returned: has(Flag.returned),
    unanswered: has(Flag.unanswered),
    labels: m.labels,
  };
}

function row(s: Screen, p: ListPane, shared: Shared, r: Row): Html {
  const m = r.message;
  const { sought } = shared;
  const subject = m.subject.trim() || s.w.t('list.nosubject');
  const snippet = beginning(p.search?.excerpts.get(m.id) ?? m.snippet, mostOfSnippet);
  const folder = shared.folders.get(m.folderId);
  const open = m.id === p.open;
  return html`<li id="m${m.id}" class="row${r.unread ? ' unread' : ''}${open ? ' open' : ''}">
<label class="tick"><input type="checkbox" name="message" value="${m.id}"${p.ticked ? html` checked` : ''} aria-label="${narrow(s.w.t('list.select', { subject, who: together(s.w, r.who) }))}"></label>
<a class="row-link" href="${pathIn(folder, m)}${p.keep}"${open ? html` aria-current="true"` : ''}>
${r.unread ? shared.unread : ''}<span class="who">${names(s.w, r.who, who => narrow(marked(who, sought.who)))}${r.count > 1 ? html` <span class="of" title="${s.w.t('list.messages', { n: r.count })}">${s.w.number(r.count)}<span class="unseen"> ${s.w.t('list.count', { n: r.count })}</span></span>` : ''}</span>
<span class="what" dir="auto">${r.labels.length === 0 ? '' : chips(s, r.labels)}<span class="subject">${narrow(marked(subject, sought.subject))}</span>${snippet === '' ? '' : html` <span class="snippet"><bdi>${narrow(marked(snippet, sought.text))}</bdi></span>`}</span>
<span class="marks">${p.search && folder ? html`<span class="place">${folderName(s.w, folder)}</span>` : ''}${marks(s, r)}</span>
${timeOf(s, p, m)}
</a>
${trusted(buttonsOf(s, p, shared, r).join(String(m.id)))}
</li>`;
}

/** UTF-16 units that a line of the widest list shows. */
const mostOfSnippet = 120;

/** When it came; of a snoozed one, when it comes back. */
function timeOf(s: Screen, p: ListPane, m: Message): Html {
  const until = p.untils?.get(m.id);
  if (until === undefined)
    return html`<time datetime="${s.w.iso(m.receivedAt)}" title="${s.w.full(m.receivedAt)}">${s.w.when(m.receivedAt)}</time>`;
  return html`<time class="until" datetime="${s.w.iso(until)}" title="${s.w.full(until)}">${icon(s, 'clock')}<span class="unseen">${s.w.t('list.until')} </span>${s.w.soon(until)}</time>`;
}

/** At most three: who began, and who wrote last. */
function peopleOf(s: Screen, folder: Folder | null, c: Conversation): string[] {
  if (folder?.role === 'sent') return [whoOf(s.w, folder, c.newest)];
  const authors = c.people.map(p => firstName(authorOf(s, { fromName: p.name, fromAddress: p.address })));
  if (new Set(authors).size === 1) return [whoOf(s.w, folder, c.newest)];
  const [first = '', ...others] = [...new Set(authors)];
  // The last to write come last, also those who had written before.
  const last = [...new Set(authors.toReversed())]
    .filter(who => who !== first)
    .slice(0, 2)
    .toReversed();
  return [first, ...(others.length > 2 ? ['…'] : []), ...last];
}

const between = (w: Words, before: string | undefined, name: string): string => {
  if (before === undefined) return '';
  return before === '…' || name === '…' ? ' ' : w.comma;
};

const together = (w: Words, some: string[]): string =>
  some.map((name, i) => between(w, some[i - 1], name) + name).join('');

/** Several names stand in the order of the page, each in its own. */
function names(w: Words, some: string[], shown: (name: string) => Html | string): Html {
  const each = some.map((name, i) => html`${between(w, some[i - 1], name)}<bdi>${shown(name)}</bdi>`);
  return some.length === 1 ? each[0]! : html`<span class="names">${each}</span>`;
}

/** Among several the first name will do; an address, and a name that begins with a sign, stay whole. */
const firstName = (name: string): string =>
  (/^[\p{L}\p{M}\p{N}.'’-]+(?=[ ,])/u.exec(name)?.[0] ?? name).replace(/,$/, '');

export const messagePath = (s: Screen, m: Message): string =>
  pathIn(
    s.folders.find(f => f.id === m.folderId),
    m,
  );

const pathIn = (folder: Folder | undefined, m: Message): string =>
  `${folder ? folderPath(folder) : `/mail/${m.folderId}`}/${m.id}`;

/** In folders of what one wrote oneself the other side is of interest. */
function whoOf(w: Words, folder: Folder | null, m: Message): string {
  if (folder?.role === 'sent' || folder?.role === 'drafts')
    return w.t('list.to', { who: m.to || w.t('list.norecipient') });
  return m.fromName || m.fromAddress || w.t('list.nosender');
}

function marks(s: Screen, r: Row): (Html | string)[] {
  if (!(r.returned || r.unanswered || r.answered || r.forwarded || r.attachments > 0)) return [];
  const mark = (name: string, key: Key, n = 0) =>
    html`<span class="mark-${name}" title="${s.w.t(key, { n })}">${icon(s, name)}<span class="unseen">${s.w.t(key, { n })}</span></span>`;
  return [
    r.returned ? mark('clock', 'list.returned') : '',
    r.unanswered ? mark('bell', 'list.unanswered') : '',
    r.answered ? mark('reply', 'list.answered') : '',
    r.forwarded ? mark('forward', 'list.forwarded') : '',
    r.attachments > 0 ? mark('paperclip', 'list.attachments', r.attachments) : '',
  ];
}

/** A sign that no words hold, in place of the id until they are cut there. */
const gap = '\0';

/** There are hundreds on a page; but few kinds of row. */
function buttonsOf(s: Screen, p: ListPane, { buttons }: Shared, { unread, flagged }: Row): Gapped {
  const kind = `${unread} ${flagged}`;
  const known = buttons.get(kind);
  if (known) return known;
  const made = String(
    html`${star(s, flagged)}
<span class="quick">${quick(p.folder, unread).map(a => button(s, a))}</span>`,
  ).split(gap);
  buttons.set(kind, made);
  return made;
}

/** One click, always in sight. */
const star = (s: Screen, flagged: boolean): Html =>
  flagged
    ? button(s, act('act.unflag', 'star-on', 'flags', 'flagged', '', 'clear'), html` class="star mark-star-on"`)
    : button(s, act('act.flag', 'star', 'flags', 'flagged', '', 'set'), html` class="star"`);

const quick = (folder: Folder | null, unread: boolean): Action[] => [
  unread
    ? act('act.read', 'mail-open', 'flags', 'seen', '', 'set')
    : act('act.unread', 'mail', 'flags', 'seen', '', 'clear'),
  ...actions(folder).slice(0, folder?.role === 'archive' || folder?.role === 'sent' ? 1 : 2),
  ...choices(folder).filter(a => a.shortcut === 'snooze'),
];

/** No type, and no text but the name: it stands in each row. */
function button(s: Screen, a: Action, more: Html | string = ''): Html {
  const label = s.w.t(a.key);
  return html`<button${more} name="${a.name}" value="${a.value}"${a.name === 'for' ? html` data-choose` : ''} title="${label}" aria-label="${label}" formaction="/messages/${gap}${a.action.replace('/messages', '')}">${icon(s, a.icon)}</button>`;
}

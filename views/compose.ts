/** Writing a message: a page of its own, one form, the state of the draft in words. */
import { html } from 'hono/html';
import { parseAddressList } from '../daemon/mail/address.ts';
import type { Upload } from '../daemon/store.ts';
import { crowdLine } from './crowd.ts';
import { keptOffer } from './kept.ts';
import { type LaterForm, laterMenu } from './later.ts';
import { icon, isInPage, type Screen } from './layout.ts';
import { chipTemplate } from './recipients.ts';
import { letterOptions, letterText } from './rich.ts';
import { filesArea } from './uploads.ts';
import type { Html, Key } from './words.ts';

export type DraftState =
  | { kind: 'unsaved' }
  | { kind: 'saved'; at: number }
  /** Changed in another window or on another device; `version` is what a person may decide to replace. */
  | { kind: 'conflict'; at: number; version: number }
  | { kind: 'gone' }
  /** It was sent in another window, and waits to go. */
  | { kind: 'held' }
  /** The mailbox is full. */
  | { kind: 'full' };

/** Why it was not sent at once, and may be all the same. */
export type Doubt =
  /** Nothing written: neither subject nor text, no subject, no text. */
  'blank' | 'untitled' | 'mute' | 'attachment' | 'blind' | 'many';

/** An address, and the domain it was likely meant to be in. */
export type Slip = { address: string; meant: string };

export type ComposeForm = {
  /** One for each time the form is shown; clicks on one form are one draft. */
  key: string;
  /** As whom it may be written; the one of `from` has signed the text. */
  authors: { address: string; name: string; signature: string; signatureMarkup: string | null }[];
  from: string;
  /** Null: not saved yet. */
  draftId: number | null;
  version: number | null;
  to: string;
  cc: string;
  bcc: string;
  subject: string;
  text: string;
  /** What it is written in; null: plain text. */
  html: string | null;
  /** Markup to begin with where there is script to write in; null: it begins as plain text. */
  start: string | null;
  /** Texts written often, to be put in. */
  replies: { id: number; name: string }[];
  wantsReceipt: boolean;
  important: boolean;
  /** Days after which one is reminded that nobody answered; 0: never. */
  remindDays: number;
  relatedId: number | null;
  relation: 'reply' | 'forward' | null;
  uploads: Upload[];
  /** Files of the forwarded message, which the first save will take along. */
  pending: { name: string; size: number }[];
  state: DraftState;
  errors: { to?: string; cc?: string; bcc?: string; files?: string; form?: string };
  doubts: Doubt[];
  slips: Slip[];
  /** What is answered goes to the archive when this is sent. */
  archives: boolean;
  /** When it may be sent instead; null: this site keeps no mail for later. */
  later: LaterForm | null;
  /** The button of `later` that was pressed; empty: another one. */
  chosen: string;
  /** Octets of files that fit. */
  limit: number;
};

export function composePage(s: Screen, f: ComposeForm): Html {
  const t = s.w.t;
  const id = f.key;
  return html`<link rel="stylesheet" href="${s.asset('writing.css')}"><section class="page compose-page" aria-labelledby="compose-title">
${s.notice && isInPage(s.notice, 'compose') ? html`<p class="flash" role="status">${icon(s, 'info')}${s.notice.text}</p>` : ''}<form class="compose-form" method="post" action="/drafts" enctype="multipart/form-data" hx-boost="false" autocomplete="off" novalidate>
${enterSaves(s)}<header class="compose-head"><a class="button plain icon-only back" href="/mail/inbox" title="${t('act.back', { folder: t('folder.inbox') })}">${icon(s, 'arrow-left')}<span class="unseen">${t('act.back', { folder: t('folder.inbox') })}</span></a><h1 id="compose-title">${t(headingOf(f))}</h1></header>
${f.errors.form ? html`<p class="flash danger" role="alert">${icon(s, 'circle-alert')}${f.errors.form}</p>` : ''}
${doubts(s, f)}
<input type="hidden" name="key" value="${f.key}"><input type="hidden" name="writer" value="${s.account.address}"><input type="hidden" name="related" value="${f.relatedId ?? ''}"><input type="hidden" name="relation" value="${f.relation ?? ''}">
${author(s, f)}${line(s, { id: `to-${id}`, name: 'to', label: t('compose.to'), value: f.to, error: f.errors.to, focus: f.to === '' || f.errors.to !== undefined, people: true })}
${more(s, f)}${crowdLine(s, f)}${chipTemplate(s)}
${line(s, { id: `subject-${id}`, name: 'subject', label: t('compose.subject'), value: f.subject, people: false })}
${letterText(s, f)}
${filesArea(s, f)}
${letterOptions(s, f)}
<footer class="compose-foot">
<button class="button primary" type="submit" formaction="/drafts/submissions" data-key="send">${icon(s, 'send')}${t('compose.send')}</button>
${laterMenu(s, f.later)}
${f.relation === 'reply' ? html`<button class="button" type="submit" formaction="/drafts/submissions" name="archive" value="1" data-key="sendarchive">${icon(s, 'archive')}${t('compose.send.archive')}</button>` : ''}
<button class="button plain" type="submit" formaction="/drafts">${t('compose.save')}</button>
<button class="button plain" type="submit" formaction="/drafts/removals" formnovalidate>${t('compose.discard')}</button>
<div class="draft-saver" hx-post="/drafts" hx-trigger="input delay:1500ms from:'closest form'" hx-encoding="application/x-www-form-urlencoded" hx-target="find .draft-state" hx-swap="outerHTML" hx-push-url="false" hx-status:401="swap:none" hx-status:403="swap:none" hx-status:413="swap:none" hx-status:5xx="swap:none">${draftState(s, f)}</div>
</footer>
</form>
${keptOffer(s)}<script src="${s.asset('compose.js')}" defer></script><script src="${s.asset('keep.js')}" defer></script><script src="${s.asset('upload.js')}" defer></script><script src="${s.asset('rich.js')}" defer></script>
</section>`;
}

/** Who has one address has nothing to choose. */
function author(s: Screen, f: ComposeForm): Html {
  if (f.authors.length < 2) return html`<input type="hidden" name="from" value="${f.from}">`;
  const id = `from-${f.key}`;
  const options = f.authors.map(
    a =>
      html`<option value="${a.address}" data-signature="${a.signature}" data-signature-markup="${a.signatureMarkup ?? ''}"${a.address === f.from ? html` selected` : ''}>${a.name === '' ? a.address : `${a.name} <${a.address}>`}</option>`,
  );
  return html`<div class="compose-row"><label for="${id}">${s.w.t('compose.from')}</label><select id="${id}" name="from" dir="auto" data-author>${options}</select><input type="hidden" name="signed" value="${f.from}"></div>`;
}

/** Enter in a field presses the first button of a form: that one is to keep the letter open, and to send nothing. */
const enterSaves = (s: Screen): Html =>
  html`<button class="unseen" type="submit" formaction="/drafts/uploads" tabindex="-1" aria-hidden="true">${s.w.t('compose.save')}</button>`;

function doubts(s: Screen, f: ComposeForm): Html {
  if (f.doubts.length + f.slips.length === 0) return html``;
  const { t } = s.w;
  const people = [f.to, f.cc, f.bcc].flatMap(parseAddressList).length;
  const asked = f.doubts.map(doubt => html`<p>${t(`compose.doubt.${doubt}`, { n: people })}</p>`);
  const slips = f.slips.map(({ address, meant }) => slip(s, address, meant));
  const sure = [...f.doubts, ...f.slips.map(({ address }) => address)].map(
    answered => html`<input type="hidden" name="sure" value="${answered}">`,
  );
  return html`<div class="question" role="alert">${asked}${slips}${sure}<div class="buttons"><button class="button" type="submit" formaction="/drafts/submissions"${f.archives ? html` name="archive" value="1"` : f.chosen ? html` name="later" value="${f.chosen}"` : ''} autofocus>${t('compose.doubt.send')}</button></div></div>`;
}

function slip(s: Screen, address: string, meant: string): Html {
  const at = address.lastIndexOf('@') + 1;
  const right = address.slice(0, at) + meant;
  return html`<p>${s.w.t('compose.slip', { address, right })} <button class="link" type="submit" formaction="/drafts/uploads" name="meant" value="${address.slice(at)} ${meant}">${s.w.t('compose.slip.mend', { right })}</button></p>`;
}

function headingOf(f: ComposeForm): Key {
  if (f.relation !== null) return f.relation === 'reply' ? 'act.reply' : 'act.forward';
  return f.draftId === null ? 'compose.title' : 'compose.title.draft';
}

type Line = {
  id: string;
  name: string;
  label: string;
  value: string;
  error?: string;
  focus?: boolean;
  people: boolean;
};

function line(s: Screen, l: Line): Html {
  const wrong = l.error ? html` aria-invalid="true" aria-describedby="${l.id}-error"` : '';
  return html`<div class="compose-row${l.error ? ' wrong' : ''}"${l.people ? html` data-people-href="/contacts/suggestions" data-wrong="${s.w.t('compose.chip.wrong')}" data-offers="${s.w.t('contacts.offers')}"` : ''}><label for="${l.id}">${l.label}</label><input id="${l.id}" name="${l.name}" value="${l.value}" dir="auto"${l.people ? html` inputmode="email" autocapitalize="none" spellcheck="false"` : ''}${wrong}${l.focus || l.error ? html` autofocus` : ''}>${l.error ? html`<p class="error" id="${l.id}-error">${l.error}</p>` : ''}</div>`;
}

/** Cc and Bcc stand folded until they are used. */
function more(s: Screen, f: ComposeForm): Html {
  const used = f.cc !== '' || f.bcc !== '' || f.errors.cc !== undefined || f.errors.bcc !== undefined;
  return html`<details class="compose-more"${used ? html` open` : ''}><summary>${s.w.t('compose.more')}</summary>
${line(s, { id: `cc-${f.key}`, name: 'cc', label: s.w.t('compose.cc'), value: f.cc, error: f.errors.cc, people: true })}
${line(s, { id: `bcc-${f.key}`, name: 'bcc', label: s.w.t('compose.bcc'), value: f.bcc, error: f.errors.bcc, people: true })}
<button class="button plain choose" type="submit" formaction="/drafts/recipients" formnovalidate>${icon(s, 'users')}${s.w.t('compose.choose')}</button>
</details>`;
}

/** What is known of the draft on the server; also the answer to an autosave. */
export function draftState(s: Pick<Screen, 'w'>, f: Pick<ComposeForm, 'draftId' | 'version' | 'state'>): Html {
  const t = s.w.t;
  return html`<div class="draft-state" role="status"><input type="hidden" name="draft" value="${f.draftId ?? ''}"><input type="hidden" name="version" value="${f.version ?? ''}"><small data-failed="${t('compose.failed')}" data-signin="${t('compose.signin')}" class="${['conflict', 'gone', 'held', 'full'].includes(f.state.kind) ? 'error' : ''}">${stateWords(s, f.state)}</small>${f.state.kind === 'conflict' ? theChoice(s, f.draftId, f.state.version) : ''}</div>`;
}

/** Two versions: neither takes the place of the other unless somebody says so. */
const theChoice = (s: Pick<Screen, 'w'>, draftId: number | null, version: number): Html =>
  html`<div class="buttons choice-of-two"><button class="button" type="submit" formaction="/drafts/uploads" name="instead" value="${version}">${s.w.t('compose.mine')}</button><button class="button" type="submit" formaction="/drafts/uploads" name="theirs" value="1">${s.w.t('compose.theirs')}</button><a href="/drafts/${draftId}" target="_blank">${s.w.t('compose.look')}</a></div>`;

function stateWords(s: Pick<Screen, 'w'>, state: DraftState): string {
  switch (state.kind) {
    case 'unsaved':
      return s.w.t('compose.unsaved');
    case 'saved':
      return s.w.t('compose.saved', { time: s.w.clock(state.at) });
    case 'conflict':
      return s.w.t('compose.versions', { time: s.w.clock(state.at) });
    case 'gone':
      return s.w.t('compose.gone');
    case 'held':
      return s.w.t('compose.held');
    case 'full':
      return s.w.t('compose.full');
  }
}

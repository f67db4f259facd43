/** What was sent and waits for its time: the list, one letter of it, and what is said to who comes too late. */
import { html } from 'hono/html';
import { type LaterForm, laterChoices } from './later.ts';
import { icon, type Screen } from './layout.ts';
import { emptyState } from './list.ts';
import { frameSandbox } from './safe-html.ts';
import type { Html } from './words.ts';

export type Waiting = {
  /** Of its content. */
  id: number;
  at: number;
  subject: string;
  recipients: string[];
  state: 'waits' | 'under way' | 'held';
  /** A mail program brought it, so it is no draft that could come back as it was. */
  foreign: boolean;
};

/** `more`: there are others, which go later. */
export function outboxPage(s: Screen, all: Waiting[], more: boolean): Html {
  const t = s.w.t;
  if (all.length === 0)
    return html`<section class="page outbox"><h1>${t('outbox.title')}</h1>${emptyState(s, 'clock', t('outbox.empty.title'), t('outbox.empty.body'))}</section>`;
  return html`<section class="page outbox"><h1>${t('outbox.title')}</h1><p class="muted">${t('outbox.body')}</p>
<ul class="outbox-rows" aria-label="${t('outbox.rows')}">${all.map(one => row(s, one))}</ul>
${more ? html`<p class="muted">${t('outbox.more', { n: all.length })}</p>` : ''}</section>`;
}

const shownInRow = 3;

function row(s: Screen, w: Waiting): Html {
  const t = s.w.t;
  const subject = w.subject || t('list.nosubject');
  const first = w.recipients.slice(0, shownInRow);
  const others = w.recipients.length - first.length;
  const who = others > 0 ? [...first, t('outbox.others', { n: others })] : first;
  return html`<li><a class="outbox-link" href="/outbox/${w.id}"><b><bdi>${subject}</bdi></b><span class="muted"><bdi>${t('list.to', { who: s.w.list(who) })}</bdi></span></a>
${when(s, w)}${w.state === 'waits' ? html`<div class="buttons">${act(s, w, 'withdrawals', t('outbox.edit'), t('outbox.edit.of', { subject }))}${act(s, w, 'releases', t('outbox.now'), t('outbox.now.of', { subject }))}</div>` : ''}</li>`;
}

function when(s: Screen, w: Waiting): Html {
  const words = {
    waits: s.w.t('outbox.at', { time: s.w.full(w.at) }),
    'under way': s.w.t('outbox.way'),
    held: s.w.t('outbox.held'),
  };
  return html`<p class="outbox-when">${icon(s, w.state === 'held' ? 'circle-alert' : 'clock')}<time datetime="${s.w.iso(w.at)}">${words[w.state]}</time></p>`;
}

/** What is done to it opens another page, with scripts of its own. */
const act = (s: Screen, w: Waiting, noun: 'withdrawals' | 'releases', words: string, label: string): Html =>
  html`<form method="post" action="/outbox/${w.id}/${noun}" hx-boost="false"><button class="button" type="submit" aria-label="${label}">${noun === 'releases' ? icon(s, 'send') : icon(s, 'pencil')}${words}</button></form>`;

export type WaitingLetter = Waiting & {
  text: string;
  /** Where it is shown with its formatting; null: it is plain text. */
  frame: string | null;
  files: { name: string; size: number }[];
};

/** `error`: why it was not taken back; empty: nothing is wrong. */
export function waitingPage(s: Screen, w: WaitingLetter, later: LaterForm | null, error = ''): Html {
  const t = s.w.t;
  const subject = w.subject || t('list.nosubject');
  const files = w.files.map(f => html`<li><bdi>${f.name}</bdi> <small>${s.w.size(f.size)}</small></li>`);
  return html`<section class="page outbox"><p><a class="button plain outbox-back" href="/outbox">${icon(s, 'arrow-left')}${t('outbox.back')}</a></p>
<h1><bdi>${subject}</bdi></h1>
${error ? html`<p class="flash danger" role="alert">${icon(s, 'circle-alert')}${error}</p>` : ''}
${when(s, w)}
<dl class="facts"><dt>${t('outbox.to')}</dt><dd>${w.recipients.map((r, i) => html`${i > 0 ? s.w.comma : ''}<bdi>${r}</bdi>`)}</dd>${files.length > 0 ? html`<dt>${t('outbox.files')}</dt><dd><ul class="outbox-files">${files}</ul></dd>` : ''}</dl>
${w.state === 'waits' ? change(s, w, subject, later) : ''}
${w.frame === null ? html`<div class="outbox-text" dir="auto">${w.text}</div>` : html`<div class="frame-box outbox-frame"><iframe class="frame light" src="${w.frame}" sandbox="${frameSandbox}" title="${t('message.body')}: ${subject}" data-frame></iframe></div>`}</section>`;
}

function change(s: Screen, w: Waiting, subject: string, later: LaterForm | null): Html {
  const t = s.w.t;
  const times = `/outbox/${w.id}/times`;
  return html`<div class="buttons">${act(s, w, 'withdrawals', t('outbox.edit'), t('outbox.edit.of', { subject }))}${act(s, w, 'releases', t('outbox.now'), t('outbox.now.of', { subject }))}</div>
${w.foreign ? html`<p class="hint">${t('outbox.program')}</p>` : ''}
${later ? html`<details class="outbox-times"${later.error ? html` open` : ''}><summary class="button plain">${icon(s, 'clock')}${t('later.change')}</summary><form method="post" action="${times}" hx-boost="false" novalidate>${laterChoices(s, later, times)}</form></details>` : ''}`;
}

/** Somebody else was first: the queue, or who runs the house. */
export function latePage(s: Screen, why: 'way' | 'sent' | 'held'): Html {
  const t = s.w.t;
  const goal = why === 'held' ? '/outbox' : '/mail/sent';
  return html`<section class="page outbox"><h1>${t('outbox.late.title')}</h1><p role="alert">${t(`outbox.late.${why}`)}</p>
<p><a class="button" href="${goal}">${t(why === 'held' ? 'outbox.back' : 'outbox.late.sent.open')}</a></p></section>`;
}

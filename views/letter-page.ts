/** A message, an attached message, or a file of text as a page alone: to print, to look at. In the sandbox of the mail frame. */
import { html } from 'hono/html';
import { messageFrame, type SafeHtmlOptions } from './safe-html.ts';
import type { Html, Key, Words } from './words.ts';

type Person = { name: string; address: string };

export type LetterPage = {
  subject: string;
  from: Person[];
  to: Person[];
  cc: Person[];
  /** Null: it has no date that can be read. */
  date: number | null;
  /** Made safe before. */
  body: string;
  dark: SafeHtmlOptions['dark'];
  files: { name: string; size: number; href: string }[];
  /** Parts that are not shown in full. */
  cut: boolean;
};

export function letterPage(w: Words, l: LetterPage): string {
  const subject = l.subject.trim() || w.t('list.nosubject');
  const people = (key: Key, some: Person[]) =>
    some.length === 0 ? '' : html`<dt>${w.t(key)}</dt><dd><bdi>${some.map(written).join(', ')}</bdi></dd>`;
  const date = l.date === null ? '' : html`<dt>${w.t('message.date')}</dt><dd>${w.full(l.date)}</dd>`;
  const head = html`<h1><bdi>${subject}</bdi></h1><dl>${people('message.from', l.from)}${people('message.to', l.to)}${people('message.cc', l.cc)}${date}</dl>`;
  return messageFrame({ body: l.body, title: subject, dark: l.dark, head, foot: foot(w, l) });
}

function foot(w: Words, { files, cut }: LetterPage): Html {
  const list = html`<p>${w.t('message.attachments', { n: files.length })}</p><ul>${files.map(f => html`<li><a href="${f.href}"><bdi>${f.name}</bdi></a> (${w.size(f.size)})</li>`)}</ul>`;
  return html`${cut ? html`<p>${w.t('message.cut', { link: '' })}</p>` : ''}${files.length === 0 ? '' : list}`;
}

const written = ({ name, address }: Person): string => (name === '' ? address : `${name} <${address}>`);

/** `body`: made safe before; `href`: of the file itself. */
export function filePage(
  w: Words,
  f: { name: string; size: number; href: string; body: string; dark: SafeHtmlOptions['dark']; cut: boolean },
): string {
  const download = html`<a href="${f.href}">${w.t('message.download', { name: f.name })}</a>`;
  const head = html`<h1><bdi>${f.name}</bdi></h1><p class="cw-screen">${w.size(f.size)} · ${download}</p>`;
  const foot = f.cut ? html`<p>${w.t('message.cut', { link: '' })}</p>` : html``;
  return messageFrame({ body: f.body, title: f.name, dark: f.dark, head, foot });
}

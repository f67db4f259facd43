/** The form that writes a search: a field for each operator; it asks for the same string as the box. */
import { html } from 'hono/html';
import { type SearchFields, searchFields } from '../daemon/mail/search-query.ts';
import { field } from './field.ts';
import { folderName, icon, type Screen } from './screen.ts';
import type { Html, Key } from './words.ts';

/** Forms of so many languages, with folders and labels. */
const mostKept = 100;
const kept = new Map<string, Html>();

/** Above nearly every page, before anything was asked: of all who have the same folders and labels it is the same. */
export function optionsAbove(s: Screen): Html {
  if (s.query !== '') return searchOptions(s, s.query, 'o');
  const named = [s.folders.map(f => f.role ?? [f.name]), s.labels.map(l => l.name)];
  const key = JSON.stringify([s.w.language, s.asset('icons.svg'), s.asset('more-icons.svg'), ...named]);
  const known = kept.get(key);
  if (known) return known;
  if (kept.size >= mostKept) kept.clear();
  const made = searchOptions(s, '', 'o');
  kept.set(key, made);
  return made;
}

/** `id` begins the ids of its fields: a page may have the form twice. */
export function searchOptions(s: Screen, query: string, id: string): Html {
  const t = s.w.t;
  const f = searchFields(query);
  const text = (name: keyof SearchFields, label: Key, more = '') =>
    field({
      id: `${id}-${name}`,
      name,
      label: t(label),
      value: f[name],
      maxlength: 300,
      autocomplete: 'off',
      more: html`${more}`,
    });
  return html`<form class="options" action="/search" method="get" aria-label="${t('search.options')}">
<input type="hidden" name="form" value="1">
${text('from', 'search.form.from')}${text('to', 'search.form.to')}
${text('subject', 'search.form.subject')}${text('cc', 'search.form.cc')}
${text('words', 'search.form.words')}${text('without', 'search.form.without')}
${select(s, id, 'in', 'search.form.in', f.in, folders(s))}
${select(s, id, 'is', 'search.form.is', f.is.toLowerCase(), marks(s))}
${day(s, id, 'after', 'search.form.after', f.after)}${day(s, id, 'before', 'search.form.before', f.before)}
${field({ id: `${id}-larger`, name: 'larger', label: t('search.form.larger'), value: f.larger, maxlength: 20, autocomplete: 'off', more: html` placeholder="5M"` })}${field({ id: `${id}-smaller`, name: 'smaller', label: t('search.form.smaller'), value: f.smaller, maxlength: 20, autocomplete: 'off', more: html` placeholder="500k"` })}
${text('filename', 'search.form.filename')}${s.labels.length === 0 && f.label === '' ? '' : select(s, id, 'label', 'search.form.label', f.label, [{ value: '', words: s.w.t('search.form.label.any') }, ...s.labels.map(l => ({ value: l.name, words: l.name }))])}
<div class="field check"><label><input type="checkbox" name="has" value="attachment"${/^attachments?$/i.test(f.has) ? html` checked` : ''}> ${t('search.form.has')}</label></div>
<p class="options-foot"><button class="button primary" type="submit">${icon(s, 'search')}${t('app.search.go')}</button><a class="quiet-link" href="/search">${t('search.help')}</a></p>
</form>`;
}

/** A calendar to pick from, unless there stands what is no date: `7d`. */
function day(s: Screen, id: string, name: 'after' | 'before', label: Key, value: string): Html {
  const type = value === '' || /^\d{4}-\d{2}-\d{2}$/.test(value) ? 'date' : 'text';
  return field({ id: `${id}-${name}`, name, label: s.w.t(label), value, type, maxlength: 20 });
}

type Choice = { value: string; words: string };

const folders = (s: Screen): Choice[] => [
  { value: '', words: s.w.t('search.form.anywhere') },
  ...s.folders.filter(f => f.role !== 'drafts').map(f => ({ value: f.role ?? f.name, words: folderName(s.w, f) })),
];

const marks = (s: Screen): Choice[] => [
  { value: '', words: s.w.t('search.form.any') },
  ...(['unread', 'read', 'starred', 'answered', 'forwarded', 'muted', 'snoozed'] as const).map(value => ({
    value,
    words: s.w.t(`search.is.${value}`),
  })),
];

function select(s: Screen, id: string, name: string, label: Key, chosen: string, choices: Choice[]): Html {
  const known = choices.some(c => same(c, chosen)) ? choices : [...choices, { value: chosen, words: chosen }];
  return html`<div class="field"><label for="${id}-${name}">${s.w.t(label)}</label><div class="control"><select id="${id}-${name}" name="${name}">${known.map(c => html`<option value="${c.value}"${same(c, chosen) ? html` selected` : ''}>${c.words}</option>`)}</select></div></div>`;
}

const same = ({ value, words }: Choice, chosen: string): boolean =>
  value.toLowerCase() === chosen.toLowerCase() || (chosen !== '' && words.toLowerCase() === chosen.toLowerCase());

/** Keyboard shortcuts: which there are, which key each has for whom, the list of them, and the page to change them. */
import { html } from 'hono/html';
import type { Account } from '../daemon/store.ts';
import { field } from './field.ts';
import type { Screen } from './screen.ts';
import { backToSettings } from './way.ts';
import type { Html, Key, Words } from './words.ts';

/** What may be done by a key, and the key it comes with: one sign, or two that are typed one after the other. */
const all = {
  next: 'j',
  previous: 'k',
  open: 'o',
  back: 'u',
  archive: 'e',
  delete: '#',
  junk: '!',
  reply: 'r',
  replyall: 'a',
  forward: 'f',
  compose: 'c',
  star: 's',
  select: 'x',
  read: 'I',
  unread: 'U',
  snooze: 'b',
  label: 'l',
  move: 'v',
  mute: 'm',
  search: '/',
  undo: 'z',
  inbox: 'g i',
  starred: 'g s',
  sent: 'g t',
  drafts: 'g d',
  help: '?',
} as const;

export type Shortcut = keyof typeof all;

export const shortcuts = Object.keys(all) as Shortcut[];

/** The keys of an account; empty: this is done by none. */
export type Keys = Record<Shortcut, string>;

export const keysOf = ({ shortcuts: kept }: Pick<Account, 'shortcuts'>): Keys => ({ ...all, ...keptIn(kept).keys });

export const keysAreOff = ({ shortcuts: kept }: Pick<Account, 'shortcuts'>): boolean => keptIn(kept).off;

/** What is kept of a choice: only what differs, so that what is added later has a key for everybody. */
export function choiceOf(keys: Keys, off: boolean): string {
  const changed = shortcuts.filter(name => keys[name] !== all[name]).map(name => [name, keys[name]]);
  return changed.length === 0 && !off ? '' : JSON.stringify({ keys: Object.fromEntries(changed), off });
}

const keptIn = (kept: string): { keys: Partial<Keys>; off: boolean } =>
  kept === '' ? { keys: {}, off: false } : JSON.parse(kept);

/** As typed into a field; null: this is no key. A space would be pressed to scroll. */
export function keyIn(typed: string): string | null {
  const signs = [...typed.normalize('NFC').replace(/\s+/gu, '')];
  if (signs.length > 2 || signs.some(sign => !/^[\p{L}\p{N}\p{P}\p{S}]$/u.test(sign))) return null;
  return signs.join(' ');
}

/** What cannot be told apart: two of one key, or one that begins another. */
export function conflicts(keys: Keys): Map<Shortcut, Shortcut> {
  const found = new Map<Shortcut, Shortcut>();
  for (const one of shortcuts) {
    const other = shortcuts.find(
      o => o !== one && keys[one] !== '' && (keys[o] === keys[one] || keys[o].startsWith(`${keys[one]} `)),
    );
    if (other) found.set(one, other);
  }
  return found;
}

const names: Record<Shortcut, Key> = {
  next: 'keys.next',
  previous: 'keys.previous',
  open: 'keys.open',
  back: 'keys.back',
  archive: 'act.archive',
  delete: 'act.delete',
  junk: 'act.junk',
  reply: 'act.reply',
  replyall: 'act.replyall',
  forward: 'act.forward',
  compose: 'app.compose',
  star: 'act.flag',
  select: 'keys.select',
  read: 'act.read',
  unread: 'act.unread',
  snooze: 'act.snooze',
  label: 'act.label',
  move: 'act.moveto',
  mute: 'mute.do',
  search: 'app.search',
  undo: 'act.undo',
  inbox: 'folder.inbox',
  starred: 'list.flagged',
  sent: 'folder.sent',
  drafts: 'folder.drafts',
  help: 'keys.help',
};

const places = new Set<Shortcut>(['inbox', 'starred', 'sent', 'drafts']);

export const shortcutName = (w: Words, one: Shortcut): string =>
  places.has(one) ? w.t('keys.go', { place: w.t(names[one]) }) : w.t(names[one]);

/** For the script of the page; null: none are wanted. */
export function keysForScript(account: Account): string | null {
  if (keysAreOff(account)) return null;
  const keys = keysOf(account);
  return JSON.stringify(Object.fromEntries(shortcuts.map(one => [keys[one], one]).filter(([key]) => key !== '')));
}

/** The list that `?` opens; few do, so it comes when one does. */
export function keyHelp(w: Words, account: Account): Html {
  const { t } = w;
  const keys = keysOf(account);
  const row = (signs: (string | Html)[], words: string) =>
    html`<tr><th scope="row">${signs.map(sign => html`<kbd>${sign}</kbd> `)}</th><td>${words}</td></tr>`;
  const used = keysAreOff(account) ? [] : shortcuts.filter(one => keys[one] !== '');
  return html`<h2 id="keys-title" tabindex="-1" autofocus>${t('keys.title')}</h2>${used.length === 0 ? html`<p>${t('keys.are.off')}</p>` : ''}<table>
${used.map(one => row(keys[one].split(' '), shortcutName(w, one)))}${row(['Ctrl', '↵'], t('keys.send'))}
</table><form method="dialog" class="buttons"><button class="button">${t('keys.close')}</button><a class="button plain" href="/settings/keys">${t('keys.change')}</a></form>`;
}

export type KeysForm = { keys: Keys; off: boolean; errors: Partial<Record<Shortcut, string>> };

export function keysPage(s: Screen, form: KeysForm): Html {
  const { t } = s.w;
  const wrong = shortcuts.find(one => form.errors[one] !== undefined);
  const one = (name: Shortcut) =>
    field({
      name,
      id: `key-${name}`,
      label: shortcutName(s.w, name),
      value: form.keys[name],
      error: form.errors[name],
      maxlength: 5,
      ltr: true,
      autocomplete: 'off',
      autofocus: name === wrong,
      more: html` autocapitalize="none" spellcheck="false" size="4"`,
    });
  return html`<section class="page keys-page">${backToSettings(s)}<h1>${t('keys.title')}</h1>
<p class="muted">${t('keys.body')}</p>
${wrong ? html`<p class="flash danger" role="alert">${t('keys.errors')}</p>` : ''}
<form class="stack" method="post" action="/settings/keys" hx-boost="false">
<label class="check"><input type="checkbox" name="on" value="1"${form.off ? '' : html` checked`}> ${t('keys.on')}</label>
<div class="key-fields">${shortcuts.map(one)}</div>
<div class="buttons"><button class="button primary" type="submit">${t('keys.save')}</button><button class="button plain" type="submit" name="again" value="1" formnovalidate>${t('keys.again')}</button></div>
</form></section>`;
}

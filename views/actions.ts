/** What may be done with messages: the buttons of a list, of a row and of an open message. */
import { html } from 'hono/html';
import type { Folder } from '../daemon/store.ts';
import { icon, type Screen } from './screen.ts';
import type { Html, Key } from './words.ts';

export type Action = { key: Key; icon: string; action: string; name: string; value: string; shortcut: string };

export const act = (key: Key, sign: string, kind: string, value: string, shortcut: string, name = 'to'): Action => ({
  key,
  icon: sign,
  action: `/messages/${kind}`,
  name,
  value,
  shortcut,
});

/** What may be done with messages of a folder; null: of several folders. */
export function actions(folder: Folder | null): Action[] {
  const role = folder?.role ?? null;
  const gone = role === 'trash' || role === 'junk';
  return [
    ...(role === 'snoozed' ? [act('act.unsnooze', 'inbox', 'moves', 'inbox', '')] : []),
    ...(role === 'archive' || role === 'sent' ? [] : [act('act.archive', 'archive', 'moves', 'archive', 'archive')]),
    gone
      ? act('act.purge', 'trash-2', 'removals', '1', 'delete', 'sure')
      : act('act.delete', 'trash-2', 'moves', 'trash', 'delete'),
    role === 'junk'
      ? act('act.notjunk', 'inbox', 'moves', 'inbox', 'junk')
      : act('act.junk', 'octagon-alert', 'moves', 'junk', 'junk'),
    act('act.read', 'mail-open', 'flags', 'seen', 'read', 'set'),
    act('act.unread', 'mail', 'flags', 'seen', 'unread', 'clear'),
    act('act.flag', 'star', 'flags', 'flagged', 'star', 'set'),
  ];
}

/** These lead to a page of goals, or to a dialogue where there is script. */
export function choices(folder: Folder | null): Action[] {
  const gone = folder?.role === 'trash' || folder?.role === 'junk';
  return [
    ...(gone ? [] : [act('act.snooze', 'clock', 'choices', 'snooze', 'snooze', 'for')]),
    act('act.label', 'tag', 'choices', 'label', 'label', 'for'),
    act('act.moveto', 'folder-input', 'choices', 'move', 'move', 'for'),
  ];
}

/** The same for the one message. */
export const forOne = (a: Action, id: number): Action => ({
  ...a,
  action: a.action.replace('/messages/', `/messages/${id}/`),
});

export const toolButton = (s: Screen, a: Action, hidden = false): Html =>
  html`<button class="button plain icon-only" type="submit"${hidden ? html` hidden` : ''} formaction="${a.action}" name="${a.name}" value="${a.value}" data-key="${a.shortcut}"${a.name === 'for' ? html` data-choose` : ''} title="${s.w.t(a.key)}">${icon(s, a.icon)}<span class="unseen">${s.w.t(a.key)}</span></button>`;

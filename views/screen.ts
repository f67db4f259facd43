/** What every view of a signed-in page is given, and the few things most of them say with it. */
import { html } from 'hono/html';
import type { Account, Folder, Label, SavedSearch, Vacation } from '../daemon/store.ts';
import type { Html, Words } from './words.ts';

export type Notice = {
  text: string;
  /** The form that takes it back; null: it cannot be. */
  undo: {
    action: string;
    fields: [name: string, value: number][];
    /** It leads to a page with scripts of its own, which is loaded as a whole. */
    leaves: boolean;
  } | null;
  /** It is shown for so many seconds; 0: until it is closed. */
  seconds: number;
};

/** What every view of a signed-in page is given. */
export type Screen = {
  w: Words;
  /** Address of a file of public/, with its hash. */
  asset: (name: string) => string;
  /** The sub-path the site lives under; templates need not know it (web/base.ts). */
  base: string;
  look: Pick<Account, 'scheme' | 'contrast' | 'density' | 'scripts'>;
  /** A script of ours has run in this browser. */
  scripted: boolean;
  /** Pixels the list is wide in this browser, of `listWidths`; null: nobody changed it. */
  listWidth: number | null;
  account: Account;
  folders: Folder[];
  /** The folder shown; null: none. */
  folderId: number | null;
  saved: SavedSearch[];
  /** The account's, by name. */
  labels: Label[];
  /** Letters that wait for an answer. */
  reminders: number;
  /** What the search field holds. */
  query: string;
  /** Something of it was not understood, which the page says in `#search-mistakes`. */
  mistaken: boolean;
  /** This page, to come back to after an action. */
  here: string;
  notice: Notice | null;
  /** What was sent and waits to go. */
  waiting: number;
  /** The answer that is sent while one is away, if it is now. */
  away: Vacation | null;
};

export type Door = Pick<Screen, 'w' | 'asset' | 'base' | 'here' | 'look' | 'listWidth' | 'scripted'>;

/** How pages look to whoever is not signed in. */
export const plainLook: Screen['look'] = { scheme: 'auto', contrast: 'auto', density: 'comfortable', scripts: 'on' };

/** Icons that show where it goes, and look the other way where one reads from right to left. */
const pointing = new Set(
  'arrow-left arrow-right chevron-left chevron-right reply reply-all forward send log-out undo-2 folder-input'.split(
    ' ',
  ),
);

/** Those of the list and what is around it lie in a file of their own: the first page waits for no others. */
const often = new Set(
  `inbox send file-pen-line archive trash-2 octagon-alert folder folder-plus folder-input search settings log-out reply
  forward star star-on mail mail-open paperclip chevron-left chevron-right chevron-down x menu square-pen undo-2 users
  clock keyboard sliders-horizontal tag bell arrow-down-wide-narrow`.split(/\s+/),
);

export const icon = (s: Pick<Screen, 'asset'>, name: string): Html =>
  html`<svg class="${pointing.has(name) ? 'icon points' : 'icon'}" aria-hidden="true"><use href="${s.asset(often.has(name) ? 'icons.svg' : 'more-icons.svg')}#${name}"></use></svg>`;

export const folderPath = (folder: Folder): string => `/mail/${folder.role ?? folder.id}`;

export const folderName = (w: Words, folder: Folder): string =>
  folder.role === null ? folder.name : w.t(`folder.${folder.role}`);

const folderIcon = {
  inbox: 'inbox',
  drafts: 'file-pen-line',
  sent: 'send',
  archive: 'archive',
  junk: 'octagon-alert',
  trash: 'trash-2',
  snoozed: 'clock',
} as const;

export const iconOf = (folder: Folder): string => (folder.role === null ? 'folder' : folderIcon[folder.role]);

export const searchPath = (query: string): string => `/search?q=${encodeURIComponent(query)}`;

/** Times are milliseconds since 1970 UTC; sizes are octets. */
export type Account = Appearance & {
  id: number;
  /** The full address in lower case: what one signs in with. */
  address: string;
  /** The person's name as typed at sign-up; empty: none given. */
  name: string;
  createdAt: number;
  /** Most octets the account may hold; 0: no limit. */
  quota: number;
  /** Octets held by its messages, prefixes included, its drafts and their uploads. */
  used: number;
  /** May it sign in by POP3? */
  pop3: boolean;
  /** A disabled account neither signs in nor receives. */
  disabled: boolean;
  /** Addresses its mail goes to, lower case; empty: it stays here. */
  forwards: string[];
  /** Does it stay here as well? */
  keepsCopy: boolean;
  /** Lists show each message by itself, not conversations. */
  flat: boolean;
  /** What is shown after a message was put away: the next below it, the one above it, or the list. */
  afterAct: 'next' | 'previous' | 'list';
  /** Seconds after which what is opened counts as read; 0: at once; null: only when its reader says so. */
  readAfter: number | null;
  /** On a touch screen a row that is swiped is archived, or deleted the other way. */
  swipes: boolean;
  /** New letters begin with formatting, not as plain text. */
  writesRich: boolean;
  /** Seconds in which what was sent can be taken back; 0: it goes at once; null: as the house has it. */
  undoSend: number | null;
  /** What is looked at when mail comes for it: bits of `Sorting`. */
  sorting: number;
  /** Raised by every change to the account's folders and messages. */
  modseq: number;
};

/** How the pages of an account look, speak and listen. */
export type Appearance = {
  /** The language of the pages; empty: the one the browser asks for. */
  language: string;
  /** The time zone of the pages (IANA); empty: the one of the device. */
  zone: string;
  /** Light or dark pages; auto: as the device has it. */
  scheme: 'auto' | 'light' | 'dark';
  /** Lines and second words as dark as the first; auto: where the device asks for it. */
  contrast: 'auto' | 'more';
  /** How close rows stand. */
  density: 'comfortable' | 'compact';
  /** Off: the pages come without script, whatever the browser can. */
  scripts: 'on' | 'off';
  /** Keyboard shortcuts: what differs from those the pages come with, as views/keys.ts writes it; empty: nothing does. */
  shortcuts: string;
};

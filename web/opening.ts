/** When what is opened counts as read: at once, after a while that the page's script waits for, or when its reader says so. */
import { type Account, Flag, type Message } from '../daemon/store.ts';
import { hasScript } from './cookie.ts';
import type { Ctx } from './site.ts';

export type Opening = {
  /** Unread, and read by being shown now. */
  read: Message[];
  /** What else on the page is unread, and for how many seconds it is to lie open until it counts as read; null: for ever. */
  unread: { ids: number[]; seconds: number | null } | null;
};

export function openingOf(c: Ctx, { readAfter }: Account, open: Message[]): Opening {
  const fresh = open.filter(m => (m.flags & Flag.seen) === 0);
  const kept = looksAgain(c) ? fresh.filter(m => m.flags & Flag.unreadAgain) : [];
  const seconds = hasScript(c) ? readAfter : readAfter && 0;
  if (seconds === 0 && !isAhead(c)) return { read: without(fresh, kept), unread: left(kept, null) };
  return { read: [], unread: left(fresh, kept.length > 0 ? null : seconds) };
}

const without = (all: Message[], some: Message[]): Message[] => all.filter(m => !some.includes(m));

const left = (some: Message[], seconds: number | null): Opening['unread'] =>
  some.length === 0 ? null : { ids: some.map(m => m.id), seconds };

/** Reloaded, or gone back to: no opening. */
const looksAgain = (c: Ctx): boolean =>
  c.req.header('HX-History-Restore-Request') !== undefined ||
  /\b(?:no-cache|max-age=0)\b/.test(c.req.header('Cache-Control') ?? '');

/** A browser asks for what may be opened soon, and shows it to nobody yet. */
const isAhead = (c: Ctx): boolean =>
  c.req.method === 'HEAD' ||
  ['Sec-Purpose', 'Purpose', 'X-Moz'].some(name => /\bprefetch\b/.test(c.req.header(name) ?? ''));

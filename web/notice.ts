/** One sentence carried over a redirect in a cookie: what was done, and how to undo it. */
import type { Folder, Label } from '../daemon/store.ts';
import { folderName, type Notice } from '../views/layout.ts';
import type { Words } from '../views/words.ts';
import { dropCookie, readCookie, writeCookie } from './cookie.ts';
import type { Ctx, Site } from './site.ts';

const keys = [
  'done.moved',
  'done.moved.junk',
  'done.moved.welcome',
  'done.labelled',
  'done.unlabelled',
  'done.snoozed',
  'done.reminder',
  'done.reminder.off',
  'done.reminder.answered',
  'done.reminder.full',
  'done.label.created',
  'done.label.changed',
  'done.label.removed',
  'done.label.same',
  'done.purged',
  'done.marked',
  'done.restored',
  'done.noundo',
  'done.sent',
  'done.sent.partly',
  'done.resumed',
  'done.resumed.files',
  'done.scheduled',
  'done.withdrawn',
  'done.rescheduled',
  'done.released',
  'done.undo',
  'done.saved',
  'done.discarded',
  'compose.error.full',
  'done.folder.created',
  'done.folder.renamed',
  'done.folder.removed',
  'done.search.saved',
  'done.search.renamed',
  'done.search.removed',
  'done.contact.saved',
  'done.contact.removed',
  'done.contact.restored',
  'done.contact.grouped',
  'done.contact.left',
  'done.group.renamed',
  'done.group.removed',
  'done.imported',
  'done.imported.over',
  'done.imported.rows',
  'done.forgotten',
  'done.kept',
  'done.nobody',
  'contacts.full',
  'contacts.group.badname',
  'done.images',
  'done.left',
  'done.left.not',
  'done.left.offline',
  'done.receipt',
  'done.receipt.no',
  'done.receipt.not',
  'done.answer.accepted',
  'done.answer.tentative',
  'done.answer.declined',
  'done.answer.not',
  'done.choice.removed',
  'done.identity.saved',
  'done.identity.removed',
  'done.name',
  'done.reading',
  'done.appearance',
  'done.writing',
  'done.keys',
  'done.push.on',
  'done.push.off',
  'done.device',
  'done.trust',
  'done.app.revoked',
  'done.app.restored',
  'done.factor.off',
  'done.recovery',
  'done.devices',
  'done.reply.saved',
  'done.reply.removed',
  'done.password',
  'done.applied',
  'done.rule.saved',
  'done.rule.removed',
  'done.rule.on',
  'done.rule.off',
  'done.forwarding.on',
  'done.forwarding.off',
  'done.forwarding.asked',
  'done.forwarding.waits',
  'done.forwarding.often',
  'done.away.on',
  'done.away.off',
  'done.blocked.junk',
  'done.blocked.archive',
  'done.blocked.trash',
  'done.unblocked',
  'done.muted',
  'done.unmuted',
  'blocked.full',
  'done.nothing',
  'signup.welcome',
] as const;

export type Told = {
  key: (typeof keys)[number];
  n?: number;
  /** Words of the sentence; a folder is told by its id, so that its name is read fresh. */
  values?: Record<string, string>;
  folder?: number;
  label?: number;
  /** A time, told as the reader's clock shows it. */
  at?: number;
  undo?: Undo;
  /** An act that can be undone. */
  act?: string;
  /** A submission that can be withdrawn, the draft it was, and for how many seconds that is offered; 0: no end is set. */
  held?: { content: number; draft: number; seconds: number; archived?: number };
};

type Undo =
  /** Messages go back to a folder. */
  | { ids: number[]; to: number }
  /** They lose a label (`on` 0), or get it. */
  | { ids: number[]; label: number; on: 0 | 1 }
  | { contacts: number[] }
  /** A sender is no longer blocked. */
  | { unblock: number }
  /** A conversation is no longer muted, or is again. */
  | { unmute: number }
  | { mute: number }
  /** A draft comes back. */
  | { draft: number }
  /** An app password opens mail again. */
  | { appPassword: number };

export function tellOnce(site: Site, c: Ctx, told: Told): void {
  // Browsers drop cookies beyond 4 KB: then better no undo than no sentence.
  const text = encode(told);
  writeCookie(site, c, 'notice', text.length < 3500 ? text : encode({ ...told, undo: undefined }), 60);
}

const encode = (told: Told): string => Buffer.from(JSON.stringify(told)).toString('base64url');

/** What a sentence may name. */
type Named = { w: Words; folders: Folder[]; labels: Label[] };

export function takeNotice(site: Site, c: Ctx, named: Named): Notice | null {
  const text = readCookie(site, c, 'notice');
  if (text === null) return null;
  dropCookie(site, c, 'notice');
  const told = decode(text);
  return told && { text: wordsOf(told, named), undo: undoing(told), seconds: told.held?.seconds ?? 0 };
}

export function wordsOf(told: Told, { w, folders, labels }: Named): string {
  const folder = folders.find(f => f.id === told.folder);
  const label = labels.find(l => l.id === told.label);
  return w.t(told.key, {
    ...told.values,
    n: told.n ?? 0,
    ...(folder && { folder: folderName(w, folder) }),
    ...(label && { label: label.name }),
    ...(told.at !== undefined && { time: w.stamp(told.at) }),
  });
}

function undoing({ undo, act, held }: Told): Notice['undo'] {
  if (act) return { action: `/acts/${act}/undo`, fields: [], leaves: false };
  if (held) {
    const fields: [string, number][] = [
      ['draft', held.draft],
      ...(held.archived ? [['archived', held.archived] as [string, number]] : []),
    ];
    return { action: `/outbox/${held.content}/withdrawals`, fields, leaves: true };
  }
  if (!undo) return null;
  if ('contacts' in undo)
    return { action: '/contacts/restorations', fields: undo.contacts.map(id => ['contact', id]), leaves: false };
  if ('draft' in undo) return { action: `/drafts/${undo.draft}/restoration`, fields: [], leaves: true };
  if ('unblock' in undo) return { action: `/settings/blocked/${undo.unblock}/removal`, fields: [], leaves: false };
  if ('unmute' in undo) return { action: `/conversations/${undo.unmute}/mutes/removal`, fields: [], leaves: false };
  if ('mute' in undo) return { action: `/conversations/${undo.mute}/mutes`, fields: [], leaves: false };
  if ('appPassword' in undo)
    return { action: `/settings/app-passwords/${undo.appPassword}/restoration`, fields: [], leaves: false };
  const messages = undo.ids.map((id): [string, number] => ['message', id]);
  if ('label' in undo) {
    const { label, on } = undo;
    return {
      action: '/messages/labels',
      fields: [...messages, [on ? 'put' : 'take', label], ['undo', 1]],
      leaves: false,
    };
  }
  return { action: '/messages/moves', fields: [...messages, ['to', undo.to], ['undo', 1]], leaves: false };
}

/** A cookie is what a client sends: nothing in it is believed but its shape. */
function decode(text: string): Told | null {
  try {
    const told: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    return isTold(told) ? told : null;
  } catch {
    return null;
  }
}

function isTold(value: unknown): value is Told {
  if (typeof value !== 'object' || value === null) return false;
  const {
    key,
    n = 0,
    values = {},
    folder = 0,
    label = 0,
    at = 0,
    undo = { ids: [], to: 0 },
    act = '',
    held = { content: 1, draft: 1, seconds: 0 },
  } = value as Partial<Record<keyof Told, unknown>>;
  return (
    keys.some(k => k === key) &&
    typeof n === 'number' &&
    [folder, label, at].every(v => typeof v === 'number') &&
    typeof values === 'object' &&
    values !== null &&
    Object.values(values).every(v => typeof v === 'string') &&
    typeof act === 'string' &&
    /^[\w-]{0,40}$/.test(act) &&
    isUndo(undo) &&
    isHeld(held)
  );
}

/** These are about one thing, which a number names. */
const ofOne = ['unblock', 'unmute', 'mute', 'draft', 'appPassword'] as const;

function isUndo(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { ids, to, label, on, contacts, ...one } = value as Partial<
    Record<'ids' | 'to' | 'label' | 'on' | 'contacts' | (typeof ofOne)[number], unknown>
  >;
  const name = ofOne.find(known => one[known] !== undefined);
  if (name) return Number.isSafeInteger(one[name]);
  if (contacts !== undefined) return areIds(contacts);
  return areIds(ids) && (typeof to === 'number' || (typeof label === 'number' && (on === 0 || on === 1)));
}

function isHeld(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { content, draft, seconds, archived = 0 } = value as Partial<Record<string, unknown>>;
  return areIds([content, draft, seconds, archived]);
}

const areIds = (value: unknown): boolean => Array.isArray(value) && value.every(id => Number.isSafeInteger(id));

/** Saving what a compose form holds: into the draft it belongs to, never over a version it has not seen. */
import { type DisplayParts, decodeStream, type Part } from '../daemon/mail/parts.ts';
import type { Account, Draft, DraftFields } from '../daemon/store.ts';
import type { Words } from '../views/words.ts';
import { type Bodies, partName } from './bodies.ts';
import type { Desk } from './desk.ts';
import type { Form } from './form.ts';
import { idOf } from './page.ts';
import type { Site } from './site.ts';
import type { Received } from './upload.ts';

export type Saved =
  | { kind: 'saved'; draft: Draft }
  /** Somebody saved it elsewhere since. */
  | { kind: 'conflict'; draft: Draft }
  | { kind: 'gone' };

/** A header field is one line; addresses pasted as several lines are a list. */
const oneLine = (text: string, between: string): string =>
  text
    .trim()
    .replace(/[\r\n]+/g, between)
    .slice(0, 100_000);

export async function fieldsOf(site: Site, account: Account, form: Form): Promise<DraftFields> {
  const id = idOf(form.get('related'));
  const related = id === null ? null : await site.store.messages.get(account.id, id);
  const relation = form.get('relation');
  return {
    to: oneLine(form.get('to'), ', '),
    cc: oneLine(form.get('cc'), ', '),
    bcc: oneLine(form.get('bcc'), ', '),
    subject: oneLine(form.get('subject'), ' '),
    text: form.get('text'),
    relatedId: related?.id ?? null,
    relation: related && (relation === 'reply' || relation === 'forward') ? relation : null,
  };
}

export const isBlank = (f: DraftFields): boolean =>
  [f.to, f.cc, f.bcc, f.subject, f.text].every(text => text.trim() === '') && f.relatedId === null;

/** `instead` is the version a person decided to replace after being told of it. */
export async function saveDraft(
  site: Site,
  account: Account,
  form: Form,
  fields: DraftFields,
  desk: Desk,
): Promise<Saved> {
  const id = desk.draftId ?? idOf(form.get('draft'));
  if (id === null)
    return { kind: 'saved', draft: onDesk(desk, await site.store.drafts.create(account.id, fields, site.now())) };
  const seen = idOf(form.get('instead')) ?? desk.version ?? idOf(form.get('version')) ?? 0;
  const draft = await site.store.drafts.save(account.id, id, seen, fields, site.now());
  if (draft) return { kind: 'saved', draft: onDesk(desk, draft) };
  const stored = await site.store.drafts.get(account.id, id);
  return stored ? { kind: 'conflict', draft: stored } : { kind: 'gone' };
}

function onDesk(desk: Desk, draft: Draft): Draft {
  desk.draftId = draft.id;
  desk.version = draft.version;
  return draft;
}

export async function attachAll(site: Site, draft: Draft, files: Received[]): Promise<void> {
  const left = new Set(files);
  try {
    for (const file of files) {
      const { name, type, content } = file;
      if (await site.store.drafts.attach(draft.accountId, draft.id, { name, type, content, at: site.now() }))
        left.delete(file);
    }
  } finally {
    for (const file of left) await file.discard();
  }
}

/** The files of a forwarded message become files of the draft, once, at its first save. */
export async function takeAlong(site: Site, bodies: Bodies, w: Words, draft: Draft): Promise<void> {
  if (draft.relation !== 'forward' || draft.relatedId === null) return;
  const found = await forwardedParts(site, bodies, draft.accountId, draft.relatedId);
  if (!found) return;
  for (const part of found.shown.attachments) {
    const type = /^(message|multipart)\//.test(part.type) ? 'application/octet-stream' : part.type;
    const { writer, content } = await copied(site, found.contentId, part);
    await attachAll(site, draft, [{ name: partName(w, part), type, content, discard: () => writer.discard() }]);
  }
}

async function copied(site: Site, contentId: number, part: Part) {
  const writer = site.store.content.create();
  try {
    const bytes = site.store.content.open(contentId, part.bodyFrom, part.bodyTo);
    for await (const piece of decodeStream(part, bytes)) await writer.write(piece);
    return { writer, content: await writer.finish() };
  } catch (error) {
    await writer.discard();
    throw error;
  }
}

export async function forwardedParts(
  site: Site,
  bodies: Bodies,
  accountId: number,
  id: number,
): Promise<{ contentId: number; shown: DisplayParts } | null> {
  const message = await site.store.messages.get(accountId, id);
  const content = message && (await bodies.content(message));
  const shown = content && bodies.display(content);
  return shown ? { contentId: content.id, shown } : null;
}

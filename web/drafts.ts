/** Saving what a compose form holds: into the draft it belongs to, never over a version it has not seen. */
import { type DisplayParts, decodeStream, type Part } from '../daemon/mail/parts.ts';
import type { Account, CannedReply, Draft, DraftFields } from '../daemon/store.ts';
import { filesOf, isQuoted, labelsIn, letterText, quotedPart } from '../views/letter.ts';
import type { Words } from '../views/words.ts';
import { type Author, authorOf, authorsOf, resigned } from './author.ts';
import { type Bodies, isInlineImage, partName } from './bodies.ts';
import type { Desk } from './desk.ts';
import { withoutDropped } from './dropped.ts';
import type { Form } from './form.ts';
import { markupIn, withReply, withReplyMarkup } from './markup.ts';
import { idOf } from './page.ts';
import { daysOf } from './reminder-days.ts';
import type { Site } from './site.ts';
import { discardUntaken, type Received } from './upload.ts';

export type Saved =
  | { kind: 'saved'; draft: Draft }
  /** Somebody saved it elsewhere since. */
  | { kind: 'conflict'; draft: Draft }
  | { kind: 'gone' }
  /** It was sent elsewhere and waits to go. */
  | { kind: 'held'; draft: Draft }
  /** The mailbox is full. Null: nothing of it is stored; else what is. `files`: the names of those left out. */
  | { kind: 'full'; draft: Draft | null; files: string[] };

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
  const authors = await authorsOf(site.store, account);
  const author = authorOf(authors, form.get('from'));
  // Without script the signature changes hands here.
  const before = form.has('signed') ? authorOf(authors, form.get('signed')) : author;
  const html = await markupIn(form);
  const reply = await replyIn(site, account, form);
  return {
    from: author.address,
    to: people(form, 'to'),
    cc: people(form, 'cc'),
    bcc: people(form, 'bcc'),
    subject: oneLine(form.get('subject'), ' '),
    ...written(form, html, reply, before, author),
    wantsReceipt: form.has('receipt'),
    important: form.has('important'),
    remindDays: daysOf(form.get('remind')),
    relatedId: related?.id ?? null,
    relation: related && (relation === 'reply' || relation === 'forward') ? relation : null,
  };
}

/** What was typed; where its writer said that another domain was meant, with that. */
function people(form: Form, name: string): string {
  const typed = oneLine(form.get(name), ', ');
  const [wrong, meant] = form.get('meant').split(' ');
  return wrong && meant ? corrected(typed, wrong, meant) : typed;
}

/** A list of recipients with the domain that was meant in place of the one typed, as its writer asked for. */
export function corrected(list: string, typed: string, meant: string): string {
  const literal = typed.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return list.replace(new RegExp(`@${literal}(?=[>\\s,;]|$)`, 'gi'), `@${meant}`);
}

/** The kept text that is to be put in; null: none is. */
async function replyIn(site: Site, account: Account, form: Form): Promise<CannedReply | null> {
  const id = form.has('insert') ? idOf(form.get('canned')) : null;
  return id === null ? null : site.store.cannedReplies.get(account.id, id);
}

function written(form: Form, html: string | null, reply: CannedReply | null, before: Author, author: Author) {
  if (html !== null) {
    const markup = reply ? withReplyMarkup(html, reply) : html;
    return { text: letterText(markup), html: markup };
  }
  const text = form.has('plain') && !form.has('text') ? letterText(form.get('html')) : form.get('text');
  const own = resigned(text, before.signature, author.signature);
  return { text: reply ? withReply(own, reply.text) : own, html: null };
}

export const isBlank = (f: DraftFields): boolean =>
  labelsIn(f.html ?? null).size === 0 &&
  [f.to, f.cc, f.bcc, f.subject, f.text].every(text => text.trim() === '') &&
  f.relatedId === null;

/** `instead` is the version a person decided to replace after being told of it: the button of that choice says so. */
export async function saveDraft(
  site: Site,
  account: Account,
  form: Form,
  fields: DraftFields,
  desk: Desk,
): Promise<Saved> {
  const id = desk.draftId ?? idOf(form.get('draft'));
  if (id === null) {
    const made = await site.store.drafts.create(account.id, fields, site.now());
    return made === 'no-room' ? full(null) : { kind: 'saved', draft: onDesk(desk, made) };
  }
  const seen = idOf(form.get('instead')) ?? desk.version ?? idOf(form.get('version')) ?? 0;
  const draft = await site.store.drafts.save(account.id, id, seen, fields, site.now());
  const stored = draft === null || draft === 'no-room' ? await site.store.drafts.get(account.id, id) : null;
  if (draft === 'no-room') return full(stored);
  if (draft) return { kind: 'saved', draft: onDesk(desk, draft) };
  if (!stored) return { kind: 'gone' };
  return { kind: stored.heldAs === null ? 'conflict' : 'held', draft: stored };
}

const full = (draft: Draft | null, files: string[] = []): Saved => ({ kind: 'full', draft, files });

function onDesk(desk: Desk, draft: Draft): Draft {
  desk.draftId = draft.id;
  desk.version = draft.version;
  return draft;
}

/** Answers those there was no room for. */
export async function attachAll(site: Site, draft: Draft, files: Received[]): Promise<Received[]> {
  const large: Received[] = [];
  try {
    for (const file of files) {
      const { name, type, content, label, key } = file;
      const made = { name, type, content, label, key, at: site.now() };
      const upload = await site.store.drafts.attach(draft.accountId, draft.id, made);
      if (upload === 'no-room') large.push(file);
      else if (upload) file.taken = true;
    }
    return large;
  } finally {
    await discardUntaken(files);
  }
}

/** The files of a forwarded message become files of the draft, once, at its first save. False: there is no room for all. */
export async function takeAlong(site: Site, bodies: Bodies, w: Words, draft: Draft): Promise<boolean> {
  if (draft.relation !== 'forward' || draft.relatedId === null) return true;
  const found = await forwardedParts(site, bodies, draft.accountId, draft.relatedId);
  if (!found) return true;
  return await copyFiles(site, w, draft, found.contentId, found.shown.attachments);
}

/** Parts of a content as files of a draft. False: there is no room for all. */
export async function copyFiles(site: Site, w: Words, draft: Draft, from: number, parts: Part[]): Promise<boolean> {
  for (const part of parts) {
    const type = /^(message|multipart)\//.test(part.type) ? 'application/octet-stream' : part.type;
    const { writer, content } = await copied(site, from, part);
    const file = { name: partName(w, part), type, content, discard: () => writer.discard() };
    if ((await attachAll(site, draft, [file])).length > 0) return false;
  }
  return true;
}

/** Images that a quote in the text shows become files of the draft. Answers the names of those there is no room for. */
async function takeQuoted(site: Site, bodies: Bodies, w: Words, draft: Draft): Promise<string[]> {
  const here = new Set(draft.uploads.map(u => u.label));
  const missing = [...labelsIn(draft.html)].filter(label => isQuoted(label) && !here.has(label));
  if (missing.length === 0 || draft.relatedId === null) return [];
  const found = await forwardedParts(site, bodies, draft.accountId, draft.relatedId);
  const left: string[] = [];
  for (const label of missing) {
    const part = [...(found?.shown.inline.values() ?? [])].find(p => (p.id || '1') === quotedPart(label));
    if (!found || !part || !isInlineImage(part.type)) continue;
    const { writer, content } = await copied(site, found.contentId, part);
    const file = { name: partName(w, part), type: part.type, content, label, discard: () => writer.discard() };
    left.push(...(await attachAll(site, draft, [file])).map(({ name }) => name));
  }
  return left;
}

/** The files that go with a letter: not those a quote brought along, nor those taken out of the text again. */
export const ownFiles = ({ html, uploads }: Pick<Draft, 'html' | 'uploads'>): Draft['uploads'] => {
  const { within, beside } = filesOf(html, uploads);
  return [...beside, ...within.filter(u => !isQuoted(u.label))];
};

/** Saves a form with its files; those it does not take are the caller's to discard. A draft with files left out is no draft to send: the person is to know first. */
export async function keepForm(
  site: Site,
  bodies: Bodies,
  w: Words,
  given: { account: Account; form: Form; fields: DraftFields; desk: Desk; files: Received[] },
): Promise<Saved> {
  const { account, form, fields, desk } = given;
  const fresh = desk.draftId === null && form.get('draft') === '';
  const saved = await saveDraft(site, account, form, fields, desk);
  if (saved.kind !== 'saved') return saved;
  const { draft, files } = await withoutDropped(site, saved.draft, form, given.files);
  if (fresh && !(await takeAlong(site, bodies, w, draft))) {
    // As if it had not been saved: the next save is to try for all the forwarded files again.
    await site.store.drafts.remove(account.id, draft.id);
    desk.draftId = null;
    desk.version = null;
    return full(null);
  }
  const large = await attachAll(site, draft, files);
  const left = [...large.map(file => file.name), ...(await takeQuoted(site, bodies, w, draft))];
  const grown = fresh || files.length > 0 || labelsIn(draft.html).size > 0;
  const stored = grown ? await site.store.drafts.get(account.id, draft.id) : draft;
  return left.length === 0 ? { kind: 'saved', draft: stored ?? draft } : full(stored, left);
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

/** Sending a draft: its fields become envelope and content, and the daemon takes it under the draft's key. */
import { createHash } from 'node:crypto';
import {
  addressKey,
  formatAddress,
  formatNamed,
  type NamedAddress,
  parseAddress,
  parseAddressList,
} from '../daemon/mail/address.ts';
import { compose, composedSize, type Letter, replyReferences } from '../daemon/mail/compose.ts';
import { isPositive, isTemporary, type Reply } from '../daemon/mail/reply.ts';
import { type Account, type Draft, Flag, type Message } from '../daemon/store.ts';
import type { ComposeForm } from '../views/compose.ts';
import { filesOf, leavingLetter } from '../views/letter.ts';
import type { Words } from '../views/words.ts';
import { type Author, authorOf, authorsOf } from './author.ts';
import type { Told } from './notice.ts';
import { keepRefused } from './outcomes.ts';
import type { Ctx, Site } from './site.ts';

type Fields = 'to' | 'cc' | 'bcc';
type Errors = ComposeForm['errors'];

/** `told`: without how to take it back. */
export type SendResult =
  | { kind: 'sent'; goTo: string; told: Told }
  | { kind: 'refused'; status: 413 | 422 | 503; errors: Errors };

/** Octets of files that a message can carry: base64 and its line ends make four of three. */
export const largestFiles = (maxMessage: number): number => Math.max(0, Math.floor((maxMessage - 20_000) / 1.4));

/** A letter to more is a circular: its readers are nobody's correspondents. */
const mostRemembered = 50;

type Recipient = { field: Fields; address: string; name: string };

/** `until`: when it is to be sent; null: now, after a moment in which it can be taken back. */
export async function send(site: Site, c: Ctx, draft: Draft, until: number | null): Promise<SendResult> {
  const w = c.var.words;
  const read = readRecipients(draft, w);
  if (read.errors) return { kind: 'refused', status: 422, errors: read.errors };
  const related = draft.relatedId === null ? null : await site.store.messages.get(c.var.account.id, draft.relatedId);
  const author = authorOf(await authorsOf(site.store, c.var.account), draft.from);
  const letter = letterOf(site, c.var.account, author, draft, read.recipients, related, until ?? site.now());
  const size = composedSize(letter);
  const limit = site.settings.max_message_size;
  if (size > limit) {
    const files = w.t('compose.error.large', { size: w.size(size), limit: w.size(limit) });
    return { kind: 'refused', status: 413, errors: { files } };
  }
  const replies = await site.submit(c.var.account, {
    reversePath: author.address,
    recipients: read.recipients.map(({ address }) => ({ address })),
    size,
    smtpUtf8: [author, ...read.recipients].some(({ address }) => /[^\u0000-\u007f]/.test(address)),
    key: keyOf(draft),
    draftId: draft.id,
    ...(until === null ? { holdFor: heldFor(site, c.var.account) } : { holdUntil: until }),
    content: () => compose(letter),
  });
  const refused = read.recipients.flatMap((r, i) => {
    const reply = replies[i];
    return reply && isPositive(reply) ? [] : [{ ...r, reply: reply ?? null }];
  });
  if (refused.length < read.recipients.length) {
    const taken = read.recipients.filter(r => !refused.some(({ address }) => address === r.address));
    await isSent(site, draft, related, taken);
    const whys = refused.map(({ address, reply }) => ({ address, why: reply?.text ?? '' }));
    if (whys.length > 0) await keepRefused(site, draft.accountId, letter.messageId, whys);
    return { kind: 'sent', goTo: '/mail/inbox', told: toldOf(refused, until, w) };
  }
  // The daemon may have taken it and died before it could say so.
  if (!(await wasTaken(site, draft.accountId, keyOf(draft)))) return refusal(w, refused);
  await isSent(site, draft, related, read.recipients);
  return { ...taken, told: toldOf([], until, w) };
}

/** What is held marks and remembers when it goes: until then it may be taken back. */
async function isSent(site: Site, draft: Draft, related: Message | null, people: Recipient[]): Promise<void> {
  if (await site.store.drafts.get(draft.accountId, draft.id).then(kept => kept && kept.heldAs !== null)) return;
  await markRelated(site, draft, related);
  await remember(site, draft, people);
}

/** Beyond what is shown, so that a click at the last moment still comes in time. */
const longerThanShown = 5;

/** Seconds in which it can be taken back; 0: it goes at once. */
export function undoSeconds({ settings }: Pick<Site, 'settings'>, { undoSend }: Account): number {
  const seconds = undoSend ?? settings.undo_send;
  return (seconds + longerThanShown) * 1000 <= settings.max_future_release ? seconds : 0;
}

function heldFor(site: Site, account: Account): number | null {
  const seconds = undoSeconds(site, account);
  return seconds === 0 ? null : seconds + longerThanShown;
}

/** They are offered at the next letter. Names stand only in what was typed, so the site remembers, not the daemon. */
const remember = (site: Site, { accountId }: Draft, people: Recipient[]): Promise<void> =>
  site.store.correspondents.wroteTo(accountId, people.slice(0, mostRemembered), site.now());

/** It is on its way, and how its recipients fared is seen in Sent. */
export const taken = { kind: 'sent', goTo: '/mail/inbox', told: { key: 'done.sent' } } as const satisfies SendResult;

/** Sent again after it was taken back, it is another submission. */
export const keyOf = ({ accountId, id, round }: Draft): string =>
  round === 0 ? `draft:${accountId}:${id}` : `draft:${accountId}:${id}:${round}`;

export const wasTaken = (site: Site, accountId: number, key: string): Promise<boolean> =>
  site.store.wasAccepted({ origin: 'webmail', accountId, key });

/** What was typed as recipients, each once; or what is wrong, beside the field it is wrong in. */
function readRecipients(draft: Draft, w: Words): { recipients: Recipient[]; errors: Errors | null } {
  const recipients = new Map<string, Recipient>();
  const errors: Errors = {};
  for (const field of ['to', 'cc', 'bcc'] as const)
    for (const typed of parseAddressList(draft[field])) {
      const parsed = isPlain(draft[field], typed) ? parseAddress(typed.address) : null;
      if (parsed === null)
        errors[field] ??= w.t('compose.error.address', { address: typed.address ? formatNamed(typed) : typed.name });
      else if (!recipients.has(addressKey(parsed)))
        recipients.set(addressKey(parsed), { field, address: formatAddress(parsed), name: typed.name });
    }
  if (recipients.size === 0 && Object.keys(errors).length === 0) errors.to = w.t('compose.error.noone');
  return { recipients: [...recipients.values()], errors: Object.keys(errors).length > 0 ? errors : null };
}

/**
 * What a header may say is more than a person means: `a@x b@y` is b with the name a, `Bcc: c@z` a group called Bcc.
 * Nobody may be left out, or be written to, without being seen.
 */
function isPlain(field: string, { name, address }: NamedAddress): boolean {
  const group = /:/.test(field.replace(/"(?:[^"\\]|\\.)*"|\[[^\]]*\]/g, ''));
  const second = name.includes('@') && addressKey(name) !== addressKey(address) && !field.includes(`"${name}"`);
  return !group && !second;
}

function letterOf(
  site: Site,
  account: Account,
  { name, address, replyTo }: Author,
  draft: Draft,
  recipients: Recipient[],
  related: Message | null,
  date: number,
): Letter {
  const of = (field: Fields) => recipients.filter(r => r.field === field);
  const messageId = messageIdOf(account, draft);
  const { within, beside } = filesOf(draft.html, draft.uploads);
  const contentIds = new Map(within.map(({ label }) => [label, `${label}.${messageId}`]));
  return {
    from: { name, address },
    replyTo: replyTo === '' ? null : { name: '', address: replyTo },
    to: of('to'),
    cc: of('cc'),
    subject: draft.subject.trim(),
    text: draft.text,
    html: draft.html === null ? null : leavingLetter(draft.html, contentIds),
    receiptTo: draft.wantsReceipt ? { name, address } : null,
    important: draft.important,
    date,
    messageId,
    ...(draft.relation === 'reply' && related
      ? { inReplyTo: related.messageId, references: replyReferences(related) }
      : {}),
    attachments: [...within, ...beside].map(({ name, type, size, label, contentId }) => ({
      ...{ name, type, size },
      content: () => site.store.content.open(contentId),
      contentId: within.some(u => u.label === label) ? contentIds.get(label) : undefined,
    })),
  };
}

/** The same at each try, so that a message handed over in two goes is one to its readers. */
function messageIdOf(account: Account, draft: Draft): string {
  const digest = createHash('sha256')
    .update(`draft ${account.id} ${draft.id} ${account.createdAt}${draft.round === 0 ? '' : ` ${draft.round}`}`)
    .digest('base64url');
  return `${digest.slice(0, 24)}@${account.address.slice(account.address.lastIndexOf('@') + 1)}`;
}

type Refused = Recipient & { reply: Reply | null };

function refusal(w: Words, refused: Refused[]): SendResult {
  if (refused.every(({ reply }) => reply === null || isTemporary(reply)))
    return { kind: 'refused', status: 503, errors: { form: w.t('compose.error.unavailable') } };
  const errors: Errors = {};
  for (const { field, address, reply } of refused)
    errors[field] ??= w.t('compose.error.refused', { address, why: reply?.text ?? '' });
  return { kind: 'refused', status: 422, errors };
}

function toldOf(refused: Refused[], until: number | null, w: Words): Told {
  const [first] = refused;
  if (first === undefined && until !== null) return { key: 'done.scheduled', values: { time: w.full(until) } };
  if (first === undefined) return { key: 'done.sent' };
  const who = refused
    .map(({ address }) => address)
    .join(', ')
    .slice(0, 500);
  return { key: 'done.sent.partly', values: { who, why: (first.reply?.text ?? '').slice(0, 300) } };
}

async function markRelated(site: Site, draft: Draft, related: Message | null): Promise<void> {
  if (!related || draft.relation === null) return;
  const flag = draft.relation === 'reply' ? Flag.answered : Flag.forwarded;
  const changed = await site.store.messages.setFlags(draft.accountId, [related.id], flag, 0);
  if (changed.length > 0) site.tell.changed(changed);
}

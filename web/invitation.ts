/** Invitations: read from a message, shown as a card, and answered by mail through submission (RFC 5546, RFC 6047). */
import { createHash } from 'node:crypto';
import { Hono } from 'hono';
import { addressKey } from '../daemon/mail/address.ts';
import { type Answer, answerEvent, type CalendarEvent, readEvent } from '../daemon/mail/calendar.ts';
import type { Letter } from '../daemon/mail/compose.ts';
import type { Part } from '../daemon/mail/parts.ts';
import { type Choice, type Content, Flag, type Message } from '../daemon/store.ts';
import { type InvitationCard, saidOf, whenOf } from '../views/invitation.ts';
import { type Author, addressed, authorOf, authorsOf } from './author.ts';
import { type Bodies, createBodies } from './bodies.ts';
import { readForm } from './form.ts';
import { tellOnce } from './notice.ts';
import { messageById, missing } from './page.ts';
import { ownPath } from './session.ts';
import { sendLetter } from './side-letter.ts';
import type { Ctx, Env, Site } from './site.ts';

const answers: Answer[] = ['accepted', 'tentative', 'declined'];

/** The event that a message brings; null: none. Only where it has such a part is anything read. */
export async function eventOf(bodies: Bodies, content: Content | null): Promise<CalendarEvent | null> {
  const part = content?.tree ? calendarPart(content.tree) : null;
  return content && part ? readEvent((await bodies.text(content, [part])).text) : null;
}

/** The first that is not within an attached message: its events are somebody else's. */
function calendarPart(root: Part): Part | null {
  const open = [root];
  for (let part = open.shift(); part !== undefined; part = open.shift()) {
    if (/^(?:text\/calendar|application\/ics)$/.test(part.type)) return part;
    if (!part.type.startsWith('message/')) open.unshift(...part.parts);
  }
  return null;
}

export const invitationKey = ({ uid, recurrence }: CalendarEvent): string => `invitation ${uid} ${recurrence ?? ''}`;

export function cardOf(
  message: Message,
  event: CalendarEvent,
  choices: Choice[],
  own: Author[],
  later: InvitationCard['later'],
): InvitationCard {
  const choice = choices.find(c => c.kind === 'invitation');
  const [said = '', sequence = ''] = choice?.value.split(' ') ?? [];
  const answer = answers.find(a => a === said);
  return {
    messageId: message.id,
    event,
    answered: choice && answer ? { answer, at: choice.at, stale: event.sequence > Number(sequence) } : null,
    later,
    mayAnswer: later === null && isAnswerable(event, own),
  };
}

/** Who invites is told; oneself need not be. */
function isAnswerable({ method, cancelled, uid, organizer }: CalendarEvent, own: Author[]): boolean {
  if (method !== 'request' || cancelled || uid === '' || !organizer || organizer.address === '') return false;
  return !own.some(a => addressKey(a.address) === organizer.address);
}

export function invitations(site: Site): Hono<Env> {
  const app = new Hono<Env>();
  const bodies = createBodies(site);

  app.post('/messages/:id/answers', async c => {
    const form = await readForm(c);
    const answer = answers.find(a => a === form.get('answer'));
    const message = await messageById(site, c, c.req.param('id'));
    const content = message && (await bodies.content(message));
    const event = await eventOf(bodies, content);
    const own = await authorsOf(site.store, c.var.account);
    if (!answer || !message || !content || !event || !isAnswerable(event, own)) return missing(site, c);
    const back = ownPath(form.get('back'), '/mail/inbox');
    const key = invitationKey(event);
    const before = (await site.store.choices.about(message.accountId, [key])).find(one => one.kind === 'invitation');
    const value = `${answer} ${event.sequence}`;
    // The second click of two, or the form sent again.
    if (before?.value === value) return c.redirect(back, 303);
    const who = invited(event, own) ?? addressed(own, await bodies.header(content), message) ?? authorOf(own, '');
    const refused = await sendLetter(site, c, {
      who,
      letter: answerLetter(c, message, event, who, answer, site.now()),
      // Another answer later, and the same again after it, are letters of their own.
      key: `answer:${digest(`${message.accountId} ${key} ${value} ${before?.value ?? ''} ${before?.at ?? ''}`)}`,
    });
    if (refused !== null) {
      tellOnce(site, c, { key: 'done.answer.not', values: { why: refused } });
      return c.redirect(back, 303);
    }
    await site.store.choices.set(message.accountId, { kind: 'invitation', key, value, at: site.now() });
    site.tell.changed(await site.store.messages.setFlags(message.accountId, [message.id], Flag.answered, 0));
    tellOnce(site, c, { key: `done.answer.${answer}`, values: { who: event.organizer!.address } });
    return c.redirect(back, 303);
  });
  return app;
}

/** By the address that was invited; null: somebody passed the invitation on. */
const invited = ({ guests }: CalendarEvent, own: Author[]): Author | null =>
  own.find(a => guests.some(g => g.address === addressKey(a.address))) ?? null;

function answerLetter(
  c: Ctx,
  m: Message,
  event: CalendarEvent,
  who: Author,
  answer: Answer,
  at: number,
): Omit<Letter, 'messageId'> {
  const w = c.var.words;
  const summary = event.summary || w.t('invitation.untitled');
  const organizer = event.organizer!;
  return {
    from: { name: who.name, address: who.address },
    to: [{ name: organizer.name, address: organizer.address }],
    cc: [],
    subject: w.t(`invitation.subject.${answer}`, { summary }),
    text: `${saidOf(w, answer, who.name || who.address)}\n\n${[summary, ...whenOf(w, event)].join('\n')}\n`,
    date: at,
    inReplyTo: m.messageId,
    references: m.messageId === null ? [] : [m.messageId],
    calendar: {
      method: 'REPLY',
      text: answerEvent({ event, who: { name: who.name, address: who.address }, answer, at }),
    },
  };
}

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 32);

/** An event that a message brings: what, when, where, who, and the three answers. */
import { html } from 'hono/html';
import type { Answer, CalendarEvent, EventTime, Guest, Repeat } from '../daemon/mail/calendar.ts';
import { icon, type Screen } from './screen.ts';
import { type Html, inOrder, type Key, type Words } from './words.ts';

export type InvitationCard = {
  messageId: number;
  event: CalendarEvent;
  /** `stale`: it was changed since. Null: not answered. */
  answered: { answer: Answer; at: number; stale: boolean } | null;
  /** A later message changed or cancelled it, and where that one is; null: none is known. */
  later: { cancelled: boolean; path: string } | null;
  mayAnswer: boolean;
};

const mostGuests = 12;
const day = 86_400_000;

export function invitation(s: Screen, card: InvitationCard | null, back: string): Html {
  if (card === null) return html``;
  const { event } = card;
  const { t } = s.w;
  const id = `event-${card.messageId}`;
  return html`<section class="invitation${event.cancelled ? ' off' : ''}" aria-labelledby="${id}">
<p class="invitation-kind">${icon(s, 'calendar')}${headline(s, card)}</p>
<h2 id="${id}" dir="auto">${inOrder(event.summary) || t('invitation.untitled')}</h2>
<dl>${row(s, 'clock', 'invitation.when', whenOf(s.w, event))}${event.location === '' ? '' : row(s, 'map-pin', 'invitation.where', [event.location])}${people(s, event)}</dl>
${event.method === 'reply' ? '' : answering(s, card, back)}
</section>`;
}

function headline(s: Screen, { event }: InvitationCard): string {
  const { t } = s.w;
  const [guest] = event.guests;
  if (event.method === 'reply' && guest) return saidOf(s.w, guest.status, guest.name || guest.address);
  if (event.cancelled) return t('invitation.cancelled');
  return t(event.method === 'request' ? 'invitation.title' : 'invitation.event');
}

const row = (s: Screen, sign: string, key: Key, lines: string[]): Html =>
  html`<div><dt>${icon(s, sign)}<span class="unseen">${s.w.t(key)}</span></dt><dd>${lines.map(line => html`<div dir="auto">${inOrder(line)}</div>`)}</dd></div>`;

/** Lines: by the reader's clock, by the clock of who invites where that is another, and how often. */
export function whenOf(w: Words, { start, end, repeats, recurrence }: CalendarEvent): string[] {
  if (!start) return [w.t('invitation.notime')];
  const often = repeats ? [repeating(w, repeats)] : [];
  return [...times(w, start, end), ...often, ...(recurrence === null ? [] : [w.t('invitation.single')])];
}

function times(w: Words, start: EventTime, end: EventTime | null): string[] {
  const there = w.inZone('UTC');
  if (start.allDay) {
    const last = end ? end.wall - day : start.wall;
    return [last > start.wall ? range(w, there.day(start.wall), there.day(last)) : there.day(start.wall)];
  }
  const wall = between(there, start.wall, end?.wall ?? null);
  if (start.at === null) return [start.zone === '' ? wall : w.t('invitation.zone', { time: wall, zone: start.zone })];
  const own = between(w, start.at, end?.at ?? null);
  return start.zone === 'UTC' || own === wall ? [own] : [own, w.t('invitation.zone', { time: wall, zone: start.zone })];
}

const range = (w: Words, from: string, to: string): string => w.t('invitation.range', { from, to });

/** Of one day the day is said once. */
function between(w: Words, from: number, to: number | null): string {
  if (to === null) return w.full(from);
  return range(w, w.full(from), w.day(from) === w.day(to) ? w.clock(to) : w.full(to));
}

function repeating(w: Words, r: Repeat): string {
  if (r.every === 'otherwise') return w.t('invitation.repeats');
  const often = w.t(`invitation.every.${r.every}`, { n: r.interval });
  const days = w.list(r.days.map(d => w.weekday(d)));
  const on = r.days.length === 0 ? often : w.t(r.nth === null ? 'invitation.on' : nthKeys[r.nth], { often, days });
  if (r.ends === null) return on;
  if ('count' in r.ends) return w.t('invitation.times', { often: on, n: r.ends.count });
  return w.t('invitation.until', { often: on, day: w.inZone('UTC').day(r.ends.until) });
}

const nthKeys = {
  1: 'invitation.nth.first',
  2: 'invitation.nth.second',
  3: 'invitation.nth.third',
  4: 'invitation.nth.fourth',
  [-1]: 'invitation.nth.last',
} as const;

/** What a guest answered, as a sentence. */
export const saidOf = (w: Words, status: Guest['status'], who: string): string =>
  w.t(`invitation.said.${status}`, { who });

function people(s: Screen, { organizer, guests }: CalendarEvent): Html {
  const { t } = s.w;
  const written = (g: Guest) => g.name || g.address;
  const status = (g: Guest) =>
    g.status === 'needs-action' ? '' : html` <small>${t(`invitation.status.${g.status}`)}</small>`;
  const known = guests.filter(g => written(g) !== '');
  const lines = [
    organizer && written(organizer) !== ''
      ? html`<div>${t('invitation.by', { who: inOrder(written(organizer)) })}</div>`
      : '',
    ...known
      .slice(0, mostGuests)
      .map(g => html`<div><span dir="auto" title="${g.address}">${inOrder(written(g))}</span>${status(g)}</div>`),
    known.length > mostGuests ? html`<div>${t('invitation.more', { n: known.length - mostGuests })}</div>` : '',
  ];
  return html`<div><dt>${icon(s, 'users')}<span class="unseen">${t('invitation.who')}</span></dt><dd>${lines}</dd></div>`;
}

function answering(s: Screen, { messageId, answered, later, mayAnswer, event }: InvitationCard, back: string): Html {
  const { t } = s.w;
  if (later !== null) {
    const what = t(later.cancelled ? 'invitation.later.cancelled' : 'invitation.later.changed');
    return html`<p class="invitation-said">${icon(s, 'info')}<b>${what}</b> <a href="${later.path}">${t('invitation.later.open')}</a></p>`;
  }
  const given =
    answered === null
      ? ''
      : html`<p class="invitation-said">${icon(s, 'check')}${t(`invitation.you.${answered.answer}`, { time: s.w.stamp(answered.at) })}${answered.stale ? html` <b>${t('invitation.stale')}</b>` : ''}</p>`;
  if (!mayAnswer) return html`${given}`;
  const button = (answer: Answer) =>
    html`<button class="button${answer === 'accepted' && answered === null ? ' primary' : ''}" type="submit" name="answer" value="${answer}"${answered?.answer === answer && !answered.stale ? html` aria-pressed="true"` : ''}>${t(`invitation.answer.${answer}`)}</button>`;
  return html`${given}<form class="invitation-answers" method="post" action="/messages/${messageId}/answers"><input type="hidden" name="back" value="${back}">${button('accepted')}${button('tentative')}${button('declined')}<small>${t('invitation.to', { who: event.organizer?.address ?? '' })}</small></form>`;
}

/**
 * Invitations: the event a mail asks for, cancels or answers (RFC 5545, by the rules of RFC 5546), and our answer to it.
 *
 * It reads what any calendar writes, and much that none should: lines, people and components are bounded, time grows with
 * the text, and nothing in it throws. Recurring events are described, never counted out. It keeps no calendar.
 */

import { type Calendar, type Component, firstOf, personOf, readCalendar } from './calendar/components.ts';
import { type Repeat, repeatOf } from './calendar/repeat.ts';
import { type EventTime, endOf, timeOf, zonesOf } from './calendar/times.ts';
import { cleanText } from './header.ts';

export { type Answer, type AnswerTo, answerEvent } from './calendar/answer.ts';
export type { EventTime, Repeat };

export type Guest = {
  /** Empty: none given. */
  name: string;
  /** Empty: it is no mail address. */
  address: string;
  /** needs-action, accepted, declined, tentative, delegated; what else was said is needs-action. */
  status: Status;
  optional: boolean;
};
export type Status = 'needs-action' | 'accepted' | 'declined' | 'tentative' | 'delegated';

export type CalendarEvent = {
  /** publish: it is only told of. */
  method: 'request' | 'cancel' | 'reply' | 'publish';
  /** RFC 5545 §3.8.4.7; empty: none, and nobody can answer. */
  uid: string;
  /** Raised when the organiser changes it. */
  sequence: number;
  /** Which one of a recurring event, as its line said; null: all of it. */
  recurrence: string | null;
  cancelled: boolean;
  summary: string;
  location: string;
  description: string;
  /** Null: it has none that can be read. */
  start: EventTime | null;
  end: EventTime | null;
  repeats: Repeat | null;
  organizer: Guest | null;
  guests: Guest[];
};

const LONGEST = 512 * 1024;
const MOST_GUESTS = 500;
const METHODS = { REQUEST: 'request', CANCEL: 'cancel', REPLY: 'reply' } as const;

/** The event of a calendar; of a recurring one with exceptions the event itself. Null: there is none. */
export function readEvent(text: string): CalendarEvent | null {
  const calendar = readCalendar(text.slice(0, LONGEST));
  const event = calendar.events.find(e => !e.has('RECURRENCE-ID')) ?? calendar.events[0];
  return event ? describe(calendar, event) : null;
}

function describe(calendar: Calendar, event: Component): CalendarEvent {
  const zones = zonesOf(calendar.zones);
  const start = timeOf(firstOf(event, 'DTSTART'), zones);
  const recurrence = firstOf(event, 'RECURRENCE-ID');
  const organizer = firstOf(event, 'ORGANIZER');
  return {
    method: METHODS[calendar.method as keyof typeof METHODS] ?? 'publish',
    uid: firstOf(event, 'UID')?.value.trim() ?? '',
    sequence: Math.min(Number.parseInt(firstOf(event, 'SEQUENCE')?.value ?? '0', 10) || 0, 2 ** 31),
    recurrence: recurrence === null ? null : lineOf(recurrence),
    cancelled: calendar.method === 'CANCEL' || firstOf(event, 'STATUS')?.value.trim().toUpperCase() === 'CANCELLED',
    summary: oneLine(event, 'SUMMARY', 500),
    location: oneLine(event, 'LOCATION', 500),
    description: paragraphs(event, 'DESCRIPTION'),
    start,
    end: start && endOf(start, firstOf(event, 'DTEND'), firstOf(event, 'DURATION'), zones),
    repeats: repeatOf(firstOf(event, 'RRULE'), event.has('RDATE')),
    organizer: organizer && personOf(organizer),
    guests: (event.get('ATTENDEE') ?? []).slice(0, MOST_GUESTS).map(personOf),
  };
}

/** As RFC 5546 §3.2.3 wants it back. Values of any other kind would be a way into our answer. */
function lineOf({ params, value }: { params: [string, string][]; value: string }): string | null {
  const time = /^\d{8}(?:T\d{6}Z?)?$/.exec(value.trim())?.[0];
  if (time === undefined) return null;
  const zone = params.find(([name]) => name === 'TZID')?.[1] ?? '';
  const kind = time.length === 8 ? ';VALUE=DATE' : /^[\w/+ .-]{1,100}$/.test(zone) ? `;TZID=${zone}` : '';
  return `RECURRENCE-ID${kind}:${time}`;
}

const textOf = (event: Component, name: string): string => firstOf(event, name)?.text ?? '';
const oneLine = (event: Component, name: string, most: number): string =>
  cleanText(textOf(event, name).slice(0, most)).trim();
const paragraphs = (event: Component, name: string): string =>
  textOf(event, name).split('\n').map(cleanText).join('\n').trim();

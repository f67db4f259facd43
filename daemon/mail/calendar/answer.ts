import type { NamedAddress } from '../address.ts';
import type { CalendarEvent } from '../calendar.ts';
import { escaped } from '../content-lines.ts';
import { cleanText } from '../header.ts';

export type Answer = 'accepted' | 'declined' | 'tentative';

export type AnswerTo = {
  event: CalendarEvent;
  /** Who answers, by the address that was invited. */
  who: NamedAddress;
  answer: Answer;
  at: number;
};

const LONGEST_LINE = 74;

/** RFC 5546 §3.2.3: what the organiser needs to know which event this is about, and one attendee. */
export function answerEvent({ event, who, answer, at }: AnswerTo): string {
  const { start, organizer } = event;
  const lines = [
    'BEGIN:VCALENDAR',
    'PRODID:-//CWMail//CWMail//EN',
    'VERSION:2.0',
    'METHOD:REPLY',
    'BEGIN:VEVENT',
    `UID:${oneLine(event.uid)}`,
    `SEQUENCE:${event.sequence}`,
    `DTSTAMP:${utc(at)}`,
    ...(event.recurrence === null ? [] : [event.recurrence]),
    ...(start ? [startLine(start)] : []),
    `SUMMARY:${escaped(event.summary)}`,
    ...(organizer ? [`ORGANIZER${named(organizer.name)}:mailto:${organizer.address}`] : []),
    `ATTENDEE;PARTSTAT=${answer.toUpperCase()}${named(who.name)}:mailto:${who.address}`,
    'END:VEVENT',
    'END:VCALENDAR',
  ];
  return lines.map(line => `${folded(line)}\r\n`).join('');
}

function startLine({ wall, at, allDay }: NonNullable<CalendarEvent['start']>): string {
  if (allDay) return `DTSTART;VALUE=DATE:${utc(wall).slice(0, 8)}`;
  return at === null ? `DTSTART:${utc(wall).slice(0, -1)}` : `DTSTART:${utc(at)}`;
}

const utc = (at: number): string => new Date(at).toISOString().replace(/[-:]|\.\d{3}/g, '');

/** RFC 5545 §3.2: a quoted value has no quotes in it. */
const named = (name: string): string => (name === '' ? '' : `;CN="${oneLine(name).replaceAll('"', "'")}"`);

const oneLine = (text: string): string => cleanText(text).trim();

/** RFC 5545 §3.1: no line is longer than 75 octets, and no letter is cut. */
function folded(line: string): string {
  const pieces: string[] = [];
  let piece = '';
  let size = 0;
  for (const letter of line) {
    const octets = Buffer.byteLength(letter);
    if (size + octets > LONGEST_LINE) {
      pieces.push(piece);
      piece = '';
      size = 1;
    }
    piece += letter;
    size += octets;
  }
  return [...pieces, piece].join('\r\n ');
}

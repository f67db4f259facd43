import { describe, expect, test } from 'vitest';
import { windowsNames } from '../daemon/mail/calendar/windows-zones.ts';
import { answerEvent, type CalendarEvent, readEvent } from '../daemon/mail/calendar.ts';

const ics = (event: string, { method = 'REQUEST', before = '' } = {}) =>
  `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:${method}\r\n${before}BEGIN:VEVENT\r\nUID:u1@example.net\r\n${event.replace(/\r?\n/g, '\r\n')}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`;
const read = (event: string, more = {}): CalendarEvent => readEvent(ics(event, more))!;
const iso = (at: number | null | undefined) => (at == null ? at : new Date(at).toISOString());

const outlookZone = `BEGIN:VTIMEZONE
TZID:W. Europe Standard Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
`;

describe('readEvent', () => {
  test('reads who, what, when and where, unfolded and unescaped, on one line', () => {
    const event =
      read(`SUMMARY:Garden\\, and the\r\n  rest\u202e\nLOCATION:Shed\\nbehind\nDESCRIPTION:One\\nTwo\nSEQUENCE:3
DTSTART;TZID=Europe/Berlin:20260701T140000\nDTEND;TZID=Europe/Berlin:20260701T153000
ORGANIZER;CN="Bo; Ek":MAILTO:bo@example.net
ATTENDEE;PARTSTAT=ACCEPTED;CN=Ann:mailto:Ann@Example.org\nATTENDEE;ROLE=OPT-PARTICIPANT:mailto:x%40y@example.net\nATTENDEE:urn:uuid:1
BEGIN:VALARM\nSUMMARY:Wrong\nEND:VALARM`);
    expect(event).toMatchObject({
      method: 'request',
      uid: 'u1@example.net',
      sequence: 3,
      summary: 'Garden, and the rest',
      location: 'Shed behind',
      description: 'One\nTwo',
      cancelled: false,
      organizer: { name: 'Bo; Ek', address: 'bo@example.net' },
      guests: [
        { name: 'Ann', address: 'ann@example.org', status: 'accepted', optional: false },
        { address: '', status: 'needs-action', optional: true },
        { address: '' },
      ],
    });
    expect(iso(event.start?.at)).toBe('2026-07-01T12:00:00.000Z');
    expect(iso(event.end?.at)).toBe('2026-07-01T13:30:00.000Z');
  });

  // A time, and the moment it is.
  test.each([
    ['DTSTART:20261126T140000Z', '2026-11-26T14:00:00.000Z'],
    ['DTSTART;TZID=America/New_York:20261126T140000', '2026-11-26T19:00:00.000Z'],
    ['DTSTART;TZID=/freeassociation.sourceforge.net/Europe/Berlin:20261126T140000', '2026-11-26T13:00:00.000Z'],
    ['DTSTART;TZID="Asia/Kolkata":20261126T140000', '2026-11-26T08:30:00.000Z'],
    ['DTSTART;TZID=W. Europe Standard Time:20261126T140000', '2026-11-26T13:00:00.000Z'],
    ['DTSTART;TZID=W. Europe Standard Time:20260726T140000', '2026-07-26T12:00:00.000Z'],
    ['DTSTART;TZID=W. Europe Standard Time:20260329T040000', '2026-03-29T02:00:00.000Z'],
    ['DTSTART;TZID=W. Europe Standard Time:20260101T000000', '2025-12-31T23:00:00.000Z'],
    ['DTSTART;TZID=Nowhere/Known:20261126T140000', null],
    ['DTSTART:20261126T140000', null],
    ['DTSTART;VALUE=DATE:20261126', null],
  ])('%s is %s', (line, moment) => {
    const { start } = read(line, { before: outlookZone.replace(/\n/g, '\r\n') });
    expect(iso(start!.at)).toBe(moment);
    expect(start!.allDay).toBe(line.includes('VALUE=DATE'));
  });

  // Names of Windows that the mail does not describe; by what its settings show only where that is sure.
  test.each([
    ['W. Europe Standard Time', '2026-07-01T12:00:00.000Z'],
    ['w. europe standard time', '2026-07-01T12:00:00.000Z'],
    ['Pacific Standard Time', '2026-07-01T21:00:00.000Z'],
    ['Pacific Standard Time (Mexico)', '2026-07-01T21:00:00.000Z'],
    ['Tokyo Standard Time', '2026-07-01T05:00:00.000Z'],
    ['India Standard Time', '2026-07-01T08:30:00.000Z'],
    ['AUS Eastern Standard Time', '2026-07-01T04:00:00.000Z'],
    ['Russia Time Zone 11', '2026-07-01T02:00:00.000Z'],
    ['UTC-11', '2026-07-02T01:00:00.000Z'],
    ['UTC', '2026-07-01T14:00:00.000Z'],
    ['"tzone://Microsoft/Utc"', '2026-07-01T14:00:00.000Z'],
    ['"tzone://Microsoft/Custom"', null],
    ['"(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna"', '2026-07-01T12:00:00.000Z'],
    ['"(GMT+01:00) Amsterdam, Berlin"', '2026-07-01T12:00:00.000Z'],
    ['"(UTC) Dublin, Edinburgh, Lisbon, London"', '2026-07-01T13:00:00.000Z'],
    ['"(UTC-08:00) Pacific Time (US & Canada)"', '2026-07-01T21:00:00.000Z'],
    ['"(UTC+05:30) Chennai, Kolkata, Mumbai, New Delhi"', '2026-07-01T08:30:00.000Z'],
    ['"(UTC+08:00) Beijing, Chongqing, Hong Kong, Urumqi"', '2026-07-01T06:00:00.000Z'],
    ['"(UTC+10:00) Canberra, Melbourne, Sydney"', '2026-07-01T04:00:00.000Z'],
    ['"(UTC+02:00) Berlin"', null],
    ['"(UTC+10:00) Brisbane, Sydney"', '2026-07-01T04:00:00.000Z'],
    ['"(UTC+01:00) West Central Africa"', null],
    ['"(UTC+01:00) Warsaw, Lagos"', null],
    ['"(UTC+01:00)"', null],
    ['"(UTC-05:00) Wonder Time (US & Canada)"', null],
    ['Wonderland Standard Time', null],
    ['/softwarestudio.org/Olson_20011030_5/America/Indiana/Indianapolis', '2026-07-01T18:00:00.000Z'],
    ['/example.com/UTC', '2026-07-01T14:00:00.000Z'],
    ['/example.com/Nowhere/Known', null],
  ])('knows the zone %s', (zone, moment) => {
    expect(iso(read(`DTSTART;TZID=${zone}:20260701T140000`).start!.at)).toBe(moment);
  });

  test('believes what a mail says of a zone before what Windows means by its name', () => {
    const before = outlookZone.replaceAll('+0200', '+0500').replace(/\n/g, '\r\n');
    const { start } = read('DTSTART;TZID=W. Europe Standard Time:20260701T140000', { before });
    expect(iso(start!.at)).toBe('2026-07-01T09:00:00.000Z');
  });

  test('pairs every name of Windows with a zone that is there', () => {
    const names = [...windowsNames()];
    expect(names.length).toBeGreaterThan(135);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names)
      expect([name, read(`DTSTART;TZID="${name}":20260701T140000`).start!.at]).toEqual([name, expect.any(Number)]);
  });

  test.each(['DTSTART:soon', 'DTSTART:20261345T140000', 'DTSTART:', 'X:1'])('has no time by %s', line => {
    expect(read(line).start).toBeNull();
  });

  test.each([
    ['DTEND:20261126T150000Z', '2026-11-26T15:00:00.000Z'],
    ['DURATION:PT1H30M', '2026-11-26T15:30:00.000Z'],
    ['DURATION:P1DT1H', '2026-11-27T15:00:00.000Z'],
    ['DTEND:20261126T130000Z', undefined],
    ['DURATION:-PT1H', undefined],
    ['X:1', undefined],
  ])('ends by %s at %s', (line, end) => {
    expect(iso(read(`DTSTART:20261126T140000Z\n${line}`).end?.at)).toBe(end);
  });

  test.each([
    ['FREQ=DAILY', { every: 'day', interval: 1, days: [], nth: null, ends: null }],
    ['FREQ=WEEKLY;INTERVAL=2;BYDAY=WE,MO;WKST=MO', { every: 'week', interval: 2, days: [1, 3], nth: null, ends: null }],
    ['FREQ=MONTHLY;BYMONTHDAY=26;COUNT=5', { every: 'month', interval: 1, days: [], nth: null, ends: { count: 5 } }],
    [
      'FREQ=YEARLY;UNTIL=20301126T140000Z',
      { every: 'year', interval: 1, days: [], nth: null, ends: { until: Date.UTC(2030, 10, 26) } },
    ],
    ['FREQ=MONTHLY;BYDAY=2TU', { every: 'month', interval: 1, days: [2], nth: 2, ends: null }],
    [
      'FREQ=MONTHLY;BYDAY=FR;BYSETPOS=-1;COUNT=3',
      { every: 'month', interval: 1, days: [5], nth: -1, ends: { count: 3 } },
    ],
    ['FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1', { every: 'otherwise' }],
    ['FREQ=MONTHLY;BYDAY=1TU,3TU', { every: 'otherwise' }],
    ['FREQ=MONTHLY;BYDAY=-2TU', { every: 'otherwise' }],
    ['FREQ=MONTHLY;BYDAY=TU', { every: 'otherwise' }],
    ['FREQ=YEARLY;BYMONTH=5;BYDAY=2SU', { every: 'otherwise' }],
    ['FREQ=WEEKLY;BYDAY=TU;BYSETPOS=1', { every: 'otherwise' }],
    ['FREQ=DAILY;BYHOUR=9,17', { every: 'otherwise' }],
    ['FREQ=SECONDLY', { every: 'otherwise' }],
    ['nonsense', { every: 'otherwise' }],
  ])('repeats by %s', (rule, repeats) => {
    expect(read(`DTSTART:20261126T140000Z\nRRULE:${rule}`).repeats).toEqual(repeats);
  });

  test('takes the event itself before its exceptions', () => {
    const text = ics('RECURRENCE-ID:20261127T140000Z\nSUMMARY:Exception').replace(
      'END:VCALENDAR',
      'BEGIN:VEVENT\r\nUID:u1@example.net\r\nSUMMARY:Master\r\nEND:VEVENT\r\nEND:VCALENDAR',
    );
    expect(readEvent(text)?.summary).toBe('Master');
  });

  test.each([
    ['CANCEL', 'cancel', true],
    ['REPLY', 'reply', false],
    ['PUBLISH', 'publish', false],
    ['', 'publish', false],
  ])('knows the method %s', (method, known, cancelled) => {
    expect(read('SUMMARY:x', { method })).toMatchObject({ method: known, cancelled });
  });

  test.each(['', 'BEGIN:VCALENDAR', 'BEGIN:VCALENDAR\nEND:VEVENT', 'words', 'BEGIN:VTODO\nSUMMARY:x\nEND:VTODO'])(
    'finds no event in %j',
    text => {
      expect(readEvent(text)).toBeNull();
    },
  );

  test.each([
    ['lines', 'ATTENDEE:mailto:a@example.net\r\n'.repeat(20_000)],
    ['components', 'BEGIN:VALARM\r\n'.repeat(40_000)],
    ['folds', ` ${'x'.repeat(10)}\r\n`.repeat(40_000)],
    ['question marks', `ATTENDEE:mailto:${'?'.repeat(90_000)}\u2028x\r\n`.repeat(5)],
    ['parameters', `ATTENDEE${';A="b"'.repeat(60_000)}:mailto:a@example.net`],
    [
      'zones',
      'BEGIN:VTIMEZONE\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n'.repeat(
        4_000,
      ),
    ],
  ])('reads a bomb of %s, bounded', (_, text) => {
    const event = readEvent(`BEGIN:VCALENDAR\r\n${text}\r\nBEGIN:VEVENT\r\n${text}\r\nEND:VEVENT\r\nEND:VCALENDAR`);
    expect(event?.guests.length ?? 0).toBeLessThanOrEqual(500);
  });
});

describe('answerEvent', () => {
  const who = { name: 'Ann "A" Lindqvist', address: 'ann@example.org' };
  const at = Date.UTC(2026, 10, 26, 9);

  test('is a REPLY of one attendee that is read back as such, in lines of 75 octets', () => {
    const event = read(
      `SUMMARY:${'Grüße, '.repeat(40)}\nSEQUENCE:2\nDTSTART;TZID=Europe/Berlin:20260701T140000\nRECURRENCE-ID;TZID=Europe/Berlin:20260701T140000\nORGANIZER;CN=Bo:mailto:bo@example.net\nATTENDEE:mailto:ann@example.org`,
    );
    const text = answerEvent({ event, who, answer: 'tentative', at });
    expect(Math.max(...text.split('\r\n').map(line => Buffer.byteLength(line)))).toBeLessThanOrEqual(75);
    expect(text).toContain('RECURRENCE-ID;TZID=Europe/Berlin:20260701T140000\r\n');
    expect(text).toContain('DTSTART:20260701T120000Z\r\n');
    expect(readEvent(text)).toMatchObject({
      method: 'reply',
      uid: 'u1@example.net',
      sequence: 2,
      summary: event.summary,
      organizer: { name: 'Bo', address: 'bo@example.net' },
      guests: [{ name: "Ann 'A' Lindqvist", address: 'ann@example.org', status: 'tentative' }],
    });
  });

  test('lets nothing of an invitation begin a line of its own', () => {
    const evil = read(
      'SUMMARY:x\\nATTENDEE:mailto:eve@evil.example\nRECURRENCE-ID;TZID="a:b\\nX:1":20260701T140000\nORGANIZER;CN="a\\nX-EVIL:1":mailto:bo@example.net',
    );
    const lines = answerEvent({ event: { ...evil, uid: 'u\r\nX-EVIL:2' }, who, answer: 'accepted', at }).split('\r\n');
    expect(lines.filter(line => /^(?:X-EVIL|ATTENDEE:)/.test(line))).toEqual([]);
    expect(lines).toContain('RECURRENCE-ID:20260701T140000');
  });
});

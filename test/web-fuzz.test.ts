/** Letters cut at every octet, and broken at random: whatever is left of one is filed, and every page of it answers. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scan } from '../daemon/mail/parts.ts';
import type { Account } from '../daemon/store.ts';
import { randomFrom } from './random.ts';
import { openSite, type TestSite } from './site.ts';
import { attribute, property, tnef } from './tnef-writer.ts';

const pack = tnef(
  attribute(2, 0x9002, ''),
  attribute(2, 0x800f, 'what is in it'),
  attribute(2, 0x9005, property([0x3707, 'räport.txt'])),
);

/** Of everything that is read of a message, a little. */
const letters = [
  `From: =?utf-8?q?B=C3=B6?= "x\\"y" <bo@x.test>, =?iso-2022-jp?B?GyRCRnxLXBsoQg==?= <a@b.test>
To: Friends: ann@example.org, (c) "o, p" <q@r.test>;
Subject: =?utf-8?b?w6TDtg==?= =?utf-8?q?=C3?= =?utf-8?q?=BC?=
Date: Thu, 26 Nov 2026 08:00:00 +0100 (x)
Message-ID: <a.b@c>
References: <1@c> <2@c>
List-Id: N <l.x.test>
List-Unsubscribe: <mailto:l@x.test?subject=un&body=b>, <https://x.test/u?a=1>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
Disposition-Notification-To: bo@x.test
Authentication-Results: example.org; spf=pass smtp.mailfrom=bo@x.test; dkim=fail (x) header.d=x.test
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="b b"

--b b
Content-Type: multipart/alternative; boundary*0="c"; boundary*1="d"

--cd
Content-Type: text/plain; charset="iso-2022-jp"; format=flowed; delsp=yes
Content-Transfer-Encoding: quoted-printable

> a =1B$BF|K\\=1B(B
https://x.test/ =
=C3=
-- 
B
--cd
Content-Type: text/html; charset=utf-7

<p style="color:red">+ADw-script+AD4-alert(1)+ADw-/script+AD4- <img src="cid:i@x"><a href="https://e.test/">x.test</a>
--cd--
--b b
Content-Type: image/png; name*0*=utf-8''%C3%A4; name*2="x"; name*1="b"
Content-ID: <i@x>
Content-Disposition: inline; filename*=iso-8859-1'de'%E4.png
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--b b--
`,
  `From: bo@x.test
Subject: packed
Content-Type: multipart/mixed; boundary=m

--m
Content-Type: application/ms-tnef; name=winmail.dat
Content-Transfer-Encoding: base64

${pack.toString('base64').replace(/.{76}/g, '$&\n')}
--m
Content-Type: text/calendar; method=REQUEST; charset=utf-8

BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VTIMEZONE
TZID:Here
BEGIN:STANDARD
DTSTART:19701025T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:u@x
SUMMARY:Lunch\\, or not
DTSTART;TZID=Here:20261126T140000
DURATION:PT1H
RRULE:FREQ=WEEKLY;BYDAY=MO,TU;COUNT=5
EXDATE;TZID=Here:20261127T140000
ORGANIZER;CN="Bo":mailto:bo@x.test
ATTENDEE;PARTSTAT=NEEDS-ACTION;CN=Ann:mailto:ann@example.org
END:VEVENT
END:VCALENDAR
--m
Content-Type: message/rfc822

From: in@x.test
Subject: within
Content-Type: multipart/related; boundary=n

--n
Content-Type: text/html

<b>x
--n--
--m
Content-Type: text/plain
Content-Transfer-Encoding: x-uuencode

begin 644 a
#86)C
end
--m--
`,
].map(text => Buffer.from(text.replaceAll('\n', '\r\n'), 'latin1'));

const TOO_MUCH = ['\0', '\r', '\n', '\r\n\r\n', '"', '(', '=?', '\xff\xfe', '<', ';', '--', '%', '\\', '*0=', ':'];

let site: TestSite;
let ann: Account;
let b: ReturnType<TestSite['browser']>;

beforeAll(async () => {
  site = await openSite({ host_domain: ['example.org'] });
  ann = await site.account('ann');
  b = site.browser();
  await b.login('ann');
  await b.post('/settings/writing', { begin: 'formatted' });
});
afterAll(() => site.close());

test('a letter cut at any octet is scanned, its parts in order and within it', () => {
  for (const letter of letters)
    for (let end = 0; end <= letter.length; end++) {
      const open = [scan(letter.subarray(0, end)).root];
      for (let part = open.pop(); part; part = open.pop()) {
        expect(part.headerFrom <= part.bodyFrom && part.bodyFrom <= part.bodyTo && part.bodyTo <= end).toBe(true);
        open.push(...part.parts);
      }
    }
});

/** Cut, flipped, shortened, doubled, or with what belongs elsewhere in it. */
function broken(letter: Buffer, rnd: (below: number) => number): Buffer {
  const at = rnd(letter.length);
  switch (rnd(5)) {
    case 0:
      return letter.subarray(0, at);
    case 1: {
      const flipped = Buffer.from(letter);
      for (let n = 1 + rnd(6); n > 0; n--) flipped[rnd(flipped.length)]! ^= 1 << rnd(8);
      return flipped;
    }
    case 2:
      return Buffer.concat([letter.subarray(0, at), letter.subarray(at + rnd(60))]);
    case 3: {
      const from = rnd(letter.length);
      return Buffer.concat([letter.subarray(0, at), letter.subarray(from, from + rnd(80)), letter.subarray(at)]);
    }
    default: {
      const sign = Buffer.from(TOO_MUCH[rnd(TOO_MUCH.length)]!.repeat(1 + rnd(3)), 'latin1');
      return Buffer.concat([letter.subarray(0, at), sign, letter.subarray(at)]);
    }
  }
}

const partsOf = (letter: Buffer): string[] => {
  const ids: string[] = [];
  const open = [scan(letter).root];
  for (let part = open.pop(); part; part = open.pop()) {
    ids.push(part.id || '1');
    open.push(...part.parts);
  }
  return ids;
};

test('every page of a broken letter answers, and none of them brings a script', { timeout: 240_000 }, async () => {
  const rnd = randomFrom(2_026);
  for (let n = 0; n < 120; n++) {
    const letter = n < letters.length ? letters[n]! : broken(letters[n % letters.length]!, rnd);
    const id = await site.deliver(ann, letter);
    const whole = ['body', 'print', 'headers', 'source', 'attachments.zip'].map(page => `/messages/${id}/${page}`);
    const parts = partsOf(letter)
      .slice(0, 4)
      .flatMap(part => ['', '?inline', '/view'].map(how => `/messages/${id}/parts/${part}${how}`));
    const compose = ['reply=', 'forward='].map(how => `/compose?${how}${id}&all`);
    for (const path of [`/mail/inbox/${id}`, ...whole, ...parts, ...compose]) {
      const { status, html, headers } = await b.page(path);
      const what = () => `${path.replace(String(id), 'N')} of ${JSON.stringify(letter.toString('latin1'))}`;
      if (![200, 404].includes(status)) expect.fail(`${status} ${what()}`);
      if (headers.get('Content-Type')?.startsWith('text/html') && html.includes('<script>alert')) expect.fail(what());
    }
  }
});

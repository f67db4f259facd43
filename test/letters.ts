/** A mailbox as a person has it, for pictures and pages: many scripts, long words, files, a newsletter, an empty mail. */
type Letter = { name: string /** Hours. */; age: number; source: string };

const plain = (from: string, subject: string, text: string, more = ''): string =>
  `From: ${from}\nTo: Ann Lindqvist <ann@example.org>\nSubject: ${subject}\nDate: Mon, 23 Nov 2026 09:00:00 +0000\nMessage-ID: <${Buffer.from(subject).toString('hex')}@example.net>\n${more}MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n${text}`;

const png =
  'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAGUlEQVR4nGP8z8DwnwEPYMInOXwUMDAwAABh4wEPO3bYtwAAAABJRU5ErkJggg==';

const newsletter = `From: "Field & Garden" <news@fieldandgarden.example>
To: ann@example.org
Subject: What to sow before the frost
Date: Sun, 22 Nov 2026 07:30:00 +0000
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain; charset=utf-8

What to sow before the frost: broad beans, garlic, winter peas.

--b
Content-Type: text/html; charset=utf-8

<html><body style="margin:0;background:#eef3ea"><table width="100%" cellpadding="0" cellspacing="0"><tr><td align="center"><table width="560" style="background:#ffffff;font-family:Georgia,serif;color:#23301f"><tr><td style="padding:32px"><h1 style="margin:0 0 12px;font-size:26px">What to sow before the frost</h1><img src="https://img.fieldandgarden.example/beans.jpg" width="496" height="200" alt="Broad beans"><p style="font-size:16px;line-height:1.6">Broad beans, garlic and winter peas all want to be in the ground before the first hard night. Here is how deep, how far apart, and what to cover them with.</p><p><a href="https://fieldandgarden.example/november" style="background:#3b6b2f;color:#ffffff;padding:10px 18px;text-decoration:none;border-radius:4px">Read the calendar</a></p><img src="https://t.fieldandgarden.example/open.gif" width="1" height="1"></td></tr></table></td></tr></table></body></html>
--b--
`;

const withFiles = `From: Jörg Weiß <joerg@beispiel.example>
To: Ann Lindqvist <ann@example.org>, Committee <committee@example.org>
Cc: Märta Ek <marta@example.se>
Subject: Plan of the allotment, and the minutes 📎
Date: Sun, 22 Nov 2026 18:12:00 +0000
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=m

--m
Content-Type: text/plain; charset=utf-8; format=flowed

Dear all,

the plan with the new water pipe is attached, and the minutes of
Thursday. Please say by Friday if something is missing:
https://allotment.example/minutes/2026-11

> Could you send the plan again?
>> The old one had the pipe on the wrong side.
> Thanks!

Best
Jörg
--${' '}
Kleingartenverein Sonnental e.V.

--m
Content-Type: image/png; name="plan.png"
Content-Disposition: attachment; filename="plan.png"
Content-Transfer-Encoding: base64

${png}
--m
Content-Type: application/pdf
Content-Disposition: attachment; filename*=utf-8''Protokoll%20der%20au%C3%9Ferordentlichen%20Mitgliederversammlung%202026.pdf
Content-Transfer-Encoding: base64

${'JVBERi0xLjQK'.repeat(400)}
--m--
`;

export const letters: Letter[] = [
  { name: 'plain', age: 0.4, source: withFiles },
  { name: 'html', age: 2, source: newsletter },
  {
    name: 'short',
    age: 3,
    source: plain(
      'Bo Ek <bo@example.net>',
      'Saturday?',
      'Shall we walk around the lake on Saturday? The garden can wait.',
    ),
  },
  {
    name: 'rtl',
    age: 5,
    source: plain('ליאת כהן <liat@example.il>', 'שלום מתל אביב', 'שלום אן,\n\nמה שלומך? נגיע ביום רביעי בערב.\n\nליאת'),
  },
  {
    name: 'odd',
    age: 9,
    source: plain(
      'Donaudampfschifffahrtsgesellschaftskapitänswitwenrentenauszahlungsstelle@verwaltung.example',
      'Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz_und_kein_Leerzeichen_weit_und_breit',
      `${'Sehrlangeswort'.repeat(30)}\n\n👩‍👩‍👧‍👦🎉 ok`,
    ),
  },
  {
    name: 'cjk',
    age: 20,
    source: plain(
      '山田 太郎 <taro@example.jp>',
      '来週の会議について',
      'お疲れ様です。来週の会議の資料をお送りします。ご確認ください。',
    ),
  },
  { name: 'nosubject', age: 26, source: plain('x@example.net', '', '') },
  {
    name: 'invitation',
    age: 44,
    source: `From: Bo Ek <bo@example.net>\nTo: Ann Lindqvist <ann@example.org>\nSubject: Invitation: planning the beds\nDate: Fri, 20 Nov 2026 10:00:00 +0000\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=i\n\n--i\nContent-Type: text/plain; charset=utf-8\n\nShall we plan the beds for spring? Tea will be there.\n\n--i\nContent-Type: text/calendar; charset=utf-8; method=REQUEST\n\nBEGIN:VCALENDAR\nVERSION:2.0\nMETHOD:REQUEST\nBEGIN:VEVENT\nUID:beds@example.net\nSEQUENCE:0\nSUMMARY:Planning the beds\nLOCATION:Allotment\\, the green shed\nDTSTART;TZID=America/New_York:20261203T100000\nDTEND;TZID=America/New_York:20261203T113000\nRRULE:FREQ=WEEKLY;BYDAY=TH;COUNT=4\nORGANIZER;CN=Bo Ek:mailto:bo@example.net\nATTENDEE;CN=Ann Lindqvist;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:ann@example.org\nATTENDEE;CN=Märta Ek;PARTSTAT=ACCEPTED:mailto:marta@example.se\nATTENDEE;PARTSTAT=TENTATIVE:mailto:someone.with.a.very.long.address.indeed@a-very-long-domain-name.example\nEND:VEVENT\nEND:VCALENDAR\n--i--\n`,
  },
  {
    name: 'doubtful',
    age: 45,
    source: `From: "Bo Ek" <bo@exarnple.org>\nReply-To: treasurer@elsewhere.example\nTo: ann@example.org\nSubject: Please pay the invoice today\nList-Id: Allotment news <news.allotment.example>\nList-Unsubscribe: <https://lists.allotment.example/leave?id=1>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\nDisposition-Notification-To: bo@exarnple.org\nDate: Fri, 20 Nov 2026 09:00:00 +0000\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n<p>Dear Ann,</p><p>please pay by Friday: <a href="https://pay.evil.example/x">https://bank.example/pay</a></p><p style="color:#666">Thank you</p><table><tr><td bgcolor="#0f6674" style="padding:12px;color:#fff">Pay now</td></tr></table>\n`,
  },
  {
    name: 'long',
    age: 40,
    source: plain(
      'Cycling Club <club@example.org>',
      'Minutes of the general meeting, with all motions, amendments, and the treasurer’s report of 2026',
      'Present: 41 members.\n\n'.repeat(40),
    ),
  },
  ...[
    'Invoice 2026-1141',
    'Your parcel is on its way',
    'Re: Roof repair',
    'Photos of Sunday',
    'Lunch on Thursday?',
    'Book club: next is Middlemarch',
    'Password changed',
    'Re: Re: garden hose',
    'Holiday dates',
    'Concert tickets',
    'Choir rehearsal moved',
    'Car service due',
    'Library: your loan ends',
  ].map(
    (subject, i): Letter => ({
      name: `more${i}`,
      age: 50 + i * 37 * (i + 1),
      source: plain(
        [
          'Eva Sand <eva@example.net>',
          'Post <noreply@post.example>',
          'Olu Adeyemi <olu@example.com>',
          'Mum <mum@example.se>',
        ][i % 4] ?? '',
        subject,
        'Just a short note so that there is something to read in this row; more of it than fits, to see how it ends.',
      ),
    }),
  ),
];

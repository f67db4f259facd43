import { describe, expect, it } from 'vitest';
import { formatDate, isZoneText, overrideZone, parseDate } from '../daemon/mail/date.ts';
import { indexText, longestIndexed } from '../daemon/mail/index-text.ts';
import { scan } from '../daemon/mail/parts.ts';
import { htmlText, idsOf, readTexts, summarise, textParts } from '../daemon/mail/summary.ts';
import { indexWords } from '../daemon/mail/words.ts';
import { cpuMillis } from './cpu.ts';

function summaryOf(content: string | Buffer) {
  const bytes = Buffer.isBuffer(content) ? content : Buffer.from(content);
  const { header, root } = scan(bytes);
  const found = textParts(root).map(part => ({ part, bytes: bytes.subarray(part.bodyFrom, part.bodyTo) }));
  const index = indexText(header, root, (from, to) => bytes.subarray(from, to));
  return { summary: summarise(header, root, readTexts(found)), index };
}

const snippet = (body: string) => summaryOf(`Subject: x\n\n${body}`).summary.snippet;

describe('summarise', () => {
  it('summarise fills a list row and the search words', () => {
    const { summary, index } = summaryOf(
      [
        'From: =?utf-8?q?J=C3=B6rg?= <joerg@example.org>',
        'To: "Smith, Ann" <ann@example.org>, bob@example.net',
        'Cc: Team: c@example.org;',
        'Subject: =?utf-8?b?R3LDvMOfZQ==?=',
        'Date: Mon, 1 Jan 2024 12:00:00 +0100 (CET)',
        'Message-ID: <id1@example.org>',
        'In-Reply-To: <id0@example.org> (comment)',
        'References: <a@x>\n <b@x>',
        'Content-Type: multipart/mixed; boundary=b',
        '',
        '--b',
        'Content-Type: text/plain; charset=utf-8; format=flowed',
        '',
        'Hallo Ann, ',
        'wie geht es?',
        '',
        '--b',
        'Content-Type: application/pdf; name="Bericht 2024.pdf"',
        'Content-Disposition: attachment',
        '',
        'x',
        '--b--',
      ].join('\n'),
    );
    expect(summary).toEqual({
      subject: 'Grüße',
      fromName: 'Jörg',
      fromAddress: 'joerg@example.org',
      to: 'Smith, Ann, bob@example.net, c@example.org',
      date: Date.UTC(2024, 0, 1, 11),
      snippet: 'Hallo Ann, wie geht es?',
      messageId: 'id1@example.org',
      inReplyTo: 'id0@example.org',
      references: ['a@x', 'b@x'],
      attachments: 1,
    });
    // The store splits it into words.
    const split = {
      subject: indexWords(index.subject),
      from: indexWords(index.from),
      to: indexWords(index.to),
      cc: indexWords(index.cc),
      files: indexWords(index.files),
      body: indexWords(index.body),
    };
    expect(split).toEqual({
      subject: 'grusse',
      from: 'jorg joerg example org',
      to: 'smith ann ann example org bob example net',
      cc: 'c example org',
      files: 'bericht 2024 pdf',
      body: 'hallo ann wie geht es',
    });
  });

  it('summarise of nothing is empty, not an error', () => {
    expect(summaryOf('').summary).toEqual({
      subject: '',
      fromName: '',
      fromAddress: '',
      to: '',
      date: null,
      snippet: '',
      messageId: null,
      inReplyTo: null,
      references: [],
      attachments: 0,
    });
  });

  it('summarise keeps the root and the latest of a long thread', () => {
    const ids = Array.from({ length: 80 }, (_, i) => `<${i}@x>`);
    const { references } = summaryOf(`References: ${ids.join('\n ')}\n\n`).summary;
    expect(references.length).toBe(50);
    expect([references[0], references[1], references[49]]).toEqual(['0@x', '31@x', '79@x']);
  });

  it('summarise takes a Message-ID without brackets', () => {
    expect(summaryOf('Message-ID: abc@x\n\n').summary.messageId).toBe('abc@x');
    expect(idsOf('<a@x><b@x>, <<c@x>> <> < d@x>')).toEqual(['a@x', 'b@x', 'c@x']);
  });

  it('summarise lets nothing unseen into a list row', () => {
    const { summary } = summaryOf(
      'From: =?utf-8?q?a=0D=0Ab=E2=80=AE?= <x@y>\nSubject: =?utf-8?q?=00s=1B[0m?=\n\nt\u202ex\u0007',
    );
    expect([summary.fromName, summary.subject, summary.snippet]).toEqual(['a b', 's[0m', 'tx']);
  });

  it('summarise takes the snippet from the HTML where there is no plain text', () => {
    expect(summaryOf(alternative('')).summary.snippet).toBe('rich words');
  });
});

const alternative = (plain: string) =>
  `Content-Type: multipart/alternative; boundary=b\n\n--b\n\n${plain}\n--b\nContent-Type: text/html\n\n<p>rich words</p>\n--b--`;

describe('indexText', () => {
  const mixed = (...parts: string[]) =>
    `Content-Type: multipart/mixed; boundary=m\n\n${parts.map(p => `--m\n${p}\n`).join('')}--m--\n`;
  const words = (content: string) => indexWords(summaryOf(content).index.body);

  it('indexText reads the HTML where there is little plain text', () => {
    expect(words(alternative('plain words'))).toBe('plain words rich words');
    expect(words(alternative('word '.repeat(100)))).not.toContain('rich');
  });

  it('indexText reads all of every text, however many and however long', () => {
    const long = Array.from({ length: 20_000 }, (_, i) => `w${i}`).join(' ');
    expect(words(mixed(`\n${long}`, '\nsecond')).split(' ')).toHaveLength(20_001);
    const many = Array.from({ length: 12 }, (_, i) => `\ntext${i}`);
    expect(words(mixed(...many))).toBe(many.join(' ').replaceAll('\n', ''));
    expect(words(mixed(`\n${'word '.repeat(100)}`, 'Content-Type: text/html\n\n<p>rich</p>'))).toMatch(/ rich$/);
  });

  it('indexText reads attached texts, the texts of attached messages, and the names of files', () => {
    const attached = 'Content-Type: text/csv; name="sums.csv"\nContent-Disposition: attachment\n\napples;12';
    const message = `Content-Type: message/rfc822\n\nSubject: inner\n${mixed('\nforwarded', attached).replaceAll('--m', '--n').replace('=m', '=n')}`;
    const content = mixed('\ncover', attached, message);
    expect(words(content)).toBe('cover apples 12 forwarded apples 12');
    expect(indexWords(summaryOf(content).index.files)).toBe('sums csv sums csv');
  });

  it('indexText reads base64 whole, and of a giant the first megabyte', () => {
    const encoded = Buffer.from(`${'a '.repeat(60_000)}end`).toString('base64');
    expect(words(`Content-Transfer-Encoding: base64\n\n${encoded}`)).toMatch(/a end$/);
    const giant = words(`Subject: x\n\n${'1234567 '.repeat(200_000)}`);
    expect(giant.length).toBe(longestIndexed - 1);
  });

  it('indexText of what was forged ends quickly', () => {
    const hostile = mixed(...Array.from({ length: 1100 }, () => 'Content-Type: text/html\n\n<p<<!--'));
    const before = process.cpuUsage();
    words(hostile);
    expect(cpuMillis(before)).toBeLessThan(1000);
  });
});

describe('the snippet', () => {
  it.each([
    ['Hello\n\n  world\t!\n', 'Hello world !'],
    // quotes and what introduces them, in any language, on one or two lines
    ['On Monday, Ann wrote:\n> quoted\n\nMy answer', 'My answer'],
    ['Am Montag schrieb Ann\n<ann@x.y>:\n\n> quoted\nMeine Antwort', 'Meine Antwort'],
    ['> only\n> quoted', 'only quoted'],
    ['As follows:\nplain', 'As follows: plain'],
    // signature, rules, the original below
    ['text\n-- \nAnn', 'text'],
    ['text\n-----Original Message-----\nFrom: x', 'text'],
    ['=====\n*** \ntext', 'text'],
    ['-- \nonly a signature', '-- only a signature'],
    // filler of newsletters
    ['Offer\u200c \u200c \u034f\u00a0\u00ad more', 'Offer more'],
    [`${'a '.repeat(200)}`, `${'a '.repeat(100)}`.trim()],
    [`${'a'.repeat(199)}😀`, 'a'.repeat(199)],
  ])('the snippet of %j is %j', (body, wanted) => {
    expect(snippet(body)).toBe(wanted);
  });
});

describe('htmlText', () => {
  it.each([
    ['<p>one</p><p>two<br>three', 'one\ntwo\nthree'],
    ['a<b>b</b>c', 'abc'],
    ['<td>a</td><td>b</td>', 'a\nb'],
    ['<style>p{}</style><script>x<y</script>text', 'text'],
    ['<HEAD><TITLE>t</TITLE></HEAD><BODY>text', 'text'],
    ['<head><body>text', 'text'],
    ['<style>never ends', ''],
    ['<!-- a > b -->text<!--[if mso]>x<![endif]-->', 'text'],
    ['<![if !mso]>text<![endif]>', 'text'],
    ['<?xml version="1"?><!DOCTYPE html>text', 'text'],
    ['<a title="a > b" href=\'>\'>link</a>', 'link'],
    ['<a title="open>text', 'text'],
    [
      '&lt;b&gt; &amp;amp; &eacute;&#233;&#xE9; &nbsp;x &bogus; &#0; &#x110000;',
      '<b> &amp; ééé x &bogus; \u0000 \ufffd',
    ],
    ['1 < 2 and 3 > 2', '1 < 2 and 3 > 2'],
    ['<blockquote>q<blockquote>qq</blockquote></blockquote>own', '> q\n> qq\nown'],
    ['İ<STYLE>x</STYLE>text', 'İtext'],
    ['<', '<'],
    ['<a', ''],
    ['', ''],
  ])('htmlText of %j is %j', (html, wanted) => {
    expect(htmlText(html)).toBe(wanted);
  });
});

describe('parseDate', () => {
  it.each([
    ['Mon, 1 Jan 2024 12:00:00 +0100', '2024-01-01T11:00:00.000Z'],
    ['1 Jan 2024 12:00 -0530', '2024-01-01T17:30:00.000Z'],
    ['Mon, 01 Jan 24 12:00:00 GMT', '2024-01-01T12:00:00.000Z'],
    ['Mon, 1 Jan 99 12:00:00 EST', '1999-01-01T17:00:00.000Z'],
    ['Mon, 1 Jan 2024 12:00:00 +0100 (Mitteleurop\u00e4ische Zeit)', '2024-01-01T11:00:00.000Z'],
    ['Monday, 01-Jan-2024 12:00:00', '2024-01-01T12:00:00.000Z'],
    ['Mon Jan  1 12:00:00 2024', '2024-01-01T12:00:00.000Z'],
    ['Mon Jan  1 12:00:00 PST 2024', '2024-01-01T20:00:00.000Z'],
    ['2024-01-01T12:00:00+01:00', '2024-01-01T11:00:00.000Z'],
    ['1 Jan 2024 12:00:00 -600', '2024-01-01T18:00:00.000Z'],
    ['1 Jan 2024 12:00:00 JST', '2024-01-01T03:00:00.000Z'],
    ['2024-01-01 12:00:00', '2024-01-01T12:00:00.000Z'],
    ['1 Jan 2024 23:59:60 +0000', '2024-01-02T00:00:00.000Z'],
  ])('parseDate reads %j', (text, wanted) => {
    expect(new Date(parseDate(text)!).toISOString()).toBe(wanted);
  });

  it.each(['', 'yesterday', '32 Jan 2024 12:00:00', '1 Foo 2024 12:00:00', '1 Jan 2024 25:00:00', '2024-13-01', '0'])(
    'parseDate refuses %j',
    text => expect(parseDate(text)).toBeNull(),
  );

  it.each(['+1100', '-0800 PST', '-0600 CST', '+0100 CET', '+1200'])(
    'formatDate writes %s behind a time it leaves alone',
    text => {
      const at = new Date(2024, 1, 29, 11, 30, 33).getTime();
      expect(isZoneText(text)).toBe(true);
      overrideZone(text);
      const written = formatDate(at);
      overrideZone(null);
      expect(written).toBe(`Thu, 29 Feb 2024 11:30:33 ${text}`);
      expect(formatDate(at)).toMatch(/^Thu, 29 Feb 2024 11:30:33 [+-]\d{4}$/);
    },
  );

  it('formatDate writes what parseDate reads, in any zone', () => {
    const at = Date.UTC(2024, 1, 29, 23, 30, 5);
    expect(formatDate(at, 0)).toBe('Thu, 29 Feb 2024 23:30:05 +0000');
    expect(formatDate(at, 345)).toBe('Fri, 1 Mar 2024 05:15:05 +0545');
    expect(formatDate(at, -210)).toBe('Thu, 29 Feb 2024 20:00:05 -0330');
    for (const east of [-720, -210, 0, 60, 345, 840]) expect(parseDate(formatDate(at, east))).toBe(at);
    expect(parseDate(formatDate(at))).toBe(at);
  });
});

describe('bombs', () => {
  it.each([
    '<',
    '<a',
    '<a ',
    '<a x="',
    '<!--',
    '<!',
    '<style>',
    '<head>',
    '</',
    '&',
    '&#',
    '>',
    '"',
    '<p>',
    '<a x=\'"',
    '<blockquote>',
    '> ',
    '-- \n',
    ':\n',
    '> \n',
    'a:\n\n',
  ])('htmlText and the snippet of 400 KB of %j take under two seconds', piece => {
    const text = piece.repeat(Math.ceil(400_000 / piece.length));
    const started = process.cpuUsage();
    htmlText(text);
    snippet(text);
    expect(cpuMillis(started)).toBeLessThan(2_000);
  });

  it.each(['<', '(', '<a@b> ', ' ', ',', '0', '1 Jan '])('summarise of header fields full of %j is quick', piece => {
    const value = piece.repeat(60_000 / piece.length);
    const fields = ['From', 'To', 'Cc', 'Subject', 'Date', 'References', 'Message-ID'].map(
      name => `${name}: ${value}\n`,
    );
    const started = process.cpuUsage();
    summaryOf(`${fields.join('')}\nbody`);
    expect(cpuMillis(started)).toBeLessThan(2_000);
  });
});

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { simpleParser } from 'mailparser';
import { describe, expect, it } from 'vitest';
import { parseAddressList } from '../daemon/mail/address.ts';
import { flow } from '../daemon/mail/compose/flow.ts';
import {
  compose,
  composedSize,
  forwardSubject,
  type Letter,
  quoteText,
  replyRecipients,
  replyReferences,
  replySubject,
} from '../daemon/mail/compose.ts';
import { readHeader } from '../daemon/mail/header.ts';
import { decodeBody, partText, scan, unflow } from '../daemon/mail/parts.ts';

async function* pieces(...chunks: Buffer[]): AsyncIterable<Buffer> {
  yield* chunks;
}

async function drain(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const letter = (more: Partial<Letter> = {}): Letter => ({
  from: { name: 'Jörg', address: 'joerg@example.org' },
  to: [{ name: 'Ann, B.', address: 'ann@example.net' }],
  cc: [],
  subject: 'Hello',
  text: 'Hello Ann,\nhow are you?\n',
  date: Date.UTC(2024, 0, 1),
  messageId: 'id@example.org',
  ...more,
});

describe('compose', () => {
  it('compose writes a letter that others read as it was meant', async () => {
    const octets = Buffer.from([0, 1, 255, 10, 13, 10, 10]);
    const made = await drain(
      compose(
        letter({
          subject: 'Grüße',
          cc: [{ name: '', address: 'c@bücher.example' }],
          inReplyTo: '<a@b>',
          references: ['x@y', '<a@b>'],
          text: 'Grüße\n> quoted\nend',
          attachments: [
            { name: 'Übersicht 1.txt', type: 'text/plain', size: octets.length, content: () => pieces(octets) },
            { name: 'x.bin', type: 'a/b', size: 2, content: pieces(Buffer.from('x'), Buffer.from('y')) },
          ],
        }),
      ),
    );
    const judged = await simpleParser(made);
    expect(judged.subject).toBe('Grüße');
    expect(judged.from?.text).toContain('joerg@example.org');
    expect(judged.text?.trim()).toBe('Grüße\n> quoted\nend');
    expect(judged.inReplyTo).toBe('<a@b>');
    expect(judged.references).toEqual(['<x@y>', '<a@b>']);
    expect(judged.messageId).toBe('<id@example.org>');
    expect(judged.date?.getTime()).toBe(Date.UTC(2024, 0, 1));
    expect(judged.attachments.map(a => [a.filename, a.contentType, a.content])).toEqual([
      ['Übersicht 1.txt', 'text/plain', octets],
      ['x.bin', 'a/b', Buffer.from('xy')],
    ]);
    expect(readHeader(made).get('cc')).toBe('c@xn--bcher-kva.example');
    expect(scan(made).root.parts.map(p => p.name)).toEqual([null, 'Übersicht 1.txt', 'x.bin']);
  });

  it('compose of text alone is one flowed part', async () => {
    const { root } = scan(await drain(compose(letter())));
    expect([root.type, root.charset, root.flowed, root.parts.length]).toEqual(['text/plain', 'utf-8', true, 0]);
    expect((await drain(compose(letter({ text: '' })))).toString()).toMatch(/\r\n\r\n/);
  });

  it('compose of markup is two alternatives, its images beside it, files beside them all', async () => {
    const png = Buffer.from('89504e470d0a1a0a', 'hex');
    const rich = letter({
      html: '<p>Grüße &amp; <img src="cid:i-1@x.example"></p>\n\u0000\ud800',
      attachments: [
        { name: 'a.png', type: 'image/png', size: 8, content: () => pieces(png), contentId: 'i-1@x.example' },
        { name: 'b.txt', type: 'text/plain', size: 1, content: () => pieces(Buffer.from('b')) },
      ],
    });
    const made = await drain(compose(rich));
    const kinds = (part: ReturnType<typeof scan>['root']): unknown =>
      part.parts.length > 0 ? [part.type, ...part.parts.map(kinds)] : part.type;
    expect(kinds(scan(made).root)).toEqual([
      'multipart/mixed',
      ['multipart/alternative', 'text/plain', ['multipart/related', 'text/html', 'image/png']],
      'text/plain',
    ]);
    const judged = await simpleParser(made, { skipImageLinks: true });
    expect(judged.html).toContain('<p>Grüße &amp; <img src="cid:i-1@x.example"></p>');
    expect(judged.attachments.map(a => [a.filename, a.cid, a.contentDisposition])).toEqual([
      ['a.png', 'i-1@x.example', 'inline'],
      ['b.txt', undefined, 'attachment'],
    ]);
    expect(made.toString('latin1')).not.toMatch(/[^\r]\n|\r[^\n]|\u0000/);
    expect(composedSize(rich)).toBeGreaterThan(made.length);
  });

  it('compose asks for a receipt at one address, and says that a letter is important', async () => {
    const header = readHeader(
      await drain(compose(letter({ receiptTo: { name: 'J, x', address: 'joerg@example.org' }, important: true }))),
    );
    expect(parseAddressList(header.get('disposition-notification-to')!)).toEqual([
      { name: '', address: 'joerg@example.org' },
    ]);
    expect(header.get('importance')).toBe('high');
    const plain = readHeader(await drain(compose(letter())));
    expect([plain.get('disposition-notification-to'), plain.get('importance')]).toEqual([null, null]);
  });

  it('compose lets nothing out of its field, and knows no Bcc', async () => {
    const naughty = [
      'a\r\nBcc: x@evil.example',
      'a\r\n\r\n<script>',
      'a\u2028b',
      'a\rBcc: x@y',
      'a\nX: y',
      'a\u0000b',
      '=?utf-8?q?a=0D=0ABcc:_x?=',
      '"\\',
      'x'.repeat(5_000),
    ];
    const { bcc: _, ...blns } = { bcc: 0, list: blnsList() };
    for (const text of [...naughty, ...blns.list]) {
      const attachments = [{ name: text, type: text, size: 1, content: pieces(Buffer.from('x')) }];
      const given = letter({ subject: text, text, attachments, messageId: text, inReplyTo: text, references: [text] });
      const made = await drain(
        compose({ ...given, from: { name: text, address: 'a@b.c' }, to: [{ name: text, address: 'd@e.f' }] }),
      );
      const header = readHeader(made);
      const allowed = [
        'from',
        'to',
        'subject',
        'message-id',
        'in-reply-to',
        'references',
        'date',
        'mime-version',
        'content-type',
      ];
      expect(header.fields.map(f => f.name).filter(name => !allowed.includes(name))).toEqual([]);
      expect(
        header
          .all('from')
          .concat(header.all('to'))
          .flatMap(parseAddressList)
          .map(a => a.address),
      ).toEqual(['a@b.c', 'd@e.f']);
      expect(scan(made).root.parts.length).toBe(2);
      expect(made.toString('latin1')).not.toMatch(/[^\r]\n|\r[^\n]|\u0000/);
    }
  });

  it('compose refuses what is no address', () => {
    for (const address of ['', 'x', 'a@b\r\nBcc: c@d', 'a@b, c@d', '<a@b>'])
      expect(() => compose(letter({ to: [{ name: '', address }] }))).toThrow('Not an address');
  });

  it('compose keeps an address with an @ in its quotes at its own domain', async () => {
    const made = await drain(compose(letter({ to: [{ name: '', address: '"a@evil x"@ours.example' }] })));
    expect(parseAddressList(readHeader(made).get('to')!)).toEqual([{ name: '', address: '"a@evil x"@ours.example' }]);
  });

  it.each([
    'multipart/mixed; boundary=x',
    'message/partial',
    'message/external-body',
    'nonsense',
    '',
    'text/html\r\nX: y',
  ])('compose sends an attachment that calls itself %j as a file', async type => {
    const attachments = [{ name: 'f', type, size: 1, content: pieces(Buffer.from('x')) }];
    const made = await drain(compose(letter({ attachments })));
    const part = scan(made).root.parts[1]!;
    expect(['application/octet-stream', 'text/html']).toContain(part.type);
    expect(decodeBody(part, made.subarray(part.bodyFrom, part.bodyTo)).toString()).toBe('x');
  });

  it('compose fails where an attachment does, and is not left open', async () => {
    async function* broken(): AsyncIterable<Buffer> {
      yield Buffer.from('x');
      throw new Error('gone');
    }
    const attachments = [{ name: 'f', type: 'a/b', size: 1, content: broken() }];
    await expect(drain(compose(letter({ attachments })))).rejects.toThrow('gone');
  });

  it('compose holds no attachment in memory, and composedSize is never too small', async () => {
    const chunk = Buffer.alloc(65_536, 'x');
    async function* long(): AsyncIterable<Buffer> {
      for (let i = 0; i < 800; i++) yield chunk;
    }
    const given = letter({ attachments: [{ name: 'f', type: 'a/b', size: 800 * 65_536, content: long() }] });
    const before = process.memoryUsage().rss;
    let size = 0;
    for await (const piece of compose(given) as AsyncIterable<Buffer>) size += piece.length;
    expect(size).toBeGreaterThan(800 * 65_536 * 1.33);
    expect(composedSize(given)).toBeGreaterThanOrEqual(size);
    expect(process.memoryUsage().rss - before).toBeLessThan(60e6);
  });

  // What pages and mails of others bring into a header: each is one field still, on lines that every server takes.
  const long = 'a'.repeat(5_000);
  it.each([
    ['a\r\nBcc: evil@x.test', 'a Bcc: evil@x.test'],
    ['a\u2028X-Evil: 1\u0085X-Evil: 1\u000bX-Evil: 1\u0000b\r', null],
    ['=?utf-8?q?a=0D=0AX-Evil:_1?=', '=?utf-8?q?a=0D=0AX-Evil:_1?='],
    ['=?utf-8?q?', '=?utf-8?q?'],
    [long, long],
    [`${'é'.repeat(5_000)} ${long}`, `${'é'.repeat(5_000)} ${long}`],
    ['\ud800x\u{1f600}'.repeat(300), null],
  ])(
    'compose makes no other field, no long line and no octet beyond ASCII of what it is given: %s',
    async (text, said) => {
      const octets = Buffer.from('x');
      const made = await drain(
        compose(
          letter({
            subject: text,
            from: { name: text, address: 'joerg@example.org' },
            to: [{ name: text, address: 'ann@example.net' }],
            inReplyTo: `<${text}@b>`,
            references: [text, `<${text}@\u00e9>`, 'a@b'],
            attachments: [{ name: text.slice(0, 200), type: text, size: 1, content: () => pieces(octets) }],
          }),
        ),
      );
      const head = made.toString('latin1').split('\r\n\r\n', 1)[0]!;
      expect(head).toMatch(/^[\t\r\n -~]*$/);
      const lines = made.toString('latin1').split('\r\n');
      expect(Math.max(...lines.map(line => line.length))).toBeLessThan(999);
      expect(lines.some(line => /^(?:X-Evil|Bcc)/i.test(line))).toBe(false);
      const names = [...readHeader(made).every()].map(field => field.name.toLowerCase());
      expect(new Set(names).size).toBe(names.length);
      if (said !== null) expect((await simpleParser(made)).subject).toBe(said);
    },
  );
});

describe('flow', () => {
  it.each([
    ['short\nlines', 'short\r\nlines'],
    ['trailing   \nspace', 'trailing\r\nspace'],
    [' lead\nFrom me\n>quote\n> > deep', '  lead\r\n From me\r\n> quote\r\n>> deep'],
    ['-- \nAnn', '-- \r\nAnn'],
    [`${'word '.repeat(20)}end`, `${'word '.repeat(14)}\r\n${'word '.repeat(6)}end`],
    ['x'.repeat(100), 'x'.repeat(100)],
    [`> ${'word '.repeat(20)}end`, `> ${'word '.repeat(14)}\r\n> ${'word '.repeat(6)}end`],
  ])('flow writes %j', (text, wanted) => {
    expect(flow(text)).toBe(wanted);
  });

  it('unflow gives back what flow was given', () => {
    const line = fc.array(fc.constantFrom('word', ' ', '  ', '>', 'From ', 'ä', 'x'.repeat(90), '-- ', '日本'), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), lines => {
        const text = lines
          .map(words => words.join('').replace(/ +$/, ''))
          .filter(l => !l.startsWith('>'))
          .join('\n');
        expect(unflow(flow(text).replaceAll('\r\n', '\n'), false)).toBe(text);
      }),
    );
  });

  it('a composed text comes back as it was typed', async () => {
    const text = `${'A long paragraph of words, '.repeat(20)}end.\n\n  indented ä\n> ${'quoted words '.repeat(20)}end\n`;
    const made = await drain(compose(letter({ text })));
    const { root } = scan(made);
    expect(unflow(partText(root, made.subarray(root.bodyFrom, root.bodyTo)), root.delSp)).toBe(text);
  });
});

const who = (...addresses: string[]) => addresses.map(address => ({ name: '', address }));
const listed = (r: { to: { address: string }[]; cc: { address: string }[] }) => [
  r.to.map(a => a.address),
  r.cc.map(a => a.address),
];

describe('answers', () => {
  it.each([
    // [from, replyTo, to, cc, all, wanted to, wanted cc]
    [['a@x'], [], ['me@x', 'b@x'], ['c@x'], false, ['a@x'], []],
    [['a@x'], [], ['me@x', 'b@x'], ['c@x'], true, ['a@x'], ['b@x', 'c@x']],
    [['a@x'], ['r@x'], ['ME@x'], [], true, ['r@x'], []],
    [['a@x'], [], ['a@x', 'A@X', 'b@x', 'B@x'], ['b@x'], true, ['a@x'], ['b@x']],
    [['me@x'], [], ['b@x'], ['c@x'], false, ['b@x'], []],
    [['me@x'], [], ['b@x'], ['c@x'], true, ['b@x'], ['c@x']],
    [['me@x'], [], ['me@x'], [], false, ['me@x'], []],
    [[], [], ['b@x'], [], false, ['b@x'], []],
  ])('replyRecipients of %j, reply-to %j, to %j, cc %j, all %j', (from, replyTo, to, cc, all, wantedTo, wantedCc) => {
    const answered = { from: who(...from), replyTo: who(...replyTo), to: who(...to), cc: who(...cc) };
    expect(listed(replyRecipients(answered, ['me@x'], all))).toEqual([wantedTo, wantedCc]);
  });

  it.each([
    ['Hello', 'Re: Hello', 'Fwd: Hello'],
    ['Re: Hello', 'Re: Hello', 'Fwd: Re: Hello'],
    ['AW: Hallo', 'AW: Hallo', 'Fwd: AW: Hallo'],
    ['RE[2]: x', 'RE[2]: x', 'Fwd: RE[2]: x'],
    ['回复：你好', '回复：你好', 'Fwd: 回复：你好'],
    ['Fwd: x', 'Re: Fwd: x', 'Fwd: x'],
    ['Regarding: x', 'Re: Regarding: x', 'Fwd: Regarding: x'],
    ['', 'Re: ', 'Fwd: '],
  ])('replySubject and forwardSubject put one prefix before %j', (subject, reply, forward) => {
    expect([replySubject(subject), forwardSubject(subject)]).toEqual([reply, forward]);
  });

  it('quoteText puts every line one deeper', () => {
    expect(quoteText('a\n\n> b\n\n')).toBe('> a\n>\n>> b');
  });

  it('replyReferences follows RFC 5322 and keeps the root of a long thread', () => {
    expect(replyReferences({ messageId: 'c', inReplyTo: 'b', references: ['a', 'b'] })).toEqual(['a', 'b', 'c']);
    expect(replyReferences({ messageId: 'c', inReplyTo: 'b', references: [] })).toEqual(['b', 'c']);
    expect(replyReferences({ messageId: null, inReplyTo: null, references: [] })).toEqual([]);
    const long = Array.from({ length: 70 }, (_, i) => `${i}`);
    const ids = replyReferences({ messageId: 'new', inReplyTo: null, references: long });
    expect([ids.length, ids[0], ids[1], ids.at(-1)]).toEqual([50, '0', '22', 'new']);
  });
});

/** The naughty strings of the corpus where it is at hand. */
function blnsList(): string[] {
  try {
    const folder = process.env.MAIL_CORPUS ?? new URL('../../shared/corpus', import.meta.url).pathname;
    const list: unknown = JSON.parse(readFileSync(`${folder}/protocol/signup/blns.json`, 'utf8'));
    return Array.isArray(list) ? list.filter(s => typeof s === 'string').filter((_, i) => i % 10 === 0) : [];
  } catch {
    return [];
  }
}

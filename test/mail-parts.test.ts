import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeBody,
  decodeStream,
  displayParts,
  type Part,
  PartScanner,
  partText,
  scan,
  textParts,
  unflow,
} from '../daemon/mail/parts.ts';
import { cpuMillis } from './cpu.ts';

const bytes = (text: string) => Buffer.from(text, 'latin1');
const crlf = (text: string) => text.replaceAll('\n', '\r\n');

/** `id type [body]` of every part, depth first. */
function outline(content: string): string[] {
  const found: string[] = [];
  const walk = (part: Part): void => {
    const body = part.parts.length > 0 ? '' : ` ${JSON.stringify(content.slice(part.bodyFrom, part.bodyTo))}`;
    found.push(`${part.id} ${part.type}${body}`);
    part.parts.forEach(walk);
  };
  walk(scan(bytes(content)).root);
  return found;
}

function cutAt(content: Buffer, cuts: number[]): PartScanner {
  const scanner = new PartScanner();
  let from = 0;
  for (const cut of [...cuts, content.length]) {
    scanner.push(content.subarray(from, cut));
    from = cut;
  }
  return scanner;
}

const nested = `Subject: x
Content-Type: multipart/mixed; boundary="b"

preamble
--b
Content-Type: multipart/alternative; boundary=b2

--b2

plain -- text
-- 
sig
--b2  
Content-Type: text/html; charset="UTF-8"

<p>--b
--b2--
--b
Content-Type: message/rfc822

Subject: inner
Content-Type: multipart/mixed; boundary=d

--d
Content-Disposition: attachment; filename=a.txt

file
--d--
--b
Content-Type: image/png; name="x.png"
Content-Transfer-Encoding: base64

QUJD
--b--
epilogue
--b
no part
`;

const nestedOutline = [
  ' multipart/mixed',
  '1 multipart/alternative',
  '1.1 text/plain "plain -- text\\n-- \\nsig"',
  '1.2 text/html "<p>--b"',
  '2 message/rfc822',
  '2.TEXT multipart/mixed',
  '2.1 text/plain "file"',
  '3 image/png "QUJD"',
];

const trees: [string, string, string[]][] = [
  ['a plain message', 'A: b\n\nbody\n', ['1 text/plain "body\\n"']],
  ['no body at all', 'A: b\n', ['1 text/plain ""']],
  ['nothing', '', ['1 text/plain ""']],
  ['no header', '\nbody', ['1 text/plain "body"']],
  ['nested parts', nested, nestedOutline],
  [
    'a missing end',
    'Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\n\ntwo\n',
    [' multipart/mixed', '1 text/plain "one"', '2 text/plain "two\\n"'],
  ],
  [
    'an outer delimiter that ends an open inner multipart',
    'Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\none\n--b\n\ntwo\n--b--',
    [' multipart/mixed', '1 multipart/mixed', '1.1 text/plain "one"', '2 text/plain "two"'],
  ],
  [
    'one boundary used at two depths: innermost first',
    'Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b--\n--b\n\ntwo\n--b--',
    [' multipart/mixed', '1 multipart/mixed', '1.1 text/plain "one"', '2 text/plain "two"'],
  ],
  [
    'boundaries of which one begins the other',
    'Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=b-\n\n--b-\n\none\n--b---\n--b--',
    [' multipart/mixed', '1 multipart/mixed', '1.1 text/plain "one"'],
  ],
  [
    'a part without a header, and one whose header runs into the delimiter',
    'Content-Type: multipart/mixed; boundary=b\n\n--b\n\n--b\nContent-Type: text/html\n--b\n--b--',
    [' multipart/mixed', '1 text/plain ""', '2 text/html ""', '3 text/plain ""'],
  ],
  [
    'a delimiter only with other text behind it is none',
    'Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--bx\n --b\nx--b\n--b --\n--b--x\n--b--',
    [' multipart/mixed', '1 text/plain "one\\n--bx\\n --b\\nx--b\\n--b --\\n--b--x"'],
  ],
  ['no boundary', 'Content-Type: multipart/mixed\n\n--b\n\none\n', [' multipart/mixed "--b\\n\\none\\n"']],
  ['an empty boundary', 'Content-Type: multipart/mixed; boundary=""\n\n--\n\n', [' multipart/mixed "--\\n\\n"']],
  [
    'a boundary with quotes, blanks and signs',
    "Content-Type: multipart/mixed; boundary=\"a b:=?'()+_,-./ \"\n\n--a b:=?'()+_,-./\n\none\n--a b:=?'()+_,-./--",
    [' multipart/mixed', '1 text/plain "one"'],
  ],
  [
    'a digest, whose parts are messages unless they say otherwise',
    'Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: x\n\none\n--b\nContent-Type: text/plain\n\ntwo\n--b--',
    [' multipart/digest', '1 message/rfc822', '1.1 text/plain "one"', '2 text/plain "two"'],
  ],
  [
    'a message as the whole',
    'Content-Type: message/rfc822\n\nContent-Type: text/html\n\none',
    ['1 message/rfc822', '1.1 text/html "one"'],
  ],
  [
    'an encoded message is a file',
    'Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nQQ==',
    ['1 message/rfc822 "QQ=="'],
  ],
];

describe('scan', () => {
  it.each(trees)('scan reads %s with LF', (_, content, wanted) => {
    expect(outline(content)).toEqual(wanted);
  });

  it.each(trees)('scan reads %s with CRLF', (_, content, wanted) => {
    expect(outline(crlf(content))).toEqual(wanted.map(line => line.replaceAll('\\n', '\\r\\n')));
  });

  it.each(
    trees.flatMap(([name, content]) => [
      [name, content],
      [`${name}, CRLF`, crlf(content)],
    ]),
  )('PartScanner gives one tree for every cut of %s', (_, content) => {
    const all = bytes(content!);
    const whole = scan(all);
    for (let cut = 0; cut <= all.length; cut++) expect(cutAt(all, [cut]).end()).toEqual(whole);
    expect(
      cutAt(
        all,
        Array.from(all, (_, i) => i),
      ).end(),
    ).toEqual(whole);
  });

  it('PartScanner gives one tree for any cuts of any mail-like bytes', () => {
    const piece = fc.constantFrom(
      'Content-Type: multipart/mixed; boundary=b\n',
      'Content-Type: multipart/mixed; boundary=b-\r\n',
      'Content-Type: message/rfc822\n',
      '\n',
      '\r\n',
      '\r',
      '--',
      '-',
      'b',
      '--b',
      '\n--b\n',
      '\r\n--b--\r\n',
      '--b- \t\r\n',
      'x',
      '-- \n',
    );
    const content = fc
      .array(piece, { maxLength: 40 })
      .map(pieces => bytes(`Content-Type: multipart/mixed; boundary=b\n\n${pieces.join('')}`));
    fc.assert(
      fc.property(content, fc.array(fc.nat(400), { maxLength: 12 }), (all, places) => {
        const cuts = places.filter(p => p <= all.length).sort((a, b) => a - b);
        const whole = scan(all);
        expect(cutAt(all, cuts).end()).toEqual(whole);
        expect(slowOutline(all.toString('latin1'))).toEqual(offsets(whole.root));
      }),
      { numRuns: 3_000 },
    );
  });

  it('scan says what a part is', () => {
    const { root, header, size } = scan(
      bytes(
        'Content-Type: Text/Plain; charset="KOI8-R"; format=flowed; delsp=yes; name="../dir/..\\x\u0000y.txt"\r\n' +
          'Content-Transfer-Encoding: Quoted-Printable (yes)\r\nContent-Disposition: INLINE\r\nContent-ID: <a@b>\r\n\r\nbody',
      ),
    );
    expect(root).toMatchObject({ id: '1', type: 'text/plain', charset: 'koi8-r', encoding: 'quoted-printable' });
    expect(root).toMatchObject({ disposition: 'inline', contentId: 'a@b', flowed: true, delSp: true, name: 'xy.txt' });
    expect([root.headerFrom, root.bodyFrom, root.bodyTo, size]).toEqual([0, size - 4, size, size]);
    expect(header.length).toBe(size - 6);
  });

  it.each([
    ['Content-Type: text', 'text/plain'],
    ['Content-Type: ', 'text/plain'],
    ['Content-Type: nonsense', 'application/octet-stream'],
    ['Content-Type: te xt/plain', 'application/octet-stream'],
    ['Content-Type: text/html charset=utf-8', 'text/html'],
    ['Content-Type: a/b/c', 'application/octet-stream'],
    ['X: y', 'text/plain'],
  ])('scan takes %j for %s', (field, type) => {
    expect(scan(bytes(`${field}\n\n`)).root.type).toBe(type);
  });

  it.each(['..', '.', '/', 'a/', 'C:\\', '   ', ''])('scan never gives a path as a name: %j', name => {
    const given = scan(bytes(`Content-Disposition: attachment; filename="${name.replaceAll('\\', '\\\\')}"\n\n`)).root
      .name;
    expect(given === null || !/[/\\]|^\.*$/.test(given)).toBe(true);
  });
});

/** [type, from, to] of the leaves by reading line by line, as RFC 2046 §5.1 tells it; slow and plain. */
function slowOutline(content: string): string[] {
  type Node = { type: string; boundary: string | null; from: number; to: number; parts: Node[] };
  const lines: [number, string][] = [];
  let at = 0;
  for (const line of content.split(/(?<=\n)/)) {
    lines.push([at, line]);
    at += line.length;
  }
  const size = content.length;
  const make = (type: string): Node => ({ type, boundary: null, from: 0, to: size, parts: [] });
  const root = make('text/plain');
  const stack: Node[] = [root];
  let inHeader = true;
  let eol = 0;
  const endHeader = (from: number): void => {
    const top = stack.at(-1)!;
    inHeader = false;
    top.from = from;
  };
  for (const [start, line] of lines) {
    const text = line.replace(/[ \t\r\n]+$/, '');
    const depth = stack.findLastIndex(
      n => n.boundary !== null && (text === `--${n.boundary}` || text === `--${n.boundary}--`),
    );
    if (depth >= 0) {
      // A header that runs into the delimiter keeps its line end, so the part around it does too.
      const end = inHeader ? start : start - eol;
      if (inHeader) {
        stack.at(-1)!.boundary = null;
        endHeader(start);
      }
      const node = stack[depth]!;
      for (const closed of stack.splice(depth + 1).reverse())
        closed.to = Math.max(closed.from, end, closed.parts.at(-1)?.to ?? 0);
      inHeader = text === `--${node.boundary}`;
      if (inHeader) {
        node.parts.push(make('text/plain'));
        stack.push(node.parts.at(-1)!);
      } else node.boundary = null;
    } else if (inHeader) {
      if (/^\r?\n$/.test(line)) {
        endHeader(start + line.length);
        if (stack.at(-1)!.type === 'message/rfc822') {
          stack.at(-1)!.parts.push(make('text/plain'));
          stack.push(stack.at(-1)!.parts[0]!);
          inHeader = true;
        } else stack.at(-1)!.boundary = pending.get(stack.at(-1)!) ?? null;
      } else note(stack.at(-1)!, line);
    }
    eol = line.endsWith('\r\n') ? 2 : line.endsWith('\n') ? 1 : 0;
  }
  if (inHeader) endHeader(size);
  return flat(root);

  function note(node: Node, line: string): void {
    const field = /^content-type: ([\w/]+)(?:; boundary=([^\r\n]*))?/i.exec(line.trimEnd());
    if (field === null || noted.has(node)) return;
    noted.add(node);
    node.type = /^[\w]+\/[\w]+$/.test(field[1]!) ? field[1]! : 'application/octet-stream';
    if (field[2] !== undefined) pending.set(node, field[2]);
  }
  function flat(node: Node): string[] {
    return [`${node.from}-${node.to} ${node.parts.length}`, ...node.parts.flatMap(flat)];
  }
}
const noted = new WeakSet<object>();
const pending = new WeakMap<object, string>();

function offsets(part: Part): string[] {
  return [`${part.bodyFrom}-${part.bodyTo} ${part.parts.length}`, ...part.parts.flatMap(offsets)];
}

const leaf = (type: string, fields: Partial<Part> = {}): Part => ({ ...scan(bytes('\n')).root, type, ...fields });
const many = (kind: string, ...parts: Part[]): Part => leaf(`multipart/${kind}`, { parts });
const ids = (parts: Part[]) => parts.map(p => p.id).join(' ');
const text = (id: string, fields: Partial<Part> = {}) => leaf('text/plain', { id, ...fields });
const html = (id: string, fields: Partial<Part> = {}) => leaf('text/html', { id, ...fields });
const file = (id: string, fields: Partial<Part> = {}) => leaf('application/pdf', { id, ...fields });
const image = (id: string, fields: Partial<Part> = {}) => leaf('image/png', { id, ...fields });

describe('displayParts', () => {
  it.each([
    // [what, tree, text, html, attachments]
    ['plain text', text('t'), 't', 't', ''],
    ['html alone', html('h'), 'h', 'h', ''],
    ['a file alone', file('f'), '', '', 'f'],
    ['an alternative', many('alternative', text('t'), html('h')), 't', 'h', ''],
    [
      'the last of two html versions too',
      many('alternative', text('t'), html('h'), leaf('text/calendar', { id: 'c' })),
      't',
      'h',
      'c',
    ],
    ['an alternative with a file', many('mixed', many('alternative', text('t'), html('h')), file('f')), 't', 'h', 'f'],
    ['a list footer', many('mixed', many('alternative', text('t'), html('h')), text('u')), 't u', 'h u', ''],
    ['texts around a file', many('mixed', text('t'), file('f'), text('u')), 't u', 't u', 'f'],
    [
      'a text with a file name: shown, and a file',
      many('mixed', text('t'), text('u', { name: 'u.txt' })),
      't u',
      't u',
      'u',
    ],
    [
      'an image before the html it belongs to',
      many('related', image('i', { contentId: 'i' }), html('h')),
      'h',
      'h',
      '',
    ],
    ['an attached text', many('mixed', text('t', { disposition: 'attachment' }), html('h')), 'h', 'h', 't'],
    ['images inside', many('related', html('h'), image('i', { contentId: 'i' })), 'h', 'h', ''],
    ['an image without an id', many('related', html('h'), image('i')), 'h', 'h', 'i'],
    [
      'an alternative with images',
      many('alternative', text('t'), many('related', html('h'), image('i', { contentId: 'i' }))),
      't',
      'h',
      '',
    ],
    [
      'mixed html and text inside an alternative',
      many('alternative', text('t'), many('mixed', html('h'), file('f'), text('u'))),
      't',
      'h u',
      'f',
    ],
    ['an alternative with one version', many('mixed', many('alternative', html('h')), text('u')), 'h u', 'h u', ''],
    [
      'a forwarded message',
      many('mixed', text('t'), leaf('message/rfc822', { id: 'm', parts: [text('m.1')] })),
      't',
      't',
      'm',
    ],
    [
      'a report',
      many('report', text('t'), leaf('message/delivery-status', { id: 'd' }), leaf('text/rfc822-headers', { id: 'x' })),
      't',
      't',
      'd x',
    ],
    ['a multipart without parts', leaf('multipart/mixed', { id: 'q' }), 'q', 'q', ''],
    ['a signed text', many('signed', text('t'), leaf('application/pgp-signature', { id: 's' })), 't', 't', 's'],
  ] as [string, Part, string, string, string][])('displayParts shows %s', (_, root, plain, rich, attachments) => {
    const shown = displayParts(root);
    expect([ids(shown.text), ids(shown.html), ids(shown.attachments)]).toEqual([plain, rich, attachments]);
    expect(shown.hasHtml).toBe(/h/.test(rich));
  });

  it('displayParts finds what HTML may show by its Content-ID, the first of a name', () => {
    const root = many(
      'related',
      html('h'),
      image('i', { contentId: 'x' }),
      image('j', { contentId: 'x' }),
      file('f', { contentId: 'y' }),
    );
    expect([...displayParts(root).inline].map(([cid, part]) => `${cid}=${part.id}`)).toEqual(['x=i', 'y=f']);
  });

  it('textParts names each text once, in order', () => {
    expect(ids(textParts(many('mixed', many('alternative', text('t'), html('h')), text('u'))))).toBe('t u h');
  });
});

const decodings: [string, string, string][] = [
  // base64: lines, junk, missing and inner padding
  ['base64', 'QUJD\r\nREVG\r\n', 'ABCDEF'],
  ['base64', 'QQ==', 'A'],
  ['base64', 'QUI', 'AB'],
  ['base64', 'Q!U J*D\x00', 'ABC'],
  ['base64', 'QQ==\r\nQkM=\r\nREVG', 'ABCDEF'],
  ['base64', '====', ''],
  ['base64', 'QUJDR', 'ABC'],
  ['base64', '', ''],
  // quoted-printable: hex in both cases, soft breaks with padding, signs that start nothing
  ['quoted-printable', 'a=3Db=3d=C3=a4', 'a=b=\xc3\xa4'],
  ['quoted-printable', 'a=\r\nb=\nc= \t\r\nd', 'abcd'],
  ['quoted-printable', 'a=zz=4=', 'a=zz=4'],
  ['quoted-printable', 'a==3D', 'a=='],
  ['quoted-printable', 'a=  b', 'a=  b'],
  ['quoted-printable', 'a=\rb', 'a=\rb'],
  ['quoted-printable', 'line\r\nline', 'line\r\nline'],
  // the others are what they are
  ['7bit', 'a=3D', 'a=3D'],
  ['x-uuencode', 'begin', 'begin'],
];

async function drain(source: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks).toString('latin1');
}

async function* pieces(...chunks: Buffer[]): AsyncIterable<Buffer> {
  yield* chunks;
}

describe('decodeBody, decodeStream', () => {
  it.each(decodings)('%s: %j is %j, however it is cut', async (encoding, given, wanted) => {
    const part = leaf('text/plain', { encoding });
    const all = bytes(given);
    expect(decodeBody(part, all).toString('latin1')).toBe(wanted);
    for (let cut = 0; cut <= all.length; cut++)
      expect(await drain(decodeStream(part, pieces(all.subarray(0, cut), all.subarray(cut))))).toBe(wanted);
    expect(await drain(decodeStream(part, pieces(...Array.from(all, c => Buffer.of(c)))))).toBe(wanted);
  });

  it('decodeBody undoes base64 of any bytes and any line length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 80 }), (octets, width) => {
        const lines = Buffer.from(octets)
          .toString('base64')
          .replace(new RegExp(`(.{${width}})`, 'g'), '$1\r\n');
        expect(decodeBody(leaf('a/b', { encoding: 'base64' }), bytes(lines))).toEqual(Buffer.from(octets));
      }),
    );
  });

  it('partText reads the charset, of HTML from its meta where the part has none', () => {
    expect(partText(text('t', { charset: 'koi8-r' }), bytes('\xf0\xd2\r\n'))).toBe('Пр\n');
    expect(partText(html('h'), bytes('<meta http-equiv=x content="text/html; charset=koi8-r">\xf0'))).toMatch(/П$/);
    expect(partText(text('t', { encoding: 'quoted-printable', charset: 'utf-8' }), bytes('=C3=A4'))).toBe('ä');
  });
});

describe('unflow', () => {
  it.each([
    ['a \nb\nc', false, 'a b\nc'],
    ['a \nb', true, 'ab'],
    ['> a \n> b\n>> c\nd', false, '> a b\n>> c\nd'],
    ['> a \nb', false, '> a \nb'],
    [' stuffed\n  two\n >no quote', false, 'stuffed\n two\n>no quote'],
    ['a \n-- \nsig', false, 'a \n-- \nsig'],
    ['', false, ''],
    ['a ', false, 'a '],
  ])('unflow makes paragraphs of %j', (given, delSp, wanted) => {
    expect(unflow(given, delSp)).toBe(wanted);
  });
});

describe('bombs', () => {
  const mixed = 'Content-Type: multipart/mixed; boundary=b\n\n';
  const depthOf = (part: Part): number => 1 + Math.max(0, ...part.parts.map(depthOf));
  const countOf = (part: Part): number => 1 + part.parts.reduce((sum, p) => sum + countOf(p), 0);
  const bombs: [string, () => string][] = [
    [
      '10^5 nested multiparts',
      () =>
        Array.from({ length: 1e5 }, (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\n\n--b${i}\n`).join(''),
    ],
    ['10^5 multiparts nested with one boundary', () => mixed + `--b\n${mixed}`.repeat(1e5)],
    ['10^6 parts', () => `${mixed}${'--b\n\nx\n'.repeat(1e6)}`],
    ['10^6 empty parts', () => `${mixed}${'--b\n'.repeat(1e6)}`],
    ['10^5 messages in messages', () => 'Content-Type: message/rfc822\n\n'.repeat(1e5)],
    ['10^6 lines of other dashes', () => `${mixed}--b\n\n${'--x\n'.repeat(1e6)}`],
    ['10^7 dashes', () => `${mixed}--b\n\n${'-'.repeat(1e7)}`],
    ['dashes in the middle of lines', () => `${mixed}--b\n\n${'a--b a--b a--b\n'.repeat(5e5)}`],
    [
      'a boundary of 1 MB',
      () => `Content-Type: multipart/mixed; boundary=${'b'.repeat(1e6)}\n\n--${'b'.repeat(1e6)}\n\nx`,
    ],
    [
      'a boundary of blanks and a letter',
      () => `Content-Type: multipart/mixed; boundary="${' '.repeat(99_000)}b"\n\nx`,
    ],
    ['a Content-ID of brackets', () => `Content-ID: ${'>'.repeat(250_000)}x\n\nx`],
    ['10^5 header fields in a part', () => `${mixed}--b\n${'A: b\n'.repeat(1e5)}\nx\n--b--`],
    ['a header line of 50 MB', () => `${mixed}--b\nA: ${'b'.repeat(5e7)}\n\nx\n--b--`],
    ['50 MB of delimiters', () => `${mixed}${'--b\n'.repeat(1.25e7)}`],
    ['50 MB of lines that nearly are delimiters', () => `${mixed}--b\n\n${'--bx\n'.repeat(1e7)}`],
    // The hash of these lines is that of the delimiter.
    [
      '20 MB of lines that look like the delimiter',
      () => `Content-Type: multipart/mixed; boundary=Aa\n\n--Aa\n\n${'--BB\n'.repeat(4e6)}`,
    ],
    [
      '100 levels and 10^5 lines that miss all of them',
      () =>
        `${Array.from({ length: 99 }, (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\n\n--b${i}\n`).join('')}\n${'--b7x\n'.repeat(1e5)}`,
    ],
  ];
  it.each(bombs)('PartScanner stays bounded over %s', (_, build) => {
    const content = bytes(build());
    const started = process.cpuUsage();
    const cuts = Array.from({ length: Math.floor(content.length / 65_536) }, (_, i) => (i + 1) * 65_536);
    const { root, header } = cutAt(content, cuts).end();
    expect(cpuMillis(started)).toBeLessThan(2_000);
    expect(depthOf(root)).toBeLessThanOrEqual(101);
    expect(countOf(root)).toBeLessThanOrEqual(1_000);
    expect(header.length).toBeLessThanOrEqual(256 * 1024);
  });

  it('PartScanner takes no delimiter for one that only looks like it', () => {
    const { root } = scan(bytes('Content-Type: multipart/mixed; boundary=Aa\n\n--Aa\n\none\n--BB\n\ntwo\n--Aa--\n'));
    expect(root.parts).toHaveLength(1);
  });

  it('PartScanner lets what is beyond the limit of parts belong to the part around it', () => {
    const outer = `Content-Type: multipart/mixed; boundary=o\n\n--o\n${mixed}${'--b\n\nx\n'.repeat(2_000)}--b--\n--o--\nend`;
    const { root } = scan(bytes(outer));
    expect(root.parts[0]!.parts.length).toBe(998);
    expect(outer.slice(root.parts[0]!.bodyFrom, root.parts[0]!.bodyTo)).toMatch(/--b--$/);
  });

  it.each(['=', '=4', '= ', '=\r', '=\n', '-', 'A', 'A=', '>', ' \n', '> \n'])(
    'decoding a million of %j is quick, in one piece and cut',
    piece => {
      const all = bytes(piece.repeat(1_000_000));
      const started = process.cpuUsage();
      for (const encoding of ['base64', 'quoted-printable']) decodeBody(leaf('a/b', { encoding }), all);
      unflow(all.toString('latin1'), false);
      partText(html('h'), all);
      expect(cpuMillis(started)).toBeLessThan(2_000);
    },
  );
});

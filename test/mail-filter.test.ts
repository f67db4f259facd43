import { describe, expect, test } from 'vitest';
import { namesInHeader } from '../daemon/mail/filter/names.ts';
import { WordSearch } from '../daemon/mail/filter/word-search.ts';
import { namesInZip } from '../daemon/mail/filter/zip.ts';
import { matchingRules, readRules } from '../daemon/mail/filter.ts';
import { readHeader } from '../daemon/mail/header.ts';
import { type Part, scan } from '../daemon/mail/parts.ts';
import { runCommand } from './commands.ts';
import { corpusMessages } from './corpus-folder.ts';
import { cpuMillis } from './cpu.ts';
import { testWith } from './harness.ts';

/** What a message matches, as `number: where`. */
async function look(rules: string, mail: string | Buffer): Promise<string[]> {
  const { set, mistakes } = readRules(rules);
  expect(mistakes).toEqual([]);
  const bytes = typeof mail === 'string' ? Buffer.from(mail.replace(/\r?\n/g, '\r\n')) : mail;
  const { header, root, size } = scan(bytes);
  const read = async (from: number, to: number) => bytes.subarray(from, to);
  const found = await matchingRules(set, { header, root, size, read });
  return found.map(({ rule, where }) => `${rule.number}: ${where}`);
}

const mail = (header: string, body = 'text') => `From: a@x.example\n${header}\n\n${body}\n`;
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('readRules', () => {
  test('readRules takes the lines of the original, comments and every form of ours', () => {
    const { set, mistakes, warnings } = readRules(
      [
        '\uFEFF# a comment',
        '',
        'reject body begin 0666 happy99.exe',
        'reject body Content-disposition: attachment; filename= "happy99.exe"',
        '  REJECT Header Subject: *I LOVE YOU*  ',
        'reject "No programs, \\"please\\"" for peers,fetched attachment *.exe',
        'discard header * *casino*',
        'quarantine attachment "my file.doc" type application/* larger 10M',
        'tag "big" attachment larger 500k',
        'tag attachment type video',
      ].join('\r\n'),
    );
    expect(mistakes).toEqual([]);
    expect(warnings).toEqual([]);
    expect(set.rules.map(r => [r.number, r.line, r.action, r.say, r.givers.length, r.condition.kind])).toEqual([
      [1, 3, 'reject', '', 3, 'body'],
      [2, 4, 'reject', '', 3, 'body'],
      [3, 5, 'reject', '', 3, 'header'],
      [4, 6, 'reject', 'No programs, "please"', 2, 'attachment'],
      [5, 7, 'discard', '', 3, 'header'],
      [6, 8, 'quarantine', '', 3, 'attachment'],
      [7, 9, 'tag', 'big', 3, 'attachment'],
      [8, 10, 'tag', '', 3, 'attachment'],
    ]);
  });

  test('readRules names every mistake with its line', () => {
    const { mistakes } = readRules(
      [
        'deny body x.exe',
        'reject',
        'reject bodyx y',
        'reject body',
        'reject header',
        'reject header Subject',
        'reject header Sub\u00fcject x',
        'reject attachment',
        'reject attachment *.exe *.com',
        'reject attachment larger big',
        'reject attachment type a/b/c',
        'reject for friends body spam',
        'reject "gr\u00fc\u00df" body spam',
        `reject body ${'x'.repeat(251)}`,
      ].join('\n'),
    );
    expect(mistakes.map(m => m.line)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
    expect(mistakes[0]!.message).toBe('a rule begins with one of reject, discard, quarantine, tag, not with "deny"');
    expect(mistakes[11]!.message).toMatch(/behind "for" stands one of all, peers, fetched, submission/);
  });

  test('readRules warns of a star in a body string, and of one found in every mail', () => {
    const { mistakes, warnings } = readRules(
      'reject body *.vbs\nreject body .vbs"\nreject body e\nreject header Subject *x*',
    );
    expect(mistakes).toEqual([]);
    expect(warnings.map(w => w.line)).toEqual([1, 3]);
    expect(warnings[0]!.message).toBe(
      'body strings have no wildcards: the * is looked for as it stands; ".vbs" finds more',
    );
  });
});

describe('header rules', () => {
  test.each<[string, string, string, boolean]>([
    // Wildcards cover the whole value, in any case of letters; a plain string is found anywhere.
    ['wildcards', 'reject header Subject *love*you', 'Subject: I LOVE or hate YOU', true],
    ['wildcards cover all', 'reject header Subject love*', 'Subject: I love you', false],
    ['one letter', 'reject header Subject h?llo', 'Subject: Hello', true],
    ['a plain string', 'reject header From spammer@x.example', 'From: "S" <Spammer@X.example>', true],
    ['another field', 'reject header Subject *love*', 'X-Subject: love', false],
    ['any field', 'reject header * *casino*', 'X-Mailer: Casino 1.0', true],
    ['an empty value', 'reject header X-Empty *', 'X-Empty:', true],
    ['no such field', 'reject header X-Empty *', 'X-Other: 1', false],
    // Folded and encoded.
    ['folded', 'reject header Subject *make money fast*', 'Subject: make\n money\n\tfast', true],
    [
      'base64 words',
      'reject header Subject *make money*',
      `Subject: =?utf-8?B?${base64('MAKE ')}?=\n =?utf-8?B?${base64('MONEY')}?=`,
      true,
    ],
    ['Q words', 'reject header Subject *gr\u00fc\u00dfe*', 'Subject: =?iso-8859-1?Q?Gr=FC=DFe?=', true],
    ['what nobody sees', 'reject header Subject *viagra*', 'Subject: vi\u200bag\u202era', true],
    ['the second of two', 'reject header Subject *two*', 'Subject: one\nSubject: two', true],
  ])('%s', async (_, rule, header, matches) => {
    expect(await look(rule, mail(header))).toEqual(matches ? [expect.stringMatching(/^1: header field /)] : []);
  });
});

describe('body rules', () => {
  test.each<[string, string, string, string, RegExp | null]>([
    ['as it stands', 'reject body happy99.exe', '', 'begin 0666 HAPPY99.EXE', /^1: body, before octet \d+$/],
    ['not in the header', 'reject body happy99', 'Subject: happy99', 'text', null],
    ['over two lines', 'reject body one two', '', 'one\ntwo', null],
    [
      'in base64',
      'reject body make money',
      'Content-Transfer-Encoding: base64',
      base64('you can MAKE MONEY now'),
      /^1: text, part 1$/,
    ],
    [
      'in quoted-printable',
      'reject body make money',
      'Content-Transfer-Encoding: quoted-printable',
      'ma=6Be mon=\n=65y',
      /^1: text, part 1$/,
    ],
    [
      'in UTF-16',
      'reject body gr\u00fc\u00dfe',
      'Content-Type: text/plain; charset=utf-16le\nContent-Transfer-Encoding: base64',
      Buffer.from('Sch\u00f6ne GR\u00dc\u00dfE', 'utf16le').toString('base64'),
      /^1: text, part 1$/,
    ],
    [
      'in Latin-1',
      'reject body GR\u00dc\u00dfE',
      'Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable',
      'gr=FC=DFe',
      /^1: text, part 1$/,
    ],
    ['cut by what nobody sees', 'reject body viagra', '', 'vi\u00adag\u200bra', /^1: text, part 1$/],
    [
      'not in a picture',
      'reject body make money',
      'Content-Type: image/png\nContent-Transfer-Encoding: base64',
      base64('make money'),
      null,
    ],
  ])('%s', async (_, rule, header, body, expected) => {
    expect(await look(rule, mail(header || 'X: y', body))).toEqual(expected ? [expect.stringMatching(expected)] : []);
  });

  test('the split line of the seed is seen: fields of parts are looked at on one line', async () => {
    const body =
      '--b\nContent-Type: application/x-msdownload\nContent-Disposition: attachment;\n filename= "happy99.exe"\n\nMZ\n--b--';
    const rule = 'reject body Content-disposition: attachment; filename= "happy99.exe"';
    expect(await look(rule, mail('Content-Type: multipart/mixed; boundary=b', body))).toEqual(['1: header of part 1']);
  });
});

describe('attachment rules', () => {
  const parts = (...inner: string[]) =>
    mail(
      'Content-Type: multipart/mixed; boundary=b',
      `--b\n\ntext\n${inner.map(p => `--b\n${p}\n\nAAAA\n`).join('')}--b--`,
    );
  const exe = 'reject attachment *.exe';

  test.each<[string, string]>([
    ['in Content-Disposition', 'Content-Disposition: attachment; filename="Happy99.EXE"'],
    ['in Content-Type', 'Content-Type: application/octet-stream; name=happy99.exe'],
    [
      'in Content-Type beside a harmless one',
      'Content-Type: a/b; name=happy99.exe\nContent-Disposition: inline; filename=happy.txt',
    ],
    ['folded', 'Content-Disposition: attachment;\n\tfilename=\n "happy99.exe"'],
    ['continued (RFC 2231)', 'Content-Disposition: attachment; filename*0="happy"; filename*1="99.e"; filename*2=xe'],
    ['continued out of order', 'Content-Disposition: attachment; filename*1=.exe; filename*0=happy'],
    ['encoded (RFC 2231)', "Content-Disposition: attachment; filename*=utf-8''happy%39%39%2Eexe"],
    [
      'continued and encoded',
      "Content-Disposition: attachment; filename*0*=utf-8''happy; filename*1*=%39%39.ex; filename*2=e",
    ],
    ['encoded beside a harmless plain one', "Content-Disposition: attachment; filename=a.txt; filename*=utf-8''a.exe"],
    ['plain beside a harmless encoded one', "Content-Disposition: attachment; filename=a.exe; filename*=utf-8''a.txt"],
    ['twice, the second harmful', 'Content-Disposition: attachment; filename=a.txt; filename=a.exe'],
    [
      'in a second field',
      'Content-Disposition: attachment; filename=a.txt\nContent-Disposition: attachment; filename=a.exe',
    ],
    ['as an encoded word', `Content-Disposition: attachment; filename="=?utf-8?B?${base64('happy99.exe')}?="`],
    ['as two encoded words', 'Content-Disposition: attachment; filename="=?utf-8?Q?happy?=\n =?utf-8?Q?99=2Eexe?="'],
    ['with a path', 'Content-Disposition: attachment; filename="C:\\\\tmp\\\\happy99.exe"'],
    ['with dots and blanks at the end', 'Content-Disposition: attachment; filename="happy99.exe . "'],
    ['without a semicolon', 'Content-Disposition: attachment filename="happy99.exe"'],
    ['with a comment', 'Content-Disposition: attachment (x;y); (z) filename=happy99.exe'],
    ['with what nobody sees in it', 'Content-Disposition: attachment; filename="happy99.e\u200bxe"'],
  ])('a name %s', async (_, header) => {
    expect(await look(exe, parts(header))).toEqual([expect.stringMatching(/^1: attachment .*, part 2$/)]);
    expect(await look('reject attachment *.scr', parts(header))).toEqual([]);
  });

  test('a piece of a name is no name', async () => {
    const header = 'Content-Disposition: attachment; filename*0=report; filename*1=.exe; filename*2=.txt';
    expect(await look(exe, parts(header))).toEqual([]);
    expect(await look('reject attachment report.exe.txt', parts(header))).toEqual([
      '1: attachment report.exe.txt, part 2',
    ]);
  });

  test('a name of the whole message, in a part of a part, and in a message inside', async () => {
    const attachment = 'Content-Disposition: attachment; filename=happy99.exe\n\nMZ\n';
    const inner = `Content-Type: multipart/mixed; boundary=c\n\n--c\n${attachment}--c--\n`;
    expect(await look(exe, `Subject: x\n${attachment}`)).toEqual(['1: attachment happy99.exe, part 1']);
    expect(await look(exe, mail('Content-Type: multipart/mixed; boundary=b', `--b\n${inner}--b--`))).toEqual([
      '1: attachment happy99.exe, part 1.1',
    ]);
    const message = `Subject: inside\n${inner}`;
    const outer = (headers: string, body: string) =>
      mail(
        'Content-Type: multipart/mixed; boundary=b',
        `--b\nContent-Type: message/rfc822\n${headers}\n${body}\n--b--`,
      );
    expect(await look(exe, outer('', message))).toEqual(['1: attachment happy99.exe, part 1.1']);
    // Against RFC 2046, and read by some all the same.
    expect(await look(exe, outer('Content-Transfer-Encoding: base64\n', base64(message)))).toEqual([
      '1: attachment happy99.exe, message in part 1',
    ]);
  });

  test('a uuencoded file in text, plain and encoded', async () => {
    const uu = 'See below\n\nbegin 644 happy99.exe\nM35J0\n`\nend';
    expect(await look(exe, mail('X: y', uu))).toEqual(['1: uuencoded file happy99.exe, part 1']);
    expect(await look(exe, mail('Content-Transfer-Encoding: base64', base64(uu)))).toHaveLength(1);
    expect(
      await look(exe, mail('Content-Type: application/x; name=x\nContent-Transfer-Encoding: x-uuencode', uu)),
    ).toHaveLength(1);
    expect(await look(exe, mail('X: y', 'we begin 644 happy99.exe'))).toEqual([]);
    expect(await look(`${exe} larger 1`, mail('X: y', uu))).toEqual([]);
  });

  test('type and size, and several at once for one attachment', async () => {
    const pdf = 'Content-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64';
    const both = (size: number) =>
      mail(
        'Content-Type: multipart/mixed; boundary=b',
        `--b\n${pdf}\n\n${base64('x'.repeat(size)).replace(/.{76}/g, '$&\n')}\n--b\nContent-Type: text/html\n\n${'y'.repeat(2000)}\n--b--`,
      );
    expect(await look('reject attachment type application/*', both(10))).toEqual(['1: attachment a.pdf, part 1']);
    expect(await look('reject attachment larger 1k', both(1025))).toEqual(['1: attachment a.pdf, part 1']);
    expect(await look('reject attachment larger 1k', both(1024))).toEqual([]);
    expect(await look('reject attachment *.pdf type application/pdf larger 1k', both(1025))).toHaveLength(1);
    expect(await look('reject attachment *.exe type application/pdf larger 1k', both(1025))).toEqual([]);
    // The text people came to read is no attachment.
    expect(await look('reject attachment type text/html', both(10))).toEqual([]);
    expect(await look('reject attachment type text/html', parts('Content-Type: text/html; name=a.html'))).toHaveLength(
      1,
    );
  });

  test('the names of files inside a zip file', async () => {
    // `zip` of a.txt and tools/setup.exe, as Python's zipfile stores them.
    const zip = (name: string) => {
      const entry = (at: number) =>
        Buffer.concat([
          Buffer.from('PK\x01\x02'),
          Buffer.alloc(24),
          u16(Buffer.byteLength(name)),
          Buffer.alloc(12),
          u32(at),
          Buffer.from(name),
        ]);
      const local = Buffer.concat([
        Buffer.from('PK\x03\x04'),
        Buffer.alloc(22),
        u16(name.length),
        u16(0),
        Buffer.from(name),
      ]);
      const end = Buffer.concat([
        Buffer.from('PK\x05\x06'),
        Buffer.alloc(4),
        u16(1),
        u16(1),
        u32(entry(0).length),
        u32(local.length),
        u16(0),
      ]);
      return Buffer.concat([local, entry(0), end]);
    };
    const u16 = (n: number) => Buffer.from([n & 255, n >> 8]);
    const u32 = (n: number) => Buffer.concat([u16(n & 65_535), u16(n >>> 16)]);
    const withZip = (bytes: Buffer) =>
      mail(
        'Content-Type: application/x; name=tools.dat\nContent-Transfer-Encoding: base64',
        bytes.toString('base64').replace(/.{76}/g, '$&\n'),
      );
    const rule = 'reject attachment archived *.exe';
    expect(await look(rule, withZip(zip('tools/setup.exe')))).toEqual([
      '1: attachment tools.dat with tools/setup.exe, part 1',
    ]);
    expect(await look(rule, withZip(zip('tools/setup.txt')))).toEqual([]);
    expect(await look('reject attachment *.exe', withZip(zip('setup.exe')))).toEqual([]);
    expect(await look('reject attachment *.dat archived setup.* larger 10', withZip(zip('x/setup.exe')))).toHaveLength(
      1,
    );
    // Cut anywhere, or filled with nonsense, it is no more than a file.
    const whole = zip('tools/setup.exe');
    for (let cut = 0; cut < whole.length; cut++) expect(await look(rule, withZip(whole.subarray(0, cut)))).toEqual([]);
    for (let at = 4; at < whole.length; at++) {
      const bent = Buffer.from(whole);
      bent[at] = 0xff;
      await look(rule, withZip(bent));
    }
  });

  testWith('python3', 'python3')('a zip file as Python makes it, with something in front of it', async () => {
    const script =
      'import sys,zipfile,io; b=io.BytesIO(b"MZ"*50); b.seek(100); z=zipfile.ZipFile(b,"a",zipfile.ZIP_DEFLATED); z.writestr("a.txt","x"*999); z.writestr("\\u00fcber/b.exe","y"); z.close(); sys.stdout.buffer.write(b.getvalue())';
    const { out } = await runCommand('python3', ['-c', script]);
    const bytes = Buffer.from(out, 'latin1');
    expect(namesInZip(bytes)).toEqual(['a.txt', '\u00fcber/b.exe']);
    const text = mail(
      'Content-Type: application/zip\nContent-Transfer-Encoding: base64',
      bytes.subarray(100).toString('base64'),
    );
    expect(await look('reject attachment archived b.exe', text)).toHaveLength(1);
  });

  test('a message with more parts than are looked at hides nothing', async () => {
    const many = `${'--b\n\n\n'.repeat(1100)}--b\nContent-Disposition: attachment; filename=a.exe\n\nMZ\n--b--`;
    expect(await look(exe, mail('Content-Type: multipart/mixed; boundary=b', many))).toEqual([
      '1: more parts, names or header than are looked at',
    ]);
    const names = 'Content-Disposition: attachment; filename=';
    expect(await look(exe, parts(Array.from({ length: 201 }, (_, i) => `${names}${i}`).join('\n')))).toHaveLength(1);
    expect(
      await look(exe, mail('X: y', Array.from({ length: 201 }, (_, i) => `begin 644 ${i}`).join('\n'))),
    ).toHaveLength(1);
    const padded = `--b\nX-Pad: ${'x'.repeat(70_000)}\nContent-Disposition: attachment; filename=a.exe\n\nMZ\n--b--`;
    expect(await look(exe, mail('Content-Type: multipart/mixed; boundary=b', padded))).toHaveLength(1);
  });
});

describe('WordSearch', () => {
  const words = ['happy99.exe', '.vbs"', 'he', 'she', 'hers', 'aab', 'aaab', '\u00fcber'];
  const text = Buffer.from('uSHErs aaaab HAPPY99.EXE x.vbs" \u00fcber');

  test('WordSearch finds the same wherever the text is cut', () => {
    const search = new WordSearch(words);
    const whole = new Set<number>();
    search.start().push(text, w => whole.add(w));
    expect([...whole].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    for (let cut = 0; cut <= text.length; cut++)
      for (const second of [cut, Math.min(cut + 1, text.length)]) {
        const found = new Set<number>();
        const run = search.start();
        for (const piece of [text.subarray(0, cut), text.subarray(cut, second), text.subarray(second)])
          run.push(piece, w => found.add(w));
        expect(found).toEqual(whole);
      }
  });

  test('WordSearch finds what indexOf finds, in text of few letters', () => {
    let seed = 7;
    const letter = () => {
      seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
      return 'ab'[(seed >> 16) & 1]!;
    };
    for (let round = 0; round < 200; round++) {
      const some = Array.from({ length: 6 }, () => Array.from({ length: 1 + (round % 5) }, letter).join(''));
      const line = Array.from({ length: 20 }, letter).join('');
      const found = new Set<number>();
      new WordSearch(some).start().push(Buffer.from(line), w => found.add(w));
      expect([...found].sort()).toEqual(some.flatMap((w, i) => (line.includes(w) ? [i] : [])));
    }
  });

  test('a word does not run from one text into the next', () => {
    const run = new WordSearch(['spam']).start();
    const found: number[] = [];
    run.push(Buffer.from('sp'), w => found.push(w));
    run.pause();
    run.push(Buffer.from('am'), w => found.push(w));
    expect(found).toEqual([]);
  });
});

test('the work grows with the content only, whatever it holds', async () => {
  const rules = [
    ...Array.from({ length: 100 }, (_, i) => `reject body ${'a'.repeat(100 + i)}b`),
    ...Array.from({ length: 100 }, (_, i) => `reject header * *${'a'.repeat(20 + i)}b*`),
    'reject attachment *a*a*a*a*b',
  ].join('\n');
  const hostile: ((n: number) => string | Buffer)[] = [
    (n: number) => mail('X: y', 'a'.repeat(n)),
    (n: number) => mail('X: y', 'begin 644 '.repeat(n / 10)),
    (n: number) => mail('Content-Transfer-Encoding: quoted-printable', '='.repeat(n)),
    (n: number) => mail(`Content-Disposition: attachment; ${'filename*0*=a;'.repeat(n / 14)}`, 'x'),
    (n: number) =>
      mail('Content-Type: multipart/mixed; boundary=b', '--b\nContent-Type: a/b; name="\n\n'.repeat(n / 30)),
  ];
  const field = (i: number) => `x${i.toString(36)}: \u00fc`;
  hostile.push(n => Buffer.from(mail(Array.from({ length: n / 100 }, (_, i) => field(i)).join('\n')), 'latin1'));
  hostile.push(n => {
    const fields = Array.from({ length: n / 200 }, (_, i) => field(i)).join('\n');
    return mail('Content-Type: multipart/mixed; boundary=b', `--b\n${fields}\n\n`);
  });
  for (const make of hostile) {
    const spent = async (n: number) => {
      const text = make(n);
      const before = process.cpuUsage();
      await look(rules, text);
      return cpuMillis(before);
    };
    await spent(10_000);
    const small = await spent(250_000);
    expect(await spent(1_000_000)).toBeLessThan(Math.max(small, 50) * 8);
  }
}, 120_000);

test('no mail of the corpus breaks a rule, and every name that the webmail shows is seen by the rules', async () => {
  const rules = 'tag header * *x*\ntag body the\ntag attachment *\ntag attachment type * larger 1 archived *';
  const messages = corpusMessages();
  expect(messages.length).toBeGreaterThan(10);
  const missed: string[] = [];
  for (const { path, bytes } of messages) {
    await look(rules, bytes);
    for (const part of everyPart(scan(bytes).root)) {
      const names = namesInHeader(readHeader(bytes.subarray(part.headerFrom, part.bodyFrom)));
      const shown = part.name?.replace(/[. ]+$/, '') ?? '';
      if (shown !== '' && !names.includes(shown)) missed.push(`${path}: ${shown}`);
    }
  }
  expect(missed).toEqual([]);
}, 120_000);

const everyPart = (part: Part): Part[] => [part, ...part.parts.flatMap(everyPart)];

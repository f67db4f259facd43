import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readHeader } from '../daemon/mail/header.ts';
import {
  arrivedUpstream,
  dateField,
  deliveredTo,
  HeaderEditor,
  type HeaderEdits,
  messageId,
  NewlineMender,
  receivedField,
  returnPath,
} from '../daemon/mail/trace.ts';
import { cpuMillis } from './cpu.ts';

type Machine = { push(chunk: Buffer): Buffer[]; end(): Buffer[] };

/** What the machine makes of the content cut at these places. */
function run(machine: Machine, content: Buffer, cuts: number[]): string {
  const out: Buffer[] = [];
  let from = 0;
  for (const cut of [...cuts, content.length]) {
    out.push(...machine.push(content.subarray(from, cut)));
    from = cut;
  }
  out.push(...machine.end());
  return Buffer.concat(out).toString('latin1');
}

const latin = (text: string) => Buffer.from(text, 'latin1');
const everyOctet = (content: Buffer) => Array.from(content, (_, i) => i);

describe('receivedField', () => {
  const plain = {
    helo: 'client.example',
    peerAddress: '192.0.2.1',
    by: 'mx.example',
    with: 'ESMTPS',
    id: 'abc',
    for: 'a@b.c',
    at: Date.UTC(2024, 0, 1, 12),
  };

  it('receivedField is one folded field with a date in local time', () => {
    const field = receivedField({ ...plain, peerName: 'host.example' });
    expect(field).toMatch(
      /^Received: from client\.example \(host\.example \[192\.0\.2\.1\]\)\r\n\tby mx\.example with ESMTPS id abc\r\n\tfor <a@b\.c>;\r\n\t\w{3}, \d{1,2} Jan 2024 \d\d:\d\d:\d\d [+-]\d{4}\r\n$/,
    );
    expect(readHeader(Buffer.from(field)).fields.length).toBe(1);
  });

  it.each([
    ['2001:db8::1', '[IPv6:2001:db8::1]'],
    ['::ffff:192.0.2.1', '[192.0.2.1]'],
    ['fe80::1%eth0', '[IPv6:fe80::1]'],
  ])('receivedField writes the address %s as %s', (peerAddress, literal) => {
    expect(receivedField({ ...plain, peerAddress })).toContain(`(${literal})`);
  });

  it('receivedField tells nothing of a peer or recipient it is not given', () => {
    const field = receivedField({ ...plain, peerAddress: null, for: null });
    expect(field).toMatch(/^Received: by mx\.example with ESMTPS id abc;\r\n\t/);
  });

  it('receivedField stays one short field whatever a peer says', () => {
    const hostile = [
      'x\r\nBcc: y@z',
      ') (',
      'x\n\nbody',
      '\u0000',
      'ä\u202e',
      'h'.repeat(5_000),
      '',
      '<>',
      '\\',
      'a;b',
    ];
    for (const text of hostile) {
      const field = receivedField({
        ...plain,
        helo: text,
        peerName: text,
        peerAddress: text,
        with: text,
        id: text,
        for: text,
      });
      expect(field.replace(/\r\n\t/g, ' ')).toMatch(/^Received: [^\r\n]*\r\n$/);
      expect(Math.max(...field.split('\r\n').map(line => Buffer.byteLength(line)))).toBeLessThanOrEqual(998);
      expect(readHeader(Buffer.from(field)).fields.map(f => f.name)).toEqual(['received']);
    }
  });

  it('returnPath, deliveredTo, dateField and messageId write whole lines', () => {
    expect(returnPath(null)).toBe('Return-Path: <>\r\n');
    expect(returnPath('a@b.c')).toBe('Return-Path: <a@b.c>\r\n');
    expect(returnPath('a\r\nX: y')).toBe('Return-Path: <aX: y>\r\n');
    expect(deliveredTo('a@b.c')).toBe('Delivered-To: a@b.c\r\n');
    expect(dateField(0)).toMatch(/^Date: \w{3}, \d{1,2} \w{3} (?:1970|1969) \d\d:\d\d:\d\d [+-]\d{4}\r\n$/);
    expect(messageId('id>\r\n', 'x y')).toBe('<id???@x?y>');
  });
});

const FIELD = /^(?:[!-9;-~]{1,80}[ \t]{0,8}:|>?From )/;

function startsWithHeader(lines: string[]): boolean {
  const empty = lines.findIndex(line => /^\r?\n$/.test(line));
  const field = lines.findIndex(line => FIELD.test(line));
  const before = lines.slice(0, field).join('').length;
  return field >= 0 && (empty < 0 || field < empty) && before < 1_000;
}

/** The same by reading whole lines; slow and plain. */
function slowEdit(content: string, drop: string[], inserted: string): string {
  const lines = content.split(/(?<=\n)/).filter(line => line !== '');
  let out = '';
  let dropping = false;
  for (const [index, line] of lines.entries()) {
    const field = /^([!-9;-~]{1,80})[ \t]{0,8}:/.exec(line);
    const rest = lines.slice(index).join('');
    if (/^\r?\n$/.test(line)) return out + inserted + rest;
    if (index === 0 && !startsWithHeader(lines)) return inserted === '' ? rest : `${inserted}\r\n${rest}`;
    if (!/^[ \t]/.test(line)) dropping = field !== null && drop.includes(field[1]!.toLowerCase());
    if (!dropping) out += line;
  }
  return out + (out === '' || out.endsWith('\n') || inserted === '' ? '' : '\r\n') + inserted;
}

const edit = (content: string, edits: HeaderEdits, cuts: number[] = []) =>
  run(new HeaderEditor(edits), latin(content), cuts);

describe('HeaderEditor', () => {
  const drop = ['return-path', 'bcc'];
  it.each([
    ['Bcc: a@b.c\r\nSubject: x\r\n\r\nbody\r\n', 'Subject: x\r\nX: 1\r\n\r\nbody\r\n'],
    [
      'Subject: x\r\nBCC :\r\n a@b.c,\r\n\tc@d.e\r\nTo: y\r\n\r\nBcc: body\r\n',
      'Subject: x\r\nTo: y\r\nX: 1\r\n\r\nBcc: body\r\n',
    ],
    ['A: 1\nBcc: 2\n\nbody', 'A: 1\nX: 1\r\n\nbody'],
    // without an empty line, without a line end, without anything
    ['A: 1\r\n', 'A: 1\r\nX: 1\r\n'],
    ['A: 1', 'A: 1\r\nX: 1\r\n'],
    ['A: 1\r\nBcc: x', 'A: 1\r\nX: 1\r\n'],
    ['', 'X: 1\r\n'],
    ['\r\nbody', 'X: 1\r\n\r\nbody'],
    // no header at all: it is all body
    ['Hello, world\r\nBcc: x\r\n', 'Hello, world\r\nX: 1\r\n'],
    ['Hello, world\r\n', 'X: 1\r\n\r\nHello, world\r\n'],
    [' folded\r\n', 'X: 1\r\n\r\n folded\r\n'],
    ['\r', 'X: 1\r\n\r\n\r'],
    // a first line that is none, before a header
    [' From: x\r\nBcc: y\r\n\r\n', ' From: x\r\nX: 1\r\n\r\n'],
    ['   \r\nBcc: y\r\n\r\n', '   \r\nX: 1\r\n\r\n'],
    ['\xef\xbb\xbfFrom: x\r\nBcc: y\r\n\r\n', '\xef\xbb\xbfFrom: x\r\nX: 1\r\n\r\n'],
    ['Hello,\r\nworld\r\n\r\nBcc: y\r\n', 'X: 1\r\n\r\nHello,\r\nworld\r\n\r\nBcc: y\r\n'],
    // lines that are no field stay with the header
    ['From a Mon\r\nBcc: x\r\nA: 1\r\n\r\n', 'From a Mon\r\nA: 1\r\nX: 1\r\n\r\n'],
    ['A: 1\r\nno field\r\nBcc: x\r\n\r\n', 'A: 1\r\nno field\r\nX: 1\r\n\r\n'],
    // names that only begin or end like one
    ['Bccc: x\r\nX-Bcc: y\r\n\r\n', 'Bccc: x\r\nX-Bcc: y\r\nX: 1\r\n\r\n'],
  ])('HeaderEditor edits %j', (content, wanted) => {
    expect(edit(content, { drop, insert: () => 'X: 1\r\n' })).toBe(wanted);
    expect(slowEdit(content, drop, 'X: 1\r\n')).toBe(wanted);
    for (let cut = 0; cut <= content.length; cut++)
      expect(edit(content, { drop, insert: () => 'X: 1\r\n' }, [cut])).toBe(wanted);
    expect(edit(content, { drop, insert: () => 'X: 1\r\n' }, everyOctet(latin(content)))).toBe(wanted);
  });

  it('HeaderEditor edits any content as a line reader does, however it is cut', () => {
    const piece = fc.constantFrom(
      'Bcc',
      'bcc: x',
      'A: 1',
      ':',
      ' ',
      '\t',
      '\r\n',
      '\r\n',
      '\n',
      '\r',
      '\r\n\r\n',
      'From ',
      '>',
      'text',
      '\xe4',
      'n'.repeat(79),
      'n'.repeat(80),
      'w '.repeat(400),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 30 }),
        fc.array(fc.nat(1_500), { maxLength: 10 }),
        fc.boolean(),
        (pieces, places, inserts) => {
          const content = pieces.join('');
          const inserted = inserts ? 'X: 1\r\n' : '';
          const cuts = places.filter(p => p <= content.length).sort((a, b) => a - b);
          expect(edit(content, { drop, insert: () => inserted }, cuts)).toBe(slowEdit(content, drop, inserted));
        },
      ),
      { numRuns: 5_000 },
    );
  });

  it('HeaderEditor tells what it saw, dropped or not, before it inserts', () => {
    const content =
      'Received: a\r\nreceived: b\r\n c\r\nDelivered-To: a@b.c\r\nDelivered-To:\r\n \xc3\xa4@d.e\r\nDate: x\r\nBcc: y\r\n\r\nFrom: body\r\n';
    for (const cuts of [[], everyOctet(latin(content))]) {
      let told: string[] = [];
      const note = (seen: ReadonlySet<string>): string => {
        told = [...seen];
        return '';
      };
      const editor = new HeaderEditor({ drop: ['bcc'], insert: seen => note(seen) });
      run(editor, latin(content), cuts);
      expect(told.sort()).toEqual(['bcc', 'date']);
      expect(editor.received).toBe(2);
      expect(editor.deliveredTo).toEqual(['a@b.c', 'ä@d.e']);
    }
  });

  it('HeaderEditor copies no octet of the body', () => {
    const editor = new HeaderEditor({});
    editor.push(latin('A: 1\r\n\r\n'));
    const body = Buffer.alloc(65_536, 'x');
    expect(editor.push(body)[0]).toBe(body);
  });

  it.each(['Bcc: x\r\n', 'Delivered-To: x\r\n', 'A: b\r\n', 'x', 'Bcc: ', 'x\r\n', ' ', 'a:'])(
    'HeaderEditor stays quick and bounded over 10 MB of %j',
    piece => {
      const content = latin(`A: 1\r\n${piece.repeat(Math.ceil(1e7 / piece.length))}`);
      const editor = new HeaderEditor({ drop: ['bcc'] });
      const started = process.cpuUsage();
      for (let at = 0; at < content.length; at += 65_536) editor.push(content.subarray(at, at + 65_536));
      editor.end();
      expect(cpuMillis(started)).toBeLessThan(2_000);
      expect(editor.deliveredTo.length).toBeLessThanOrEqual(200);
    },
  );
});

describe('NewlineMender', () => {
  it.each([
    ['a\r\nb\r\n', 'a\r\nb\r\n', false],
    ['a\nb', 'a\r\nb', true],
    ['a\rb', 'a\r\nb', true],
    ['a\r\r\nb', 'a\r\n\r\nb', true],
    ['a\n\r\nb', 'a\r\n\r\nb', true],
    ['a\r', 'a\r\n', true],
    ['a\n\r', 'a\r\n\r\n', true],
    ['\r\n.\n.\r\n', '\r\n.\r\n.\r\n', true],
    ['', '', false],
    ['no line end', 'no line end', false],
  ])('NewlineMender makes %j into %j', (content, wanted, bare) => {
    for (let cut = 0; cut <= content.length; cut++) {
      const mender = new NewlineMender();
      expect(run(mender, latin(content), [cut])).toBe(wanted);
      expect(mender.bare).toBe(bare);
    }
    const mender = new NewlineMender();
    expect(run(mender, latin(content), everyOctet(latin(content)))).toBe(wanted);
    expect(mender.bare).toBe(bare);
  });

  it('NewlineMender mends any bytes as one replacement does, however they are cut', () => {
    const content = fc.array(fc.constantFrom('\r', '\n', '\r\n', '\r\n', 'a', '\xff', '.'), { maxLength: 40 });
    fc.assert(
      fc.property(content, fc.array(fc.nat(80), { maxLength: 10 }), (pieces, places) => {
        const text = pieces.join('');
        const cuts = places.filter(p => p <= text.length).sort((a, b) => a - b);
        const mender = new NewlineMender();
        const wanted = text.replace(/\r?\n|\r/g, '\r\n');
        expect(run(mender, latin(text), cuts)).toBe(wanted);
        expect(mender.bare).toBe(wanted !== text);
      }),
      { numRuns: 5_000 },
    );
  });

  it('NewlineMender mends behind a crowd of short lines as it does elsewhere', () => {
    const crowd = 'a\r\n'.repeat(200);
    const pieces = fc.array(fc.constantFrom('\r', '\n', '\r\n', 'a'), { maxLength: 12 });
    fc.assert(
      fc.property(pieces, fc.nat(12), (some, back) => {
        const text = crowd + some.join('');
        const mender = new NewlineMender();
        const wanted = text.replace(/\r?\n|\r/g, '\r\n');
        expect(run(mender, latin(text), [text.length - back])).toBe(wanted);
        expect(mender.bare).toBe(wanted !== text);
      }),
    );
  });

  it('NewlineMender hands a clean chunk on as it is', () => {
    const chunk = latin(`${'A'.repeat(76)}\r\n`.repeat(100));
    const out = new NewlineMender().push(chunk);
    expect(out.length).toBe(1);
    expect(out[0]!.buffer).toBe(chunk.buffer);
  });

  it.each(['\n', '\r', '\r\n', 'a', 'a\n', '\r\r\n'])('NewlineMender is quick over 10 MB of %j', piece => {
    const content = latin(piece.repeat(1e7 / piece.length));
    const mender = new NewlineMender();
    const started = process.cpuUsage();
    for (let at = 0; at < content.length; at += 65_536) mender.push(content.subarray(at, at + 65_536));
    expect(cpuMillis(started)).toBeLessThan(2_000);
  });
});

describe('arrivedUpstream', () => {
  const at = Date.UTC(2026, 10, 26, 12);
  const ours = 'Received: from pop by us; Thu, 26 Nov 2026 12:00:00 +0000\r\n';
  const theirs = 'Received: from mx (a; b) by pop.example;\r\n\tTue, 3 Mar 2020 09:30:00 +0100\r\n';
  const date = 'Date: Mon, 2 Mar 2020 20:00:00 +0000\r\n';
  it.each([
    ['the stamp below ours', ours + theirs + date, Date.UTC(2020, 2, 3, 8, 30)],
    ['Date, where no host stamped it', ours + date, Date.UTC(2020, 2, 2, 20)],
    ['Date, where the stamp has no time', `${ours}Received: by pop.example\r\n${date}`, Date.UTC(2020, 2, 2, 20)],
    ['our time, for one that is no time', `${ours}Received: by x; soon\r\n${date}`, at],
    ['our time, for the future', `${ours}Received: by x; Thu, 26 Nov 2099 12:00:00 +0000\r\n${date}`, at],
    ['our time, for what was before mail', `${ours}Received: by x; Thu, 1 Jan 1970 00:00:00 +0000\r\n${date}`, at],
    ['our time, where nothing is said', ours, at],
  ])('arrivedUpstream takes %s', (_, header, wanted) => {
    expect(arrivedUpstream(latin(`${header}\r\n`), at)).toBe(wanted);
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { type ParsedMail, simpleParser } from 'mailparser';
import { describe, expect, it } from 'vitest';
import { cleanText } from '../daemon/mail/header.ts';
import { indexText } from '../daemon/mail/index-text.ts';
import { displayParts, type Part, PartScanner, partText, scan, textParts, unflow } from '../daemon/mail/parts.ts';
import { readTexts, summarise } from '../daemon/mail/summary.ts';
import { HeaderEditor, NewlineMender } from '../daemon/mail/trace.ts';
import { indexWords } from '../daemon/mail/words.ts';
import { type CorpusMessage, corpusFolder, corpusMessages, inCrlf } from './corpus-folder.ts';

const messages = corpusMessages();

const bodyOf = (part: Part, bytes: Buffer): Buffer => bytes.subarray(part.bodyFrom, part.bodyTo);
const all = (part: Part): Part[] => [part, ...part.parts.flatMap(all)];

function read(bytes: Buffer) {
  const { root, header } = scan(bytes);
  const index = indexText(header, root, (from, to) => bytes.subarray(from, to));
  const texts = readTexts(textParts(root).map(part => ({ part, bytes: bodyOf(part, bytes) })));
  return { root, shown: displayParts(root), summary: summarise(header, root, texts), index };
}

/** Our own mails are small enough to know what is in them. */
const known: Record<string, [subject: string, from: string, snippet: string, files: string[]]> = {
  'alternative.eml': ['Both ways', 'jane@example.org', 'The plain words.', []],
  'attachments.eml': [
    'Rechnung für März',
    'jane@example.org',
    'Anbei die Rechnung für März, eine Zeile, die weich umbrochen wird, damit sie nicht zu lang ist.',
    ['Rechnung März 2024.pdf', 'Beträge.csv'],
  ],
  'bare-lf.eml': ['From a Unix pipe', 'jane@example.org', 'Lines end in LF alone.', []],
  'flowed-reply.eml': ['Re: Lunch', 'jane@example.org', 'Yes, with pleasure.', []],
  'gb2312.eml': ['你好', 'jane@example.org', '今天天气很好。', []],
  'hostile-names.eml': ['Hello[31m X-Evil: 1', 'real@example.org', '', ['pass"wdtxt.exe']],
  'html.eml': ['The garden club', 'jane@example.org', 'Spring bulbs are in & the shed is open.', []],
  'iso-2022-jp.eml': ['会議のお知らせ', 'jane@example.org', '明日の会議は十時からです。', []],
  'koi8-r.eml': ['Привет', 'jane@example.org', 'Добрый день!', []],
  'nested.eml': ['Everything at once', 'jane@example.org', 'A soft line. The footer of a list.', ['']],
  'no-end.eml': ['Cut off', 'jane@example.org', 'The end is missing.', ['half.bin']],
  'no-header.eml': ['', '', 'Only a body, without any header field.', []],
  'plain.eml': ['Lunch on Thursday', 'jane@example.org', 'Hello John, lunch on Thursday at noon?', []],
  'raw-utf8.eml': ['Żółw — bez kodowania', 'zoe@example.org', 'Tekst wprost w UTF-8.', []],
  'same-boundary.eml': ['One boundary twice', 'jane@example.org', 'inner outer', []],
  'split-character.eml': ['✓✓ done', 'jane@example.org', 'A character cut between two words of the subject.', []],
};

describe('our own corpus', () => {
  const folder = new URL('corpus/mail', import.meta.url).pathname;

  it('has an answer for each of its mails', () => {
    expect(readdirSync(folder).sort()).toEqual(Object.keys(known).sort());
  });

  it.each(Object.entries(known))('summarise and displayParts read %s', (name, [subject, from, snippet, files]) => {
    for (const bytes of [readFileSync(`${folder}/${name}`), inCrlf(readFileSync(`${folder}/${name}`))]) {
      const { summary, shown } = read(bytes);
      expect([summary.subject, summary.fromAddress, summary.snippet]).toEqual([subject, from, snippet]);
      expect(shown.attachments.map(part => part.name ?? '')).toEqual(files);
      expect(summary.attachments).toBe(files.length);
    }
  });
});

describe(`the ${messages.length} mails of ${corpusFolder()}`, () => {
  it('PartScanner makes a sound tree of each, in any chunks', () => {
    for (const { path, bytes } of messages) {
      const { root, size } = scan(bytes);
      expect(size, path).toBe(bytes.length);
      expect(new Set(all(root).map(part => part.id)).size, path).toBe(all(root).length);
      for (const part of all(root)) checkPlace(part, path);
      const scanner = new PartScanner();
      for (let at = 0, step = 1; at < bytes.length; at += step, step = (step * 7 + 3) % 1_000)
        scanner.push(bytes.subarray(at, at + step));
      expect(scanner.end().root, path).toEqual(root);
    }
  });

  it('summarise is one line of visible text everywhere', () => {
    for (const { path, bytes } of messages) {
      const { summary, index } = read(bytes);
      const shown = [summary.subject, summary.fromName, summary.fromAddress, summary.to, summary.snippet];
      for (const text of [...shown, ...summary.references, summary.messageId ?? ''])
        expect(text, path).not.toMatch(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u);
      for (const text of Object.values(index))
        expect(indexWords(text), path).toMatch(/^(?:[a-z0-9\u0080-\uffff]+(?: |$))*$/);
    }
  });

  it('HeaderEditor and NewlineMender pass each as it is when there is nothing to edit or mend', () => {
    for (const { path, bytes } of messages) {
      const mender = new NewlineMender();
      const editor = new HeaderEditor({});
      const mended = [...mender.push(bytes), ...mender.end()].flatMap(chunk => editor.push(chunk));
      expect(Buffer.concat([...mended, ...editor.end()]).equals(bytes), path).toBe(true);
      expect(mender.bare, path).toBe(false);
    }
  });

  it('summarise and displayParts agree with mailparser', async () => {
    const tally = new Map<string, Tally>();
    for (const message of messages) {
      const judged = await simpleParser(message.bytes, {
        skipTextToHtml: true,
        skipImageLinks: true,
        keepCidLinks: true,
        skipHtmlToText: true,
      });
      compare(message, judged, tally);
    }
    for (const [what, { agreed, asked, others }] of tally) {
      console.log(`${what}: ${agreed} of ${asked} agree${others.length === 0 ? '' : `; not: ${others.join(', ')}`}`);
      // Where they differ, the judge drops 8-bit text, text without a delimiter, or takes now for a broken date.
      expect(agreed / asked, what).toBeGreaterThan(0.95);
    }
  }, 300_000);
});

function checkPlace(part: Part, path: string): void {
  expect(part.headerFrom <= part.bodyFrom && part.bodyFrom <= part.bodyTo, path).toBe(true);
  let from = part.bodyFrom;
  for (const child of part.parts) {
    expect(child.headerFrom >= from && child.bodyTo <= part.bodyTo, path).toBe(true);
    from = child.bodyTo;
  }
}

type Tally = { asked: number; agreed: number; others: string[] };

/** mailparser shows the text of reports and messages inside a message as part of it: those are not asked for. */
function compare({ path, bytes }: CorpusMessage, judged: ParsedMail, tally: Map<string, Tally>): void {
  const { summary, shown, root } = read(bytes);
  const asked: [string, string, string][] = [
    ['subject', summary.subject, (judged.subject ?? '').slice(0, 1_000)],
    ['from', summary.fromAddress, judged.from?.value.flatMap(a => a.group ?? [a])[0]?.address ?? ''],
  ];
  if (!all(root).some(part => part.type.startsWith('message/'))) {
    const plain = shown.text.filter(part => part.type !== 'text/html').map(part => flat(part, bytes));
    const rich = shown.html.filter(part => part.type === 'text/html').map(part => flat(part, bytes));
    const files = judged.attachments.filter(a => !a.related).map(a => (a.filename ?? '').split(/[/\\]/).at(-1)!);
    asked.push(['text', plain.join('\n'), judged.text ?? ''], ['html', rich.join('\n'), judged.html || '']);
    const ours = shown.attachments.filter(part => !shown.text.includes(part)).map(part => part.name ?? '');
    asked.push(['attachments', ours.sort().join(), files.sort().join()]);
  }
  for (const [what, ours, theirs] of asked) {
    const counts = tally.get(what) ?? { asked: 0, agreed: 0, others: [] };
    tally.set(what, counts);
    counts.asked += 1;
    if (folded(ours) === folded(theirs)) counts.agreed += 1;
    else counts.others.push(path);
  }
}

function flat(part: Part, bytes: Buffer): string {
  const text = partText(part, bodyOf(part, bytes));
  return part.flowed ? unflow(text, part.delSp) : text;
}

/** White space, quote marks and the judge's own `<br/>` between parts are no difference. */
const folded = (text: string): string =>
  cleanText(text.replaceAll('<br/>', ''))
    .replace(/[\s>\ufffd]+/g, ' ')
    .trim();

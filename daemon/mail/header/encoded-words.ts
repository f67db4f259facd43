import { decodeCharset } from './charset.ts';

/** A run of neighbouring encoded words of one charset: a character may be cut between two of them. */
type Run = { charset: string; bytes: Buffer[]; base64: string[]; letters: number };

type Word = { charset: string; base64: boolean; text: string; to: number };

/**
 * RFC 2047 encoded words read, everything else kept. White space between two words goes (§6.2). One pass:
 * each search result is kept until it is passed, so that a million broken openings cost no more than whole ones.
 */
export function decodeWords(raw: string): string {
  let open = raw.indexOf('=?');
  if (open < 0) return raw;
  const ends = new Ends(raw);
  let out = '';
  let done = 0;
  let run: Run | null = null;
  while (open >= 0) {
    const word = readWord(raw, open, ends);
    if (word === null) {
      open = raw.indexOf('=?', open + 2);
      continue;
    }
    const between = raw.slice(done, open);
    if (run !== null && between.trim() !== '') [out, run] = [out + finish(run), null];
    if (run === null) out += between;
    if (run !== null && run.charset !== word.charset) [out, run] = [out + finish(run), null];
    run ??= { charset: word.charset, bytes: [], base64: [], letters: 0 };
    add(run, word);
    done = word.to;
    open = raw.indexOf('=?', done);
  }
  return out + (run === null ? '' : finish(run)) + raw.slice(done);
}

/** The next `?=` at or after a place, asked for in rising order: searched for once. */
class Ends {
  #at = -1;
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }
  from(place: number): number {
    if (this.#at !== Number.POSITIVE_INFINITY && this.#at < place) {
      const found = this.#text.indexOf('?=', place);
      this.#at = found < 0 ? Number.POSITIVE_INFINITY : found;
    }
    return this.#at;
  }
}

const OPENING = /=\?([^\s?*]{1,60})(?:\*[^\s?]{0,60})?\?([bBqQ])\?/y;

function readWord(raw: string, at: number, ends: Ends): Word | null {
  OPENING.lastIndex = at;
  const opening = OPENING.exec(raw);
  if (opening === null) return null;
  const from = OPENING.lastIndex;
  const end = ends.from(from);
  if (end === Number.POSITIVE_INFINITY) return null;
  // RFC 2047 §2 gives 75 characters; some senders write whole subjects as one word.
  if (end - from > 20_000) return null;
  const text = raw.slice(from, end);
  // Another opening inside: this one was never closed.
  if (/=\?[^\s?]{1,60}\?[bBqQ]\?/.test(text)) return null;
  return { charset: opening[1]!.toLowerCase(), base64: /b/i.test(opening[2]!), text, to: end + 2 };
}

function add(run: Run, word: Word): void {
  if (!word.base64) {
    closeBase64(run);
    run.bytes.push(qBytes(word.text));
    return;
  }
  // A sender that cut its base64 anywhere: what has no padding goes on in the next word.
  run.base64.push(word.text);
  run.letters += word.text.replace(/[^A-Za-z0-9+/]/g, '').length;
  if (run.letters % 4 === 0 || word.text.endsWith('=')) closeBase64(run);
}

function closeBase64(run: Run): void {
  if (run.base64.length === 0) return;
  run.bytes.push(Buffer.from(run.base64.join(''), 'base64'));
  run.base64 = [];
  run.letters = 0;
}

function finish(run: Run): string {
  closeBase64(run);
  return decodeCharset(run.bytes.length === 1 ? run.bytes[0]! : Buffer.concat(run.bytes), run.charset);
}

/** RFC 2047 §4.2; what is beyond Latin-1 was raw UTF-8 in the field, against the rules. */
function qBytes(text: string): Buffer {
  const spaced = text.replaceAll('_', ' ');
  const latin = /^[\u0000-\u007f]*$/.test(spaced) ? spaced : Buffer.from(spaced).toString('latin1');
  return Buffer.from(
    latin.replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
}

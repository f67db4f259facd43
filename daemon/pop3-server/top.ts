import type { Body } from './answer.ts';

const CR = 13;
const LF = 10;

/** The header, the blank line, and the first `lines` lines behind it (RFC 1939 §7 TOP), wherever the source is cut. */
export async function* firstLines(source: Body, lines: number): AsyncGenerator<Buffer> {
  const place: Place = { part: 'header', blank: true, left: lines };
  for await (const chunk of source) {
    const end = advance(place, chunk);
    yield chunk.subarray(0, end);
    if (end < chunk.length || (place.part === 'body' && place.left === 0)) return;
  }
}

/** `blank`: nothing but CR so far on this line; `left`: lines of the body still to come. */
type Place = { part: 'header' | 'body'; blank: boolean; left: number };

/** Moves through the chunk; answers where what is wanted of it ends. */
function advance(place: Place, chunk: Buffer): number {
  let at = 0;
  while (at < chunk.length) {
    if (place.part === 'body' && place.left === 0) return at;
    const lf = chunk.indexOf(LF, at);
    const end = lf < 0 ? chunk.length : lf;
    place.blank &&= end === at || (end === at + 1 && chunk[at] === CR);
    if (lf < 0) return chunk.length;
    if (place.part === 'body') place.left--;
    else if (place.blank) place.part = 'body';
    place.blank = true;
    at = lf + 1;
  }
  return at;
}

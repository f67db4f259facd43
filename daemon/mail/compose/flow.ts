/** RFC 3676 §4.2 asks for at most 78 with the CRLF left out; a quote may be answered a few times. */
const WIDTH = 72;

/** Text as format=flowed (RFC 3676) with CRLF: paragraphs broken softly, quotes kept, what would be misread stuffed. */
export function flow(text: string): string {
  const lines = text
    .toWellFormed()
    .replace(/[\u2028\u2029]/g, '\n')
    .replace(/\r\n?/g, '\n')
    .replaceAll('\u0000', '')
    .split('\n');
  return lines.flatMap(flowLine).join('\r\n');
}

function flowLine(line: string): string[] {
  const marks = /^>[> ]*/.exec(line)?.[0] ?? '';
  const depth = marks.replaceAll(' ', '').length;
  const prefix = depth === 0 ? '' : `${'>'.repeat(depth)} `;
  const content = line.slice(marks.length);
  // §4.3: the signature line is the one that keeps its space; others would run into the next line.
  if (content === '-- ') return [`${prefix}-- `];
  return wrap(content.replace(/ +$/, ''), WIDTH - prefix.length).map(
    piece => prefix + (depth === 0 ? stuffed(piece) : piece),
  );
}

/** §4.4: what begins with a space, a quote mark or `From ` gets a space that the reader takes off again. */
const stuffed = (piece: string): string => (/^(?: |>|From )/.test(piece) ? ` ${piece}` : piece);

/** Breaks behind spaces only, so that joining the pieces gives the line back; a long word stays whole. */
function wrap(content: string, width: number): string[] {
  const pieces: string[] = [];
  let from = 0;
  while (content.length - from > width) {
    const before = content.lastIndexOf(' ', from + width - 1);
    let end = before > from ? before + 1 : content.indexOf(' ', from + 1) + 1;
    // A piece must not look like the signature line.
    if (content.slice(from, end) === '-- ') end = content.indexOf(' ', end) + 1;
    if (end <= 0 || end >= content.length) break;
    pieces.push(content.slice(from, end));
    from = end;
  }
  pieces.push(content.slice(from));
  return pieces;
}

const CR = 0x0d;
const LF = 0x0a;
const NONE = Buffer.alloc(0);

/**
 * Names up to 80 octets, since none that anyone drops or asks for is longer; RFC 5322 §4.5 lets blanks stand
 * between name and colon. NO_COLON_YET matches where the octets at hand end before that is decided.
 */
const FIELD = /([!-9;-~]{1,80})[ \t]{0,8}:/y;
const NO_COLON_YET = /[!-9;-~]{0,80}[ \t]{0,8}$/y;
/** The line in front of a message in an mbox file stands where a field would. */
const MBOX = />?From /y;

const MOST_VALUES = 200;
const LONGEST_VALUE = 1_000;

export type HeaderEdits = {
  /** Fields that do not pass, by lower-case name, however many there are. */
  drop?: string[];
  /** Fields to tell of in `seen`, by lower-case name. */
  watch?: string[];
  /** Called once, at the end of the header: whole fields with their CRLF, written behind the others. */
  insert?: (seen: ReadonlySet<string>) => string;
};

/** How far the first field is looked for: mail with a blank, broken or marked (BOM) first line is still mail. */
const LONGEST_LEAD = 1_000;

/** What a missing one of is added for, and what a submission is checked by (RFC 6409 §8, RFC 5322 §3.6). */
const WATCHED = new Set([
  'date',
  'message-id',
  'from',
  'sender',
  'reply-to',
  'to',
  'cc',
  'bcc',
  'subject',
  'mime-version',
]);

/** What stands at the start of a line; `undecided` needs more octets. */
type LineStart = 'undecided' | 'empty' | 'continued' | 'other' | 'headless' | { field: string };

/**
 * Edits the header of content that streams through. States: at the start of a header line, inside one that is
 * kept or dropped, in the body. Lines that are no field are kept. Content in which none is found before an empty
 * line or in the first KB has no header: it gets the inserted fields, if any, and an empty line, and is all body.
 */
export class HeaderEditor {
  readonly seen = new Set<string>();
  /** Received fields that came with it: how far it has travelled. */
  received = 0;
  /** Values of its Delivered-To fields, for ends of loops (at most 200). */
  readonly deliveredTo: string[] = [];
  /** It began with no header at all, so it is all body. */
  headless = false;
  readonly #drop: Set<string>;
  readonly #watch: ReadonlySet<string>;
  readonly #insert: (seen: ReadonlySet<string>) => string;
  #state: 'start' | 'inside' | 'body' = 'start';
  #dropping = false;
  #first = true;
  /** The value of a Delivered-To under way; null: another field. */
  #value: string | null = null;
  #held: Buffer = NONE;
  #lastOctet = LF;

  constructor(edits: HeaderEdits) {
    this.#drop = new Set(edits.drop);
    this.#watch = edits.watch ? new Set([...WATCHED, ...edits.watch]) : WATCHED;
    this.#insert = edits.insert ?? (() => '');
  }

  push(chunk: Buffer): Buffer[] {
    if (chunk.length === 0) return [];
    if (this.#state === 'body') return [chunk];
    return this.#edit(this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]), false);
  }

  end(): Buffer[] {
    if (this.#state === 'body') return [];
    const out = this.#edit(this.#held, true);
    if (!this.#inBody()) {
      this.#endField();
      const fields = this.#insert(this.seen);
      // A header that stops in the middle of a line is ended before anything is added.
      if (fields !== '') out.push(Buffer.from(this.#lastOctet === LF ? fields : `\r\n${fields}`));
    }
    this.#state = 'body';
    return out;
  }

  // Asked through a function: the state changes where the type checker does not see it.
  #inBody(): boolean {
    return this.#state === 'body';
  }

  #edit(bytes: Buffer, last: boolean): Buffer[] {
    const out: Buffer[] = [];
    // Octet for octet; the native searches over it are quicker than those over the bytes.
    const text = bytes.toString('latin1');
    let kept = 0;
    let at = 0;
    this.#held = NONE;
    while (at < bytes.length && this.#state !== 'body') {
      if (this.#state === 'inside') {
        at = this.#toLineEnd(text, at);
        if (this.#dropping) kept = at;
        continue;
      }
      const start = this.#first ? firstLine(text, last) : lineStart(text, at, last);
      if (start === 'undecided') {
        this.#held = bytes.subarray(at);
        break;
      }
      const dropped = this.#dropping;
      this.#begin(start);
      // What was kept so far leaves before a field that is dropped, or before what is inserted.
      if (!dropped && (this.#dropping || this.#inBody())) this.#emit(bytes.subarray(kept, at), out);
      if (this.#dropping || this.#inBody() || dropped) kept = at;
      if (this.#inBody()) this.#emit(Buffer.from(this.#inserted(start)), out);
    }
    if (!this.#dropping) this.#emit(bytes.subarray(kept, bytes.length - this.#held.length), out);
    return out;
  }

  #emit(bytes: Buffer, out: Buffer[]): void {
    if (bytes.length === 0) return;
    out.push(bytes);
    this.#lastOctet = bytes[bytes.length - 1]!;
  }

  #begin(start: Exclude<LineStart, 'undecided'>): void {
    this.#first = false;
    if (start === 'headless') this.headless = true;
    this.#state = start === 'empty' || start === 'headless' ? 'body' : 'inside';
    if (start === 'continued') return;
    this.#endField();
    this.#dropping = false;
    if (typeof start === 'object') this.#beginField(start.field);
  }

  #beginField(field: string): void {
    if (this.#watch.has(field)) this.seen.add(field);
    if (field === 'received') this.received += 1;
    if (field === 'delivered-to' && this.deliveredTo.length < MOST_VALUES) this.#value = '';
    this.#dropping = this.#drop.has(field);
  }

  #endField(): void {
    if (this.#value === null) return;
    const line = Buffer.from(this.#value.slice(0, LONGEST_VALUE), 'latin1').toString();
    this.deliveredTo.push(
      line
        .slice(line.indexOf(':') + 1)
        .replace(/\r?\n/g, '')
        .trim(),
    );
    this.#value = null;
  }

  #toLineEnd(text: string, from: number): number {
    const lf = text.indexOf('\n', from);
    const to = lf < 0 ? text.length : lf + 1;
    if (lf >= 0) this.#state = 'start';
    if (this.#value !== null && this.#value.length < LONGEST_VALUE)
      this.#value += text.slice(from, Math.min(to, from + LONGEST_VALUE));
    return to;
  }

  #inserted(start: LineStart): string {
    const fields = this.#insert(this.seen);
    // With nothing to insert it leaves as it came.
    return start === 'empty' || fields === '' ? fields : `${fields}\r\n`;
  }
}

/** The first line is read with what follows: does this begin with a header at all? */
function firstLine(text: string, last: boolean): LineStart {
  const first = lineStart(text, 0, last);
  if (first === 'empty' || first === 'undecided' || typeof first === 'object') return first;
  for (let line = text.indexOf('\n') + 1; line > 0 && line < LONGEST_LEAD; line = text.indexOf('\n', line) + 1) {
    const start = line < text.length ? lineStart(text, line, last) : 'undecided';
    if (typeof start === 'object') return first;
    if (start === 'empty') return 'headless';
    if (start === 'undecided') return last ? 'headless' : 'undecided';
  }
  return last || text.length >= LONGEST_LEAD ? 'headless' : 'undecided';
}

function lineStart(text: string, at: number, last: boolean): LineStart {
  const first = text.charCodeAt(at);
  if (first === LF) return 'empty';
  if (first === CR && at + 1 === text.length) return last ? 'other' : 'undecided';
  if (first === CR && text.charCodeAt(at + 1) === LF) return 'empty';
  if (first === 0x20 || first === 0x09) return 'continued';
  const field = matchAt(FIELD, text, at);
  if (field !== null) return { field: field[1]!.toLowerCase() };
  if (!last && matchAt(NO_COLON_YET, text, at) !== null) return 'undecided';
  return matchAt(MBOX, text, at) === null ? 'other' : { field: '' };
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** What a form sent, as text: bounded, urlencoded, every field a string. Forms with files go through upload.ts. */
import type { Ctx } from './site.ts';

export type Form = {
  /** The first value; empty when the field is absent. */
  get(name: string): string;
  all(name: string): string[];
  has(name: string): boolean;
};

/** More than any form of text needs; a draft's text is the largest. */
const mostOctets = 4_000_000;
/** Several times what the longest list sends; node's time for them grows with their square where they have no `=`. */
const mostFields = 20_000;

export class FormError extends Error {
  readonly status: 400 | 413;
  constructor(status: 400 | 413) {
    super('form refused');
    this.status = status;
  }
}

export async function readForm(c: Ctx): Promise<Form> {
  const type = c.req.header('Content-Type') ?? '';
  const body = await textOf(c);
  if (body === '') return formOf(new URLSearchParams());
  if (!/^application\/x-www-form-urlencoded\b/i.test(type)) throw new FormError(400);
  if (hasMoreFields(body)) throw new FormError(413);
  return formOf(new URLSearchParams(body));
}

function hasMoreFields(body: string): boolean {
  let fields = 1;
  for (let at = body.indexOf('&'); at >= 0 && fields <= mostFields; at = body.indexOf('&', at + 1)) fields++;
  return fields > mostFields;
}

export const formOf = (fields: URLSearchParams): Form => ({
  // Browsers send CRLF for a line end of a text area.
  get: name => (fields.get(name) ?? '').replaceAll('\r\n', '\n'),
  all: name => fields.getAll(name),
  has: name => fields.has(name),
});

const read = new WeakMap<Request, Promise<string>>();

/** The body as it was sent; it is there once, and may be asked for again. */
export function textOf(c: Ctx): Promise<string> {
  const text = read.get(c.req.raw) ?? boundedText(c.req.raw);
  read.set(c.req.raw, text);
  return text;
}

/** What a form calls itself, or a file of it, so that sent twice it is one; empty: nothing that can be such a name. */
export function keyIn(form: Form, field = 'key'): string {
  const key = form.get(field);
  return /^[\w-]{8,40}$/.test(key) ? key : '';
}

async function boundedText({ body: stream }: Request): Promise<string> {
  if (!stream) return '';
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of stream) {
    size += piece.length;
    if (size > mostOctets) throw new FormError(413);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** A form with files: text as text, files streamed into the store while they arrive, all within one limit. */
import { Readable } from 'node:stream';
import type { ReadableStream as WebStream } from 'node:stream/web';
import { Busboy, type BusboyFileStream } from '@fastify/busboy';
import type { ContentWriter, NewContent, Store } from '../daemon/store.ts';
import { isQuoted } from '../views/letter.ts';
import { isLabel } from '../views/safe-html.ts';
import { isInlineImage } from './bodies.ts';
import { type Form, FormError, formOf, keyIn, readForm } from './form.ts';
import type { Ctx } from './site.ts';

export type Received = {
  name: string;
  type: string;
  content: NewContent;
  /** By which the text shows it; absent: it is a file beside the text. */
  label?: string;
  /** What the page calls it, so that sent again it is the same one; absent: the page gave it no name. */
  key?: string;
  /** True: the store refers to it now. */
  taken?: boolean;
  /** Forgets what was received and is not needed after all; not to be called of what was taken. */
  discard(): Promise<void>;
};

export type UploadForm = Form & {
  files: Received[];
  /** The files together went over the limit; none was kept. */
  tooLarge: boolean;
};

const longestField = 4_000_000;
/** Octets of all fields that are no files: a letter's text, in both versions. */
const mostText = 8_000_000;
const mostFields = 100;
const mostFiles = 200;

/** `limit`: octets of all files together. What is over it is read to its end, so that the browser hears the answer. */
export async function readUploads(c: Ctx, store: Store, limit: number): Promise<UploadForm> {
  const type = c.req.header('Content-Type') ?? '';
  if (!/^multipart\/form-data\b/i.test(type)) return { ...(await readForm(c)), files: [], tooLarge: false };
  if (!c.req.raw.body) throw new FormError(400);
  return receive(Readable.fromWeb(c.req.raw.body as WebStream), type, store, limit);
}

export async function discardUntaken(files: Received[]): Promise<void> {
  for (const file of files) if (!file.taken) await file.discard();
}

/** The one file of a form, in memory; what is over `limit` is read to its end. Null: none was chosen. */
export async function readFile(c: Ctx, limit: number): Promise<{ file: Buffer | null; tooLarge: boolean }> {
  const type = c.req.header('Content-Type') ?? '';
  if (!/^multipart\/form-data\b/i.test(type) || !c.req.raw.body) throw new FormError(400);
  const parser = reader(type);
  const pieces: Buffer[] = [];
  let left = limit;
  parser.on('file', (_field, stream) => {
    stream.on('data', (piece: Buffer) => {
      left -= piece.length;
      if (left >= 0) pieces.push(piece);
    });
  });
  if (await pumped(Readable.fromWeb(c.req.raw.body as WebStream), parser)) throw new FormError(400);
  return { file: pieces.length === 0 ? null : Buffer.concat(pieces), tooLarge: left < 0 };
}

async function receive(body: Readable, type: string, store: Store, limit: number): Promise<UploadForm> {
  const fields = new URLSearchParams();
  const taking: Promise<Received | null>[] = [];
  const budget = { left: limit };
  const parser = reader(type);
  let text = 0;
  let refused = false;
  parser.on('field', (name, value, _nameCut, cut) => {
    text += Buffer.byteLength(value);
    refused ||= cut || text > mostText;
    // Who is not signed in may send one, too: what is refused is not kept in memory to its end.
    if (!refused) fields.append(name, value);
  });
  parser.on('file', (field, stream, name, _encoding, fileType) => {
    const file = { name, type: fileType, label: labelOf(field, fileType) };
    taking.push(name ? take(store, stream, file, budget) : Promise.resolve(drain(stream)));
  });
  for (const event of ['fieldsLimit', 'filesLimit', 'partsLimit'] as const)
    parser.on(event, () => {
      refused = true;
    });
  const broken = await pumped(body, parser);
  const files = (await Promise.all(taking)).filter(file => file !== null);
  if (broken || refused) {
    for (const file of files) await file.discard();
    throw new FormError(broken ? 400 : 413);
  }
  const form = formOf(fields);
  const [first] = files;
  if (first && files.length === 1) first.key = keyIn(form, 'upload');
  return { ...form, files, tooLarge: budget.left < 0 };
}

/** An image within the text comes in a field that says so with its label. */
function labelOf(field: string, type: string): string {
  const label = field.startsWith('image.') ? field.slice('image.'.length) : '';
  return isLabel(label) && !isQuoted(label) && isInlineImage(type) ? label : '';
}

function reader(type: string) {
  try {
    return new Busboy({
      headers: { 'content-type': type },
      limits: { fieldSize: longestField, fields: mostFields, files: mostFiles, headerPairs: 50 },
    });
  } catch {
    throw new FormError(400);
  }
}

const drain = (stream: BusboyFileStream): null => {
  stream.resume();
  return null;
};

/** True: the client went away, or what it sent is no form. */
function pumped(body: Readable, parser: ReturnType<typeof reader>): Promise<boolean> {
  return new Promise(resolve => {
    const end = (failed: boolean) => {
      if (failed) parser.destroy();
      resolve(failed);
    };
    parser.once('finish', () => end(false));
    parser.once('error', () => end(true));
    body.once('error', () => end(true));
    body.pipe(parser);
  });
}

/** Null: it did not fit, or did not come to its end. */
async function take(
  store: Store,
  stream: BusboyFileStream,
  file: { name: string; type: string; label: string },
  budget: { left: number },
): Promise<Received | null> {
  const writer: ContentWriter = store.content.create();
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      budget.left -= piece.length;
      if (budget.left >= 0) await writer.write(piece);
    }
    if (budget.left >= 0) {
      const content = await writer.finish();
      const { label } = file;
      return { name: safeName(file.name), type: safeType(file.type), content, label, discard: () => writer.discard() };
    }
  } catch {
    // The client went away; pumped() tells so.
  }
  await writer.discard();
  return null;
}

/** A name without path, control and bidi characters (`exe.gpj` must not read as `jpg.exe`). */
const safeName = (name: string): string =>
  name
    .replace(/^.*[\\/]/, '')
    .replace(/[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu, '')
    .trim()
    .slice(0, 200) || 'file';

const safeType = (type: string): string =>
  /^[\w.+-]{1,60}\/[\w.+-]{1,100}$/.test(type) && !/^(message|multipart)\//i.test(type)
    ? type.toLowerCase()
    : 'application/octet-stream';

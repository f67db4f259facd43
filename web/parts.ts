/** Files of a message: given out so that no browser acts on them, shown alone in the sandbox, or all in a zip file. */
import { Hono } from 'hono';
import type { Part } from '../daemon/mail/parts.ts';
import type { Content, Message } from '../daemon/store.ts';
import { zip } from '../daemon/wire/zip.ts';
import { createBodies } from './bodies.ts';
import { createFiles, type Files, type MessageFile, shownAs } from './files.ts';
import { createLetterPages } from './letter-pages.ts';
import { messageById, missing } from './page.ts';
import type { Ctx, Env, Site } from './site.ts';

const still = { 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'private, no-store' };

/** What a stranger sent is given out so that no browser acts on it: no type guessing, no script, no origin. */
export const inert = {
  ...still,
  'Content-Security-Policy':
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'",
};

/** In a sandbox no browser draws a PDF: it gets a tab of its own, from which nothing loads, and which no page can hold. */
const pdf = {
  ...still,
  'Content-Security-Policy':
    "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};

type Found = { message: Message; content: Content; part: Part };

export function parts(site: Site): Hono<Env> {
  const app = new Hono<Env>();
  const bodies = createBodies(site);
  const files = createFiles(site);
  const pages = createLetterPages(site, bodies, files);

  const found = async (c: Ctx): Promise<Found | null> => {
    const message = await messageById(site, c, c.req.param('id'));
    const content = message && (await bodies.content(message));
    const part = content?.tree ? partById(content.tree, c.req.param('part') ?? '') : null;
    return message && content && part ? { message, content, part } : null;
  };
  const packed = async (c: Ctx, { message, content, part }: Found): Promise<MessageFile | null> =>
    files.packed(c.var.words, message, content, part, Number(/^[1-9]\d{0,3}$/.exec(c.req.param('n') ?? '')?.[0] ?? 0));

  app.get('/messages/:id/parts/:part', async c => {
    const at = await found(c);
    return at ? give(c, files.one(c.var.words, at.message, at.content, at.part)) : missing(site, c);
  });

  app.get('/messages/:id/parts/:part/files/:n', async c => {
    const at = await found(c);
    const file = at && (await packed(c, at));
    return file ? give(c, file) : missing(site, c);
  });

  app.get('/messages/:id/parts/:part/view', async c => {
    const at = await found(c);
    return (at && (await pages.ofPart(c, at.message, at.content, at.part))) ?? missing(site, c);
  });

  app.get('/messages/:id/parts/:part/files/:n/view', async c => {
    const at = await found(c);
    const file = at && (await packed(c, at));
    return (file && (await pages.ofFile(c, file))) ?? missing(site, c);
  });

  app.get('/messages/:id/print', async c => {
    const message = await messageById(site, c, c.req.param('id'));
    const content = message && (await bodies.content(message));
    return message && content?.tree ? pages.ofMessage(c, message, content) : missing(site, c);
  });

  app.get('/messages/:id/attachments.zip', async c => {
    const message = await messageById(site, c, c.req.param('id'));
    const content = message && (await bodies.content(message));
    const shown = content && bodies.display(content);
    if (!message || !content || !shown) return missing(site, c);
    const all = await files.inOrder(c.var.words, message, content, shown.attachments);
    const name = `${message.subject.trim() || c.var.words.t('list.nosubject')}.zip`;
    return c.body(streamOf(zipped(all, message.date ?? message.receivedAt)), 200, {
      ...inert,
      'Content-Type': 'application/zip',
      'Content-Disposition': disposition('attachment', name),
    });
  });

  app.get('/messages/:id/source', async c => {
    const message = await messageById(site, c, c.req.param('id'));
    const content = message && (await bodies.content(message));
    if (!message || !content) return missing(site, c);
    return c.body(streamOf(withPrefix(message.prefix, site.store.content.open(content.id))), 200, {
      ...inert,
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': String(message.size),
      'Content-Disposition': disposition('inline', `${message.id}.eml`),
    });
  });
  return app;
}

async function* zipped({ files, close }: Awaited<ReturnType<Files['inOrder']>>, at: number): AsyncIterable<Buffer> {
  try {
    yield* zip(files, at);
  } finally {
    await close();
  }
}

/** `?inline`: in place, where its octets are what a browser shows without running anything. Else a download. */
async function give(c: Ctx, file: MessageFile): Promise<Response> {
  const inline = c.req.query('inline') !== undefined;
  const { start, rest } = inline ? await beginning(file.open()) : { start: null, rest: file.open() };
  const shown = start && shownAs(start);
  return c.body(streamOf(rest), 200, {
    ...(shown === 'application/pdf' ? pdf : inert),
    'Content-Type': shown ?? (file.type === 'text/plain' ? 'text/plain' : 'application/octet-stream'),
    'Content-Disposition': disposition(shown ? 'inline' : 'attachment', file.name),
  });
}

/** Its first KB, and all of it still to be read. */
async function beginning(source: AsyncIterable<Buffer>): Promise<{ start: Buffer; rest: AsyncIterable<Buffer> }> {
  const iterator = source[Symbol.asyncIterator]();
  const pieces: Buffer[] = [];
  let size = 0;
  while (size < 1024) {
    const next = await iterator.next();
    if (next.done) break;
    pieces.push(next.value);
    size += next.value.length;
  }
  const start = Buffer.concat(pieces);
  async function* rest(): AsyncIterable<Buffer> {
    try {
      yield start;
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  }
  return { start, rest: rest() };
}

/** The root of a message of one part has the number 1 in IMAP and no id in the tree of a multipart. */
function partById(root: Part, id: string): Part | null {
  if (!/^[0-9.]{1,200}$/.test(id)) return null;
  if (root.id === id || (root.parts.length === 0 && id === '1')) return root;
  const below = [...root.parts];
  for (let part = below.pop(); part !== undefined; part = below.pop()) {
    if (part.id === id) return part;
    below.push(...part.parts);
  }
  return null;
}

/** As POP3 and the source view give a message. */
export async function* withPrefix(prefix: string, content: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  if (prefix !== '') yield Buffer.from(prefix);
  yield* content;
}

export const streamOf = (bytes: AsyncIterable<Buffer>): ReadableStream<Uint8Array> =>
  ReadableStream.from<Uint8Array>(bytes);

/** RFC 6266 with the extended name of RFC 8187; the plain one is for what does not know that. */
export function disposition(kind: 'inline' | 'attachment', name: string): string {
  const plain = name.replace(/[^ !#$&+.0-9A-Za-z^_`|~()-]/g, '_');
  const extended = encodeURIComponent(name.toWellFormed()).replace(
    /['()*]/g,
    c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${kind}; filename="${plain}"; filename*=UTF-8''${extended}`;
}

/** Files of a message as downloads, small pictures inline, and the message as it came. */
import { Hono } from 'hono';
import { decodeStream, type Part } from '../daemon/mail/parts.ts';
import { isInlineImage, partName } from './bodies.ts';
import { messageById, missing } from './page.ts';
import type { Env, Site } from './site.ts';

/** What a stranger sent is given out so that no browser acts on it: no type guessing, no script, no origin. */
const inert = {
  'Content-Security-Policy':
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'private, no-store',
};

export function parts(site: Site): Hono<Env> {
  const app = new Hono<Env>();

  app.get('/messages/:id/parts/:part', async c => {
    const message = await messageById(site, c, c.req.param('id'));
    const content = message && (await site.store.content.get(message.contentId));
    const part = content?.tree ? partById(content.tree, c.req.param('part')) : null;
    if (!content || !part) return missing(site, c);
    const inline = c.req.query('inline') !== undefined && isInlineImage(part.type);
    const bytes = site.store.content.open(content.id, part.bodyFrom, part.bodyTo);
    return c.body(streamOf(decodeStream(part, bytes)), 200, {
      ...inert,
      'Content-Type': part.type === 'text/plain' ? 'text/plain' : inline ? part.type : 'application/octet-stream',
      'Content-Disposition': disposition(inline ? 'inline' : 'attachment', partName(c.var.words, part)),
    });
  });

  app.get('/messages/:id/source', async c => {
    const message = await messageById(site, c, c.req.param('id'));
    const content = message && (await site.store.content.get(message.contentId));
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

async function* withPrefix(prefix: string, content: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  if (prefix !== '') yield Buffer.from(prefix);
  yield* content;
}

const streamOf = (bytes: AsyncIterable<Buffer>): ReadableStream<Uint8Array> => ReadableStream.from<Uint8Array>(bytes);

/** RFC 6266 with the extended name of RFC 8187; the plain one is for what does not know that. */
export function disposition(kind: 'inline' | 'attachment', name: string): string {
  const plain = name.replace(/[^ !#$&+.0-9A-Za-z^_`|~()-]/g, '_');
  const extended = encodeURIComponent(name.toWellFormed()).replace(
    /['()*]/g,
    c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${kind}; filename="${plain}"; filename*=UTF-8''${extended}`;
}

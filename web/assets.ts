/**
 * The files of public/ and htmx from its package, read once, and pressed as hard as can be when the first one asks.
 * Their addresses carry a hash of their bytes, so they may be cached for ever.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import type { Ctx } from './site.ts';

type Encoding = 'br' | 'gzip';
type Asset = {
  type: string;
  hash: string;
  plain: Buffer;
  framed: boolean;
  /** Those that somebody took it in. */
  pressed: Partial<Record<Encoding, Promise<Buffer>>>;
};

const press: Record<Encoding, (plain: Buffer) => Promise<Buffer>> = {
  br: promisify(brotliCompress),
  gzip: plain => promisify(gzip)(plain, { level: 9 }),
};

export type Assets = {
  /** Address of a file by its name. */
  path: (name: string) => string;
  text: (name: string) => string;
  /** A file that has an address of its own, because its place says what it is for. */
  file: (name: string) => { type: string; plain: Buffer };
  answer: (c: Ctx, hash: string, name: string) => Promise<Response> | null;
  /** The icon of the site with a number on it, at most two digits of it. */
  counted: (n: number) => string;
};

const publicFile = (name: string) => new URL(`../public/${name}`, import.meta.url);
const packaged = createRequire(import.meta.url);

/** `framed`: the editor loads it, whose document has no origin; it is read when the first one asks for the editor. */
const sources: Record<string, { type: string; from: () => URL | string; framed?: true }> = {
  'app.css': { type: 'text/css; charset=utf-8', from: () => publicFile('app.css') },
  'pages.css': { type: 'text/css; charset=utf-8', from: () => publicFile('pages.css') },
  'scripted.css': { type: 'text/css; charset=utf-8', from: () => publicFile('scripted.css') },
  'dark.css': { type: 'text/css; charset=utf-8', from: () => publicFile('dark.css') },
  'contrast.css': { type: 'text/css; charset=utf-8', from: () => publicFile('contrast.css') },
  'app.js': { type: 'text/javascript; charset=utf-8', from: () => publicFile('app.js') },
  'writing.css': { type: 'text/css; charset=utf-8', from: () => publicFile('writing.css') },
  'compose.js': { type: 'text/javascript; charset=utf-8', from: () => publicFile('compose.js') },
  'keep.js': { type: 'text/javascript; charset=utf-8', from: () => publicFile('keep.js') },
  'upload.js': { type: 'text/javascript; charset=utf-8', from: () => publicFile('upload.js') },
  'rich.js': { type: 'text/javascript; charset=utf-8', from: () => publicFile('rich.js') },
  'editor.js': { type: 'text/javascript; charset=utf-8', from: () => publicFile('editor/editor.js'), framed: true },
  'editor.css': { type: 'text/css; charset=utf-8', from: () => publicFile('editor/editor.css'), framed: true },
  'editor-icons.svg': { type: 'image/svg+xml', from: () => publicFile('editor/icons.svg') },
  'squire.js': {
    type: 'text/javascript; charset=utf-8',
    from: () => packaged.resolve('squire-rte/dist/squire.js'),
    framed: true,
  },
  'tidy.js': { type: 'text/javascript; charset=utf-8', from: () => publicFile('tidy.js') },
  'more-icons.svg': { type: 'image/svg+xml', from: () => publicFile('more-icons.svg') },
  'icons.svg': { type: 'image/svg+xml', from: () => publicFile('icons.svg') },
  'print.js': { type: 'text/javascript; charset=utf-8', from: () => publicFile('print.js') },
  'push.js': { type: 'text/javascript; charset=utf-8', from: () => publicFile('push.js') },
  'worker.js': { type: 'text/javascript; charset=utf-8', from: () => publicFile('worker.js') },
  'icon-192.png': { type: 'image/png', from: () => publicFile('icon-192.png') },
  'icon-512.png': { type: 'image/png', from: () => publicFile('icon-512.png') },
  'icon-maskable-512.png': { type: 'image/png', from: () => publicFile('icon-maskable-512.png') },
  'icon.svg': { type: 'image/svg+xml', from: () => publicFile('icon.svg') },
  'htmx.js': { type: 'text/javascript; charset=utf-8', from: () => packaged.resolve('htmx.org/dist/htmx.min.js') },
};

export function loadAssets(): Assets {
  const known = new Map<string, Asset>();
  const asset = (name: string): Asset | null => {
    const source = Object.hasOwn(sources, name) ? sources[name]! : null;
    if (source && !known.has(name)) known.set(name, load(source.type, source.from(), source.framed ?? false));
    return known.get(name) ?? null;
  };
  for (const [name, { framed }] of Object.entries(sources)) if (!framed) asset(name);
  return {
    counted: n => counted(asset('icon.svg')!.plain.toString(), n),
    file: name => asset(name)!,
    text: name => asset(name)?.plain.toString() ?? '',
    path: name => `/assets/${asset(name)?.hash ?? 'none'}/${name}`,
    answer: (c, hash, name) => {
      const found = asset(name);
      return found && found.hash === hash ? answer(c, found) : null;
    },
  };
}

function counted(icon: string, n: number): string {
  const badge = `<circle cx="22" cy="10" r="10" fill="#b3261e"/><text x="22" y="14.5" font-family="system-ui,sans-serif" font-size="13" font-weight="700" text-anchor="middle" fill="#fff">${n > 99 ? '99' : n}</text>`;
  return icon.replace('</svg>', `${badge}</svg>`);
}

function load(type: string, from: URL | string, framed: boolean): Asset {
  const read = readFileSync(from);
  const plain = type.startsWith('text/css') ? Buffer.from(slim(read.toString())) : read;
  return {
    type,
    plain,
    framed,
    hash: createHash('sha256').update(plain).digest('base64url').slice(0, 12),
    pressed: {},
  };
}

/** Without comments and the blanks that only people read; what stands in quotation marks stays. */
const slim = (css: string): string =>
  css
    .replace(/("[^"\n]*"|'[^'\n]*')|\/\*[\s\S]*?\*\//g, '$1')
    .replace(/("[^"\n]*"|'[^'\n]*')|\s*([{};,])\s*|(:) +|\s+/g, (_, text, sign, colon) => text ?? sign ?? colon ?? ' ')
    .replaceAll(';}', '}');

async function answer(c: Ctx, asset: Asset): Promise<Response> {
  const tag = `"${asset.hash}"`;
  const headers: Record<string, string> = {
    'Content-Type': asset.type,
    'Cache-Control': 'public, max-age=31536000, immutable',
    ETag: tag,
    Vary: 'Accept-Encoding',
  };
  if (asset.framed) headers['Cross-Origin-Resource-Policy'] = 'cross-origin';
  if (c.req.header('If-None-Match') === tag) return c.body(null, 304, headers);
  const accepted = c.req.header('Accept-Encoding') ?? '';
  const encoding = /\bbr\b/.test(accepted) ? 'br' : /\bgzip\b/.test(accepted) ? 'gzip' : null;
  // A picture is pressed already.
  if (encoding === null || asset.type === 'image/png') return c.body(new Uint8Array(asset.plain), 200, headers);
  asset.pressed[encoding] ??= press[encoding](asset.plain);
  headers['Content-Encoding'] = encoding;
  return c.body(new Uint8Array(await asset.pressed[encoding]), 200, headers);
}

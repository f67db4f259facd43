/**
 * The text of a message, read by the stored part tree: only the parts shown are opened, and of each at most 512 KB.
 * HTML made safe for the page's banner is kept a moment for the frame that asks for it next.
 */
import { type Header, readHeader } from '../daemon/mail/header.ts';
import { type DisplayParts, displayParts, type Part, partText, unflow } from '../daemon/mail/parts.ts';
import type { Account, Content, Message } from '../daemon/store.ts';
import { type SafeHtml, type SafeHtmlOptions, safeHtml, type Trackers } from '../views/safe-html.ts';
import { textToHtml } from '../views/text.ts';
import type { Words } from '../views/words.ts';
import { createPacks, type PackedText } from './packs.ts';
import type { Site } from './site.ts';

/** Octets of a part that are read to be shown. */
export const mostShown = 512 * 1024;
/** Characters of safe HTML kept, all together. */
const mostKept = 8_000_000;
const longestHeader = 256 * 1024;

/** Remote images, and colours for a dark page beside the mail's own. */
export type Shown = Pick<SafeHtmlOptions, 'remoteImages' | 'dark'>;

/** The colours of the reader's own pages. */
export const darkFor = ({ scheme }: Account): Shown['dark'] =>
  scheme === 'auto' ? true : scheme === 'dark' && 'always';

export type Bodies = {
  content(message: Message): Promise<Content | null>;
  /** `of`: of the message that begins there. */
  header(content: Content, of?: Part): Promise<Header>;
  display(content: Content): DisplayParts | null;
  /** Plain text of the parts, one after the other; `cut` is the first part that was not read to its end. */
  text(content: Content, parts: Part[]): Promise<{ text: string; cut: Part | null }>;
  /** The text of a message that has none but what Outlook packed into it; null: it has its own, or none at all. */
  packed(content: Content, shown: DisplayParts): Promise<PackedText | null>;
  /** HTML of the parts, safe, plain ones between them as markup; or the one that is packed. `of`: the attached message they are of. */
  html(message: Message, content: Content, shown: DisplayParts, how: Shown, of?: Part): Promise<SafeHtml>;
};

export function createBodies({ store, log, settings }: Pick<Site, 'store' | 'log' | 'settings'>): Bodies {
  const kept = new Map<string, SafeHtml>();
  const packs = createPacks(store);
  const packed: Bodies['packed'] = (content, shown) => packs.text(content, shown, mostShown);

  const bytesOf = (content: Content, part: Part): Promise<Buffer> => {
    const to = Math.min(part.bodyTo, part.bodyFrom + mostShown);
    return content.bytes
      ? Promise.resolve(content.bytes.subarray(part.bodyFrom, to))
      : store.content.read(content.id, part.bodyFrom, to);
  };
  const textOf = async (content: Content, part: Part): Promise<string> => {
    const text = partText(part, await bytesOf(content, part));
    return part.flowed ? unflow(text, part.delSp) : text;
  };

  return {
    content: message => store.content.get(message.contentId),
    async header(content, of) {
      const from = of?.headerFrom ?? 0;
      const end = Math.min((of ?? content.tree)?.bodyFrom ?? longestHeader, from + longestHeader);
      const { bytes } = content;
      return readHeader(bytes ? bytes.subarray(from, end) : await store.content.read(content.id, from, end));
    },
    packed,
    display: content => (content.tree ? displayParts(content.tree) : null),
    async text(content, parts) {
      const texts: string[] = [];
      for (const part of parts) texts.push(await textOf(content, part));
      const cut = parts.find(part => part.bodyTo - part.bodyFrom > mostShown) ?? null;
      return {
        text: texts
          .map(text => text.trimEnd())
          .join('\n\n')
          .trimEnd(),
        cut,
      };
    },
    async html(message, content, shown, how, of) {
      const key = `${message.id} ${of?.id ?? ''} ${how.remoteImages} ${how.dark}`;
      const known = kept.get(key);
      if (known) return known;
      const alone = await packed(content, shown);
      const inline = (id: string) => alone?.inline.get(id) ?? inlinePart(shown, id);
      const at = `${settings.base_path}/messages/${message.id}`;
      const options = { ...how, cid: (id: string) => (inline(id) ? `${at}/${inline(id)}?inline` : null) };
      const pieces: SafeHtml[] = [];
      if (alone?.type === 'text/html') pieces.push(asCut(await safeHtml(alone.text, options), alone.cut));
      else for (const part of shown.html) pieces.push(await safePiece(part, await textOf(content, part), options));
      const safe = together(pieces);
      if (!safe.shown) log.info('web.html_refused', { message: message.id, why: safe.why });
      keep(kept, key, safe);
      return safe;
    },
  };
}

/** Each part is made safe alone: what one leaves open must not swallow the next. */
async function safePiece(part: Part, text: string, options: SafeHtmlOptions): Promise<SafeHtml> {
  const cut = part.bodyTo - part.bodyFrom > mostShown;
  if (part.type !== 'text/html')
    return {
      ...plain,
      html: `<div class="text">${textToHtml(text)}</div>`,
      dark: options.dark !== false,
      truncated: cut,
    };
  return asCut(await safeHtml(text, options), cut);
}

const asCut = (safe: SafeHtml, cut: boolean): SafeHtml =>
  safe.shown ? { ...safe, truncated: safe.truncated || cut } : safe;

const nobody = { hosts: [], count: 0 };
const plain = { shown: true, remoteBlocked: 0, trackers: { pixels: nobody, links: nobody } } as const;

function together(pieces: SafeHtml[]): SafeHtml {
  const shown: (SafeHtml & { shown: true })[] = [];
  for (const piece of pieces)
    if (piece.shown) shown.push(piece);
    else return piece;
  return {
    shown: true,
    html: shown.map(p => p.html).join('<hr>'),
    dark: shown.every(p => p.dark),
    remoteBlocked: shown.reduce((sum, p) => sum + p.remoteBlocked, 0),
    trackers: {
      pixels: allTold(shown.map(p => p.trackers.pixels)),
      links: allTold(shown.map(p => p.trackers.links)),
    },
    truncated: shown.some(p => p.truncated),
  };
}

const allTold = (some: Trackers['links'][]): Trackers['links'] => ({
  hosts: [...new Set(some.flatMap(t => t.hosts))].slice(0, 5),
  count: some.reduce((sum, t) => sum + t.count, 0),
});

/** Its path below the message; null: there is no such picture. */
function inlinePart(shown: DisplayParts, contentId: string): string | null {
  const part = shown.inline.get(contentId);
  // What it really is, is looked at when it is given out.
  const mayBe = part && (isInlineImage(part.type) || part.type === 'application/octet-stream');
  return mayBe ? `parts/${part.id || '1'}` : null;
}

/** The kinds of image a browser decodes without running anything in them; SVG is a document. */
export const isInlineImage = (type: string): boolean => /^image\/(?:x-)?(?:png|p?jpe?g|gif|webp)$/.test(type);

function keep(kept: Map<string, SafeHtml>, key: string, safe: SafeHtml): void {
  kept.set(key, safe);
  let size = 0;
  for (const [, value] of kept) size += value.html.length + 200;
  for (const [oldest, value] of kept) {
    if (size <= mostKept) break;
    kept.delete(oldest);
    size -= value.html.length + 200;
  }
}

const endings: Record<string, string> = {
  'message/rfc822': 'eml',
  'text/plain': 'txt',
  'text/html': 'html',
  'text/calendar': 'ics',
  'application/pdf': 'pdf',
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/gif': 'gif',
};

export const partName = (w: Words, part: Part): string =>
  part.name || w.t('message.unnamed', { ext: endings[part.type] ?? 'bin' });

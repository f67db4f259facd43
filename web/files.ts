/** The files of a message, as they lie in its parts, and those that Outlook packed into a winmail.dat. */
import { decodeStream, type Part } from '../daemon/mail/parts.ts';
import { cutOut, type TnefFile, TnefReader } from '../daemon/mail/tnef.ts';
import type { Content, Message } from '../daemon/store.ts';
import type { Words } from '../views/words.ts';
import { partName } from './bodies.ts';
import type { Site } from './site.ts';

export type MessageFile = {
  /** As shown and saved. */
  name: string;
  /** As its sender said, or as its name tells; lower case. */
  type: string;
  /** Octets when decoded, or nearly. */
  size: number;
  /** Its address. */
  path: string;
  part: Part;
  /** Its octets; may be asked for again. */
  open(): AsyncIterable<Buffer>;
};

export type Files = {
  /** A winmail.dat that can be opened stands as what is in it. */
  all(w: Words, message: Message, content: Content, parts: Part[]): Promise<MessageFile[]>;
  one(w: Words, message: Message, content: Content, part: Part): MessageFile;
  /** The nth of a winmail.dat, from 1; null: there is none. */
  packed(w: Words, message: Message, content: Content, part: Part, n: number): Promise<MessageFile | null>;
};

/** Octets of a winmail.dat that is opened for a page; it has to be read from its beginning to its end. */
const largestPack = 12_000_000;
/** What is in them, of so many. */
const mostKept = 300;

export function createFiles({ store }: Pick<Site, 'store'>): Files {
  const kept = new Map<string, TnefFile[] | null>();

  const octetsOf = (content: Content, part: Part): AsyncIterable<Buffer> =>
    decodeStream(part, store.content.open(content.id, part.bodyFrom, part.bodyTo));

  const packOf = async (content: Content, part: Part): Promise<TnefFile[] | null> => {
    if (!isPack(part) || part.bodyTo - part.bodyFrom > largestPack) return null;
    const key = `${content.id} ${part.id}`;
    const known = kept.get(key);
    if (known !== undefined) return known;
    const reader = new TnefReader();
    for await (const chunk of octetsOf(content, part)) reader.push(chunk);
    const files = reader.end();
    kept.set(key, files);
    for (const oldest of kept.keys()) {
      if (kept.size <= mostKept) break;
      kept.delete(oldest);
    }
    return files;
  };

  const one: Files['one'] = (w, message, content, part) => {
    const encoded = part.bodyTo - part.bodyFrom;
    return {
      name: partName(w, part),
      type: typeOf(part.type, part.name ?? ''),
      size: part.encoding === 'base64' ? Math.floor((encoded * 57) / 78) : encoded,
      path: `/messages/${message.id}/parts/${part.id || '1'}`,
      part,
      open: () => octetsOf(content, part),
    };
  };

  const unpacked = (w: Words, message: Message, content: Content, part: Part, files: TnefFile[]): MessageFile[] =>
    files.map(({ name, type, from, to }, at) => ({
      name: name || w.t('message.unnamed', { ext: 'bin' }),
      type: typeOf(type, name),
      size: to - from,
      path: `/messages/${message.id}/parts/${part.id || '1'}/files/${at + 1}`,
      part,
      open: () => cutOut(octetsOf(content, part), from, to),
    }));

  return {
    one,
    async all(w, message, content, parts) {
      const found: MessageFile[] = [];
      for (const part of parts) {
        const pack = await packOf(content, part);
        // With nothing in it that could be read, it stays the file it is.
        if (pack && pack.length > 0) found.push(...unpacked(w, message, content, part, pack));
        else found.push(one(w, message, content, part));
      }
      return found;
    },
    async packed(w, message, content, part, n) {
      const pack = await packOf(content, part);
      return pack ? (unpacked(w, message, content, part, pack)[n - 1] ?? null) : null;
    },
  };
}

const isPack = (part: Part): boolean =>
  /^application\/(?:vnd\.)?ms-tnef$/.test(part.type) || /^winmail\.dat$/i.test(part.name ?? '');

const endings: Record<string, string> = {
  txt: 'text/plain',
  log: 'text/plain',
  md: 'text/markdown',
  csv: 'text/csv',
  ics: 'text/calendar',
  vcf: 'text/vcard',
  htm: 'text/html',
  html: 'text/html',
  eml: 'message/rfc822',
  pdf: 'application/pdf',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
};

/** Many senders know no type; what it really is, its octets say when it is shown. */
function typeOf(type: string, name: string): string {
  const vague = type === '' || type === 'application/octet-stream';
  return (
    (vague ? endings[/\.([a-z]{2,4})$/i.exec(name)?.[1]?.toLowerCase() ?? ''] : type) ?? 'application/octet-stream'
  );
}

/** What octets begin with that a browser shows without running anything in it, or in a program of its own; null: neither. */
export function shownAs(start: Buffer): string | null {
  const text = start.toString('latin1', 0, 1024);
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png';
  if (text.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (/^GIF8[79]a/.test(text)) return 'image/gif';
  if (/^RIFF[\s\S]{4}WEBP/.test(text)) return 'image/webp';
  return text.includes('%PDF-') ? 'application/pdf' : null;
}

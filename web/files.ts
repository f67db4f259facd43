/** The files of a message, as they lie in its parts, and those that Outlook packed into a winmail.dat. */
import { decodeStream, type Part } from '../daemon/mail/parts.ts';
import type { Content, Message } from '../daemon/store.ts';
import type { Words } from '../views/words.ts';
import { partName } from './bodies.ts';
import { createPacks, fileAt, isPack, type Packed } from './packs.ts';
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
  /** Of a text that lies in no part of its own; null: as the part says. */
  charset: string | null;
  /** The text of the message, which Outlook packed. */
  isBody: boolean;
  /** Its octets; may be asked for again. */
  open(): AsyncIterable<Buffer>;
};

export type Files = {
  /** A winmail.dat that can be opened stands as what is in it. */
  all(w: Words, message: Message, content: Content, parts: Part[]): Promise<MessageFile[]>;
  /** All of them, to be read in this order; `close` is the caller's. */
  inOrder(
    w: Words,
    message: Message,
    content: Content,
    parts: Part[],
  ): Promise<{ files: MessageFile[]; close(): Promise<void> }>;
  one(w: Words, message: Message, content: Content, part: Part): MessageFile;
  /** The nth of a winmail.dat, from 1; null: there is none. */
  packed(w: Words, message: Message, content: Content, part: Part, n: number): Promise<MessageFile | null>;
};

/** A message has one winmail.dat, one that passes others on a few; what is beyond stays as it is, for each is work. */
const mostPacks = 5;

export function createFiles({ store }: Pick<Site, 'store'>): Files {
  const packs = createPacks(store);

  const octetsOf = (content: Content, part: Part): AsyncIterable<Buffer> =>
    decodeStream(part, store.content.open(content.id, part.bodyFrom, part.bodyTo));

  const one: Files['one'] = (w, message, content, part) => {
    const encoded = part.bodyTo - part.bodyFrom;
    return {
      name: partName(w, part),
      type: typeOf(part.type, part.name ?? ''),
      size: part.encoding === 'base64' ? Math.floor((encoded * 57) / 78) : encoded,
      path: `/messages/${message.id}/parts/${part.id || '1'}`,
      ...{ part, charset: null, isBody: false },
      open: () => octetsOf(content, part),
    };
  };

  const unpacked = (
    w: Words,
    message: Message,
    part: Part,
    files: Packed[],
    open: (file: Packed) => AsyncIterable<Buffer>,
  ): MessageFile[] =>
    files.map((file, at) => ({
      name: file.name || w.t('message.unnamed', { ext: 'bin' }),
      type: typeOf(file.type, file.name),
      size: file.size,
      path: `/messages/${message.id}/${fileAt(part, at)}`,
      ...{ part, charset: file.charset },
      isBody: file.body !== null,
      open: () => open(file),
    }));

  const alone = (content: Content, part: Part) => (file: Packed) => packs.open(content, part, file);

  /** `opener`: how what is packed in a part is opened. */
  async function each(
    { w, message, content }: { w: Words; message: Message; content: Content },
    parts: Part[],
    opener: (part: Part) => (file: Packed) => AsyncIterable<Buffer>,
  ): Promise<MessageFile[]> {
    const found: MessageFile[] = [];
    let left = mostPacks;
    for (const part of parts) {
      const pack = isPack(part) && left-- > 0 ? await packs.of(content, part) : null;
      // With nothing in it that could be read, it stays the file it is.
      if (pack && pack.length > 0) found.push(...unpacked(w, message, part, pack, opener(part)));
      else found.push(one(w, message, content, part));
    }
    return found;
  }

  return {
    one,
    all: (w, message, content, parts) => each({ w, message, content }, parts, part => alone(content, part)),
    async inOrder(w, message, content, parts) {
      const open: { close(): Promise<void> }[] = [];
      const opener = (part: Part) => {
        const ordered = packs.inOrder(content, part);
        open.push(ordered);
        return ordered.open;
      };
      const files = await each({ w, message, content }, parts, opener);
      return { files, close: async () => void (await Promise.all(open.map(o => o.close()))) };
    },
    async packed(w, message, content, part, n) {
      const pack = await packs.of(content, part);
      return pack ? (unpacked(w, message, part, pack, alone(content, part))[n - 1] ?? null) : null;
    },
  };
}

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

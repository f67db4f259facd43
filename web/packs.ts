/** What Outlook packed into a winmail.dat, opened: files, and the text of a message that has none beside it. */
import { type DisplayParts, decodeStream, type Part, partText } from '../daemon/mail/parts.ts';
import { decompressRtf, MOST_RTF, type RtfText, readRtf } from '../daemon/mail/rtf.ts';
import { cutOut, type TnefFile, TnefReader } from '../daemon/mail/tnef.ts';
import type { Content, Store } from '../daemon/store.ts';
import { cutsOf } from './cuts.ts';
import { remember } from './remember.ts';

/** With its name, and its size as it is given out. */
export type Packed = TnefFile & { size: number };

/** `cut`: it goes on. `inline`: pictures that its HTML shows inside itself, by Content-ID, with their paths below the message. */
export type PackedText = RtfText & { cut: boolean; inline: Map<string, string> };

export type Packs = {
  /** Null: it is none, or too large. */
  of(content: Content, part: Part): Promise<Packed[] | null>;
  /** Its octets; may be asked for again. */
  open(content: Content, part: Part, file: Packed): AsyncIterable<Buffer>;
  /** For several of them in their order; `close` is the caller's. */
  inOrder(content: Content, part: Part): { open(file: Packed): AsyncIterable<Buffer>; close(): Promise<void> };
  /** The text of a message, of at most so many octets; null: it has one of its own, or none at all. */
  text(content: Content, shown: DisplayParts, most: number): Promise<PackedText | null>;
};

/** Octets of a winmail.dat that is opened for a page; it has to be read from its beginning to its end. */
const largestPack = 12_000_000;
/** What is in them, of so many; and texts of so many. */
const mostKept = 300;
const mostTexts = 8;
/** Octets of a text of which a gateway made nothing but line ends. */
const nearlyEmpty = 8;

export function createPacks({ content: contents }: Pick<Store, 'content'>): Packs {
  const kept = new Map<string, Packed[] | null>();
  const texts = new Map<string, PackedText | null>();

  const octetsOf = (content: Content, part: Part): AsyncIterable<Buffer> =>
    decodeStream(part, contents.open(content.id, part.bodyFrom, part.bodyTo));

  const of: Packs['of'] = async (content, part) => {
    if (!isPack(part) || part.bodyTo - part.bodyFrom > largestPack) return null;
    const key = `${content.id} ${part.id}`;
    const known = kept.get(key);
    if (known !== undefined) return known;
    const reader = new TnefReader();
    for await (const chunk of octetsOf(content, part)) reader.push(chunk);
    const found = reader.end();
    const named = found && (await Promise.all(found.map(file => packedAs(file, cutter(content, part)))));
    return remember(kept, key, named?.filter(file => file !== null) ?? null, mostKept);
  };

  const cutter =
    (content: Content, part: Part): Cut =>
    (from, to) =>
      cutOut(octetsOf(content, part), from, to);
  const open: Packs['open'] = (content, part, file) => openPacked(file, cutter(content, part));

  const textOf = async (content: Content, pack: Part, most: number): Promise<PackedText | null> => {
    const files = (await of(content, pack)) ?? [];
    const file = bodyOf(files);
    if (file === null) return null;
    const { bytes, cut } = await firstOf(open(content, pack, file), most);
    const text = packedText(pack, file.type, file.charset, bytes);
    const type = file.type === 'text/html' ? 'text/html' : 'text/plain';
    return text.trim() === '' ? null : { type, text, cut, inline: inlineOf(pack, files) };
  };

  return {
    of,
    open,
    inOrder(content, part) {
      const { cut, close } = cutsOf(() => octetsOf(content, part));
      return { open: file => openPacked(file, cut), close };
    },
    async text(content, shown, most) {
      const pack = shown.attachments.find(isPack);
      if (!pack || shown.text.some(part => part.bodyTo - part.bodyFrom > nearlyEmpty)) return null;
      const key = `${content.id} ${pack.id} ${most}`;
      const known = texts.get(key);
      if (known !== undefined) return known;
      return remember(texts, key, await textOf(content, pack, most), mostTexts);
    },
  };
}

export const isPack = (part: Part): boolean =>
  /^application\/(?:vnd\.)?ms-tnef$/.test(part.type) || /^winmail\.dat$/i.test(part.name ?? '');

const bodyOf = (files: Packed[]): Packed | null =>
  files.find(f => f.body !== null && f.type === 'text/html') ?? files.find(f => f.body !== null) ?? null;

type Cut = (from: number, to: number) => AsyncIterable<Buffer>;

/** A text that was RTF has its name and size from what comes out of it; null: nothing does. */
async function packedAs(file: TnefFile, cut: Cut): Promise<Packed | null> {
  if (file.body !== 'rtf') return { ...file, size: file.to - file.from };
  const { type, text } = await rtfText(file, cut);
  if (text.trim() === '') return null;
  const name = type === 'text/html' ? 'message.html' : 'message.txt';
  return { ...file, name, type, charset: 'utf-8', size: Buffer.byteLength(mark + text) };
}

async function* openPacked(file: Packed, cut: Cut): AsyncIterable<Buffer> {
  if (file.body !== 'rtf') return yield* cut(file.from, file.to);
  yield Buffer.from(mark + (await rtfText(file, cut)).text);
}

/** In front of UTF-8: HTML may say of itself that it is in the letters it had as RTF. */
const mark = '\ufeff';

async function rtfText({ from, to }: TnefFile, cut: Cut): Promise<RtfText> {
  const pieces = await Array.fromAsync(cut(from, Math.min(to, from + MOST_RTF)));
  const rtf = decompressRtf(Buffer.concat(pieces), MOST_RTF);
  return (rtf && readRtf(rtf)) ?? { type: 'text/plain', text: '' };
}

/** What each of them really is, is looked at when it is given out. */
const inlineOf = (pack: Part, files: Packed[]): Map<string, string> =>
  new Map(files.flatMap((f, at) => (f.contentId === null ? [] : [[f.contentId, fileAt(pack, at)]])));

/** Below its message. */
export const fileAt = (pack: Part, at: number): string => `parts/${pack.id || '1'}/files/${at + 1}`;

/** Already decoded: of the part only what it says of its letters counts, and only where nothing else does. */
export const packedText = (part: Part, type: string, charset: string | null, bytes: Buffer): string =>
  partText({ ...part, type, encoding: 'binary', charset: charset ?? part.charset }, bytes);

/** As much as is shown of it. */
export async function firstOf(source: AsyncIterable<Buffer>, most: number): Promise<{ bytes: Buffer; cut: boolean }> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of source) {
    pieces.push(piece);
    size += piece.length;
    if (size > most) break;
  }
  return { bytes: Buffer.concat(pieces).subarray(0, most), cut: size > most };
}

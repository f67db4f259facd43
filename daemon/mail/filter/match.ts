import { cleanText, decodeCharset, decodeWords, type Header, LONGEST_HEADER, readHeader } from '../header.ts';
import { DEEPEST, decodeBody, decodeStream, MOST_PARTS, type Part, scan } from '../parts.ts';
import { namesInHeader, spellings, uuencodedNames } from './names.ts';
import type { RuleSet } from './read-rules.ts';
import type { Condition, FilterRule } from './rule.ts';
import type { SearchRun } from './word-search.ts';
import { looksLikeZip, namesInZip } from './zip.ts';

/** A message as the rules look at it. */
export type FilterContent = {
  /** Its header block, as the scanner gives it. */
  header: Buffer;
  root: Part;
  /** Octets of the content. */
  size: number;
  /** Octets [from, to) of the content. */
  read(from: number, to: number): Promise<Buffer>;
};

/** `where` is for a person: the field, the part, or the place in the content. */
export type Match = { rule: FilterRule; where: string };

const NONE = Buffer.alloc(0);
/** Octets looked at in one go: short enough that nobody waits for it. */
const chunkSize = 128 * 1024;
const longestPartHeader = 64 * 1024;
/** A message inside that is encoded, against RFC 2046 §5.2.1, is decoded and looked through up to this size. */
const largestNested = 4 * 1024 * 1024;
const deepestNested = 5;
/** Of one header, and of all uuencoded files together. */
const mostNames = 200;
/** A zip file up to this size is looked into. */
const largestZip = 8 * 1024 * 1024;
/** What readers do not show, and what would cut a word in two. */
const UNSEEN = /[\u00ad\u200b-\u200d\u2060\ufeff]/g;

/** The rules that match, in the order of the file, each with the first place where it does. */
export async function matchingRules(set: RuleSet, content: FilterContent): Promise<Match[]> {
  const found = new Map<FilterRule, string>();
  await new Look(set, found).through(content, '');
  return set.rules.filter(r => found.has(r)).map(rule => ({ rule, where: found.get(rule)! }));
}

type Piece = { part: Part; header: Header; names: string[] };

/** One look through one content, and through those inside it that are encoded. */
class Look {
  readonly #set: RuleSet;
  readonly #found: Map<FilterRule, string>;
  readonly #search: SearchRun | null;
  readonly #byName: boolean;
  readonly #byAttachment: boolean;
  #depth = 0;
  #uuencoded = 0;

  constructor(set: RuleSet, found: Map<FilterRule, string>) {
    this.#set = set;
    this.#found = found;
    this.#search = set.words?.start() ?? null;
    const conditions = set.rules.map(r => r.condition).filter(c => c.kind === 'attachment');
    this.#byAttachment = conditions.length > 0;
    this.#byName = conditions.some(
      c => c.name !== null && c.type === null && c.largerThan === null && c.archived === null,
    );
  }

  async through(content: FilterContent, inside: string): Promise<void> {
    const header = readHeader(content.header);
    if (inside === '') this.#headerRules(header);
    if (this.#search === null && !this.#byAttachment) return;
    if (isBeyondSight(content)) this.#unseen(inside);
    if (this.#search !== null) await this.#asItStands(content, inside);
    for (const part of everyPart(content.root)) {
      const piece = await pieceOf(part, content, header);
      if (piece.names.length > mostNames) this.#unseen(inside);
      await this.#attachmentRules(piece, content, inside);
      await this.#decoded(piece, content, inside);
    }
  }

  #hit(rule: FilterRule, where: string): void {
    if (!this.#found.has(rule)) this.#found.set(rule, where);
  }

  #headerRules(header: Header): void {
    const rules = this.#set.rules.filter(r => r.condition.kind === 'header');
    if (rules.length === 0) return;
    const fields = header.every().map(f => ({ ...f, value: cleanText(decodeWords(f.value)).trim() }));
    const byName = Map.groupBy(fields, f => f.name);
    for (const rule of rules) {
      const c = rule.condition as Condition & { kind: 'header' };
      const found = (c.name === '*' ? fields : (byName.get(c.name) ?? [])).find(f => c.matches(f.value));
      if (found) this.#hit(rule, `header field ${found.name}`);
    }
  }

  async #attachmentRules({ part, names }: Piece, content: FilterContent, inside: string): Promise<void> {
    if (!isFile(part, names)) return;
    let size: number | null = null;
    let archived: string[] | null = null;
    for (const rule of this.#set.rules) {
      const { condition: c } = rule;
      if (c.kind !== 'attachment' || this.#found.has(rule)) continue;
      const name = c.name === null ? undefined : [part.name ?? '', ...names].find(c.name);
      if (c.name !== null && name === undefined) continue;
      if (c.type !== null && !c.type(part.type)) continue;
      if (c.largerThan !== null) size ??= await decodedSize(part, content);
      if (c.largerThan !== null && size! <= c.largerThan) continue;
      if (c.archived !== null) archived ??= await archivedNames(part, content);
      const held = c.archived === null ? undefined : archived!.find(c.archived);
      if (c.archived !== null && held === undefined) continue;
      const what = held === undefined ? (name ?? part.name ?? part.type) : `${part.name ?? part.type} with ${held}`;
      this.#hit(rule, `attachment ${what}${inPart(part, inside)}`);
    }
  }

  /** Where a file could hide, every rule for attachments takes it to be there: no honest mail comes near the limits. */
  #unseen(inside: string): void {
    for (const rule of this.#set.rules)
      if (rule.condition.kind === 'attachment')
        this.#hit(rule, inside || 'more parts, names or header than are looked at');
  }

  #nameInText(name: string, part: Part, inside: string): void {
    this.#uuencoded += 1;
    if (this.#uuencoded === mostNames) this.#unseen(inside);
    if (this.#uuencoded >= mostNames) return;
    for (const rule of this.#set.rules) {
      const { condition: c } = rule;
      if (c.kind !== 'attachment' || c.type !== null || c.largerThan !== null || c.archived !== null) continue;
      if (c.name?.(name)) this.#hit(rule, `uuencoded file ${name}${inPart(part, inside)}`);
    }
  }

  /** The body octet for octet, the headers of its parts included, as the original looked at it. */
  async #asItStands(content: FilterContent, inside: string): Promise<void> {
    this.#search?.pause();
    let from = content.root.bodyFrom;
    for await (const chunk of octets(content, from, content.size)) {
      const at = from;
      this.#search?.push(chunk, (w, end) =>
        this.#hit(this.#set.bodyRules[w]!, inside || `body, before octet ${at + end}`),
      );
      from += chunk.length;
    }
  }

  /** A part as its reader sees it: fields on one line and decoded, and its text. */
  async #decoded({ part, header }: Piece, content: FilterContent, inside: string): Promise<void> {
    const isRoot = part === content.root;
    if (!isRoot && this.#search !== null)
      for (const { name, value } of header.every())
        this.#text(`${name}: ${decodeWords(value)}`, `header of part ${part.id || inside}`);
    if (isEncodedMessage(part)) return await this.#nested(part, content);
    if (!part.type.startsWith('text/') && !/uu/.test(part.encoding)) return;
    this.#search?.pause();
    for await (const text of textOf(part, content)) {
      if (this.#byName) for (const name of uuencodedNames(text)) this.#nameInText(name, part, inside);
      if (this.#search !== null) this.#text(text, `text${inPart(part, inside)}`, true);
    }
  }

  #text(text: string, where: string, goesOn = false): void {
    const bytes = Buffer.from(text.replace(UNSEEN, '').toLowerCase());
    this.#search?.push(bytes, word => this.#hit(this.#set.bodyRules[word]!, where));
    if (!goesOn) this.#search?.pause();
  }

  async #nested(part: Part, content: FilterContent): Promise<void> {
    if (part.bodyTo - part.bodyFrom > largestNested || this.#depth >= deepestNested) return;
    const bytes = decodeBody(part, await content.read(part.bodyFrom, part.bodyTo));
    const { header, root, size } = scan(bytes);
    this.#depth += 1;
    const read = async (from: number, to: number) => bytes.subarray(from, to);
    await this.through({ header, root, size, read }, `message in part ${part.id}`);
    this.#depth -= 1;
  }
}

const inPart = (part: Part, inside: string): string =>
  inside !== '' ? `, ${inside}` : part.id === '' ? '' : `, part ${part.id}`;

async function pieceOf(part: Part, content: FilterContent, rootHeader: Header): Promise<Piece> {
  const to = Math.min(part.bodyFrom, part.headerFrom + longestPartHeader);
  const isRoot = part === content.root;
  const header = isRoot ? rootHeader : readHeader(await content.read(part.headerFrom, to));
  return { part, header, names: namesInHeader(header) };
}

function everyPart(part: Part): Part[] {
  return [part, ...part.parts.flatMap(everyPart)];
}

/** The scanner counts no parts beyond its limits, and headers are read up to theirs. */
function isBeyondSight({ header, root }: FilterContent): boolean {
  const depth = (part: Part): number => 1 + Math.max(0, ...part.parts.map(depth));
  const parts = everyPart(root);
  const longHeader = parts.some(p => p !== root && p.bodyFrom - p.headerFrom > longestPartHeader);
  return parts.length >= MOST_PARTS || longHeader || header.length >= LONGEST_HEADER || depth(root) >= DEEPEST;
}

/** The text people came to read is no attachment, unless it says so or has a name. */
const isFile = (part: Part, names: string[]): boolean =>
  names.length > 0 || part.disposition === 'attachment' || !/^(?:text|multipart)\//.test(part.type);

const isEncodedMessage = (part: Part): boolean =>
  part.type.startsWith('message/') && /^(?:base64|quoted-printable)$/.test(part.encoding);

async function* octets({ read }: FilterContent, from: number, to: number): AsyncGenerator<Buffer> {
  for (let at = from; at < to; at += chunkSize) yield await read(at, Math.min(at + chunkSize, to));
}

async function decodedSize(part: Part, content: FilterContent): Promise<number> {
  let size = 0;
  for await (const chunk of decodeStream(part, octets(content, part.bodyFrom, part.bodyTo))) size += chunk.length;
  return size;
}

async function archivedNames(part: Part, content: FilterContent): Promise<string[]> {
  const { bodyFrom: from, bodyTo: to } = part;
  if (to - from > largestZip || !looksLikeZip(await content.read(from, Math.min(from + 8, to)))) return [];
  return namesInZip(decodeBody(part, await content.read(from, to))).flatMap(spellings);
}

/** The text of a part in pieces of whole lines, for as long as its lines are not absurd. */
async function* textOf(part: Part, content: FilterContent): AsyncGenerator<string> {
  const wide = /^(?:utf-?16|ucs|utf-?32)/.test(part.charset ?? '');
  let rest: Buffer = NONE;
  for await (const chunk of decodeStream(part, octets(content, part.bodyFrom, part.bodyTo))) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const line = wide ? 0 : bytes.lastIndexOf(0x0a) + 1;
    const cut = line > 0 || bytes.length < chunkSize ? line : bytes.length & ~3;
    if (cut > 0) yield decodeCharset(bytes.subarray(0, cut), part.charset);
    rest = bytes.subarray(cut);
  }
  if (rest.length > 0) yield decodeCharset(rest, part.charset);
}

import {
  cleanText,
  decodeWords,
  type Header,
  type Params,
  parseParams,
  readHeader,
  trimEndOf,
  withoutComments,
} from '../header.ts';
import type { Part } from './part.ts';

/** RFC 2046 §5.1.1 allows 70; longer ones occur, a megabyte does not. */
export const LONGEST_BOUNDARY = 1_000;
const LONGEST_NAME = 255;

/** What the header of a part says about it, and the boundary of a multipart (null: it cannot have parts). */
export function describePart(part: Part, header: Buffer, defaultType: string): string | null {
  const fields = readHeader(header);
  const type = fields.get('content-type');
  const content = type === null ? { value: defaultType, params: new Map<string, string>() } : parseParams(type);
  const disposition = parseParams(fields.get('content-disposition') ?? '');
  part.type = typeName(content.value);
  part.charset = bareOrNull(content.params.get('charset')?.toLowerCase());
  part.encoding = encodingOf(fields);
  part.disposition = dispositionOf(disposition.value);
  part.name = fileName(disposition, content);
  part.contentId = contentId(fields.get('content-id'));
  part.flowed = part.type === 'text/plain' && /^flowed$/i.test(content.params.get('format') ?? '');
  part.delSp = part.flowed && /^yes$/i.test(content.params.get('delsp') ?? '');
  return part.type.startsWith('multipart/') ? boundaryOf(content) : null;
}

/** RFC 2045 §5.1; `text` alone is what mailers before MIME wrote (RFC 1049). */
function typeName(value: string): string {
  if (/^[!#$%&'*+.^_`|~\w-]+\/[!#$%&'*+.^_`|~\w-]+$/.test(value)) return value;
  if (value === 'text' || value === 'plain' || value === '') return 'text/plain';
  // `text/plain charset=utf-8`: the semicolon was forgotten.
  const cut = /^[\w.+-]+\/[\w.+-]+(?=[\s,"])/.exec(value);
  return cut === null ? 'application/octet-stream' : cut[0];
}

function encodingOf(fields: Header): string {
  const value = fields.get('content-transfer-encoding') ?? '';
  const word = /^[^\s;,"]+/.exec(withoutComments(value).trim().toLowerCase().replace(/^"/, ''))?.[0] ?? '';
  if (word === '') return '7bit';
  return word === '8-bit' ? '8bit' : word === '7-bit' ? '7bit' : word.slice(0, 40);
}

/** RFC 2183 §2.8: a disposition that nobody knows is an attachment. */
function dispositionOf(value: string): Part['disposition'] {
  const word = value.split(/[\s"]/, 1)[0]!;
  return word === '' ? null : word === 'inline' ? 'inline' : 'attachment';
}

/** Only the last step of a path, as RFC 2183 §2.3 asks, and nothing that a list or a disk would take for more. */
function fileName(disposition: Params, content: Params): string | null {
  const given = disposition.params.get('filename') ?? content.params.get('name');
  if (given === undefined) return null;
  const last = cleanText(given)
    .split(/[/\\]/)
    .findLast(step => step.trim() !== '');
  const name = (last ?? '').trim().slice(0, LONGEST_NAME).toWellFormed();
  return /^\.*$/.test(name) ? null : name;
}

function contentId(value: string | null): string | null {
  if (value === null) return null;
  return bareOrNull(
    trimEndOf(cleanText(decodeWords(value)).replace(/^[\s<]+/, ''), /[\s>]/).slice(0, LONGEST_BOUNDARY),
  );
}

const bareOrNull = (text: string | undefined): string | null =>
  text === undefined || text.trim() === '' ? null : text.trim();

function boundaryOf(content: Params): string | null {
  const boundary = trimEndOf(content.params.get('boundary') ?? '', /[ \t]/);
  // Delimiters are compared as octets.
  const octets = Buffer.from(boundary).toString('latin1');
  return octets === '' || octets.length > LONGEST_BOUNDARY ? null : octets;
}

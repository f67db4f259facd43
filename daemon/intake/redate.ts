import { letterDate, parseDate } from '../mail/date.ts';
import type { NewContent, Store } from '../store.ts';

/** A letter that leaves within so many milliseconds of its Date is not written anew. */
const near = 60_000;

/**
 * A letter of the webmail that leaves at another time than it was to: sent at once after all, put off, or late because
 * we were not running. Its Date says when it is sent (RFC 5322 §3.6.1: when it is ready to enter the mail system), so it is
 * given that of its release. Null: it says so already, or the new one would be of another length.
 */
export async function redated(
  { contentId, header, at }: { contentId: number; header: Buffer; at: number },
  { content }: Pick<Store, 'content'>,
): Promise<NewContent | null> {
  const place = placeOfDate(header);
  const date = letterDate(at);
  if (!place || place.text.length !== date.length || Math.abs((parseDate(place.text) ?? 0) - at) <= near) return null;
  const writer = content.create();
  try {
    await writer.write(Buffer.from(header.toString('latin1', 0, place.from) + date, 'latin1'));
    for await (const piece of content.open(contentId, place.from + date.length)) await writer.write(piece);
    return await writer.finish();
  } catch (error) {
    await writer.discard();
    throw error;
  }
}

/** Of the first field of that name. */
function placeOfDate(header: Buffer): { from: number; text: string } | null {
  const found = /(?:^|\n)date:[ \t]*([^\r\n]+)/i.exec(header.toString('latin1'));
  if (!found) return null;
  const text = found[1]!;
  return { from: found.index + found[0].length - text.length, text };
}

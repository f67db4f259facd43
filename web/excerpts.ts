/** The text around what a search found, where the beginning of the message does not show it at first sight. */
import { displayParts, type Part, partText, unflow } from '../daemon/mail/parts.ts';
import { excerptAround, hitRanges, soughtIn } from '../daemon/mail/search-hits.ts';
import type { SearchWords } from '../daemon/mail/search-query.ts';
import { htmlText } from '../daemon/mail/summary.ts';
import type { Content, Message, Store } from '../daemon/store.ts';

/** Octets of messages that one page of results reads, and of each part. A list must not wait for its ornaments. */
const mostRead = 512 * 1024;
const mostOfPart = 32 * 1024;
/** UTF-16 units of a snippet that a narrow list shows. */
const seenOfSnippet = 24;

/** By message id. Only words that were looked for in the text are; content of files is not read. */
export async function hitExcerpts(
  store: Store,
  messages: Message[],
  sought: SearchWords[],
): Promise<Map<number, string>> {
  const excerpts = new Map<number, string>();
  const inText = soughtIn(sought);
  if (inText.length === 0) return excerpts;
  let octets = 0;
  const wanting = messages.filter(m => {
    const first = hitRanges(m.snippet, inText)[0];
    if (first && first.from > seenOfSnippet) excerpts.set(m.id, excerptAround(m.snippet, inText) ?? m.snippet);
    if (first || octets + m.size > mostRead) return false;
    octets += m.size;
    return true;
  });
  if (wanting.length === 0) return excerpts;
  const contents = new Map((await store.content.small(wanting.map(m => m.contentId))).map(c => [c.id, c]));
  for (const m of wanting) {
    const content = contents.get(m.contentId);
    const excerpt = content ? excerptOf(content, inText) : null;
    if (excerpt !== null) excerpts.set(m.id, excerpt);
  }
  return excerpts;
}

function excerptOf({ tree, bytes }: Content, sought: SearchWords[]): string | null {
  if (!tree || !bytes) return null;
  for (const part of displayParts(tree).text) {
    const excerpt = excerptAround(textOf(part, bytes), sought);
    if (excerpt !== null) return excerpt;
  }
  return null;
}

function textOf(part: Part, bytes: Buffer): string {
  const text = partText(part, bytes.subarray(part.bodyFrom, Math.min(part.bodyTo, part.bodyFrom + mostOfPart)));
  if (part.type === 'text/html') return htmlText(text);
  return part.flowed ? unflow(text, part.delSp) : text;
}

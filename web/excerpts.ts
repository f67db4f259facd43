/** The text around what a search found, where the beginning of the message does not show it at first sight. */
import { displayParts, type Part, partText, unflow } from '../daemon/mail/parts.ts';
import { excerptAround, hitRanges, soughtIn } from '../daemon/mail/search-hits.ts';
import type { SearchWords } from '../daemon/mail/search-query.ts';
import { htmlText } from '../daemon/mail/summary.ts';
import type { Content, Message, Store } from '../daemon/store.ts';
import { remember } from './remember.ts';

/** Octets of messages that one page of results reads, and of each part. A list must not wait for its ornaments. */
const mostRead = 512 * 1024;
const mostOfPart = 32 * 1024;
/** UTF-16 units of a snippet that a narrow list shows. */
const seenOfSnippet = 24;

/** Searches whose excerpts are kept, and contents of each: who opens one result after the other has the list beside it each time. */
const mostSearches = 32;
const mostContents = 200;

export type Excerpts = {
  /** By message id. Only words that were looked for in the text are; content of files is not read. */
  around(messages: Message[], sought: SearchWords[]): Promise<Map<number, string>>;
};

/** Null: the words are not in its text. Content never changes, so what was found in it holds. */
type Known = Map<number, string | null>;

export function createExcerpts({ content: contents }: Pick<Store, 'content'>): Excerpts {
  const kept = new Map<string, Known>();

  const knownOf = (sought: SearchWords[]): Known => {
    const search = JSON.stringify(sought);
    const before = kept.get(search);
    const known: Known = before && before.size <= mostContents ? before : new Map();
    return remember(kept, search, known, mostSearches);
  };

  const read = async (ids: number[], sought: SearchWords[], known: Known): Promise<void> => {
    if (ids.length === 0) return;
    const found = new Map((await contents.small(ids)).map(content => [content.id, content]));
    for (const id of ids) known.set(id, excerptOf(found.get(id), sought));
  };

  return {
    async around(messages, sought) {
      const excerpts = new Map<number, string>();
      const inText = soughtIn(sought);
      if (inText.length === 0) return excerpts;
      const wanting = messages.filter(withoutHit(inText, excerpts));
      const known = knownOf(inText);
      await read(
        wanting.map(m => m.contentId).filter(id => !known.has(id)),
        inText,
        known,
      );
      for (const m of wanting) {
        const excerpt = known.get(m.contentId);
        if (excerpt) excerpts.set(m.id, excerpt);
      }
      return excerpts;
    },
  };
}

/** Those whose text is to be read. A hit that a narrow list would not show of a snippet is an excerpt of that. */
function withoutHit(inText: SearchWords[], excerpts: Map<number, string>): (m: Message) => boolean {
  let octets = 0;
  return m => {
    const first = hitRanges(m.snippet, inText)[0];
    if (first && first.from > seenOfSnippet) excerpts.set(m.id, excerptAround(m.snippet, inText) ?? m.snippet);
    if (first || octets + m.size > mostRead) return false;
    octets += m.size;
    return true;
  };
}

function excerptOf(content: Content | undefined, sought: SearchWords[]): string | null {
  if (!content?.tree || !content.bytes) return null;
  for (const part of displayParts(content.tree).text) {
    const excerpt = excerptAround(textOf(part, content.bytes), sought);
    if (excerpt !== null) return excerpt;
  }
  return null;
}

function textOf(part: Part, bytes: Buffer): string {
  const text = partText(part, bytes.subarray(part.bodyFrom, Math.min(part.bodyTo, part.bodyFrom + mostOfPart)));
  if (part.type === 'text/html') return htmlText(text);
  return part.flowed ? unflow(text, part.delSp) : text;
}

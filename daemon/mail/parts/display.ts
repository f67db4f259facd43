import type { Part } from './part.ts';

export type DisplayParts = {
  /**
   * What to show in plain text, in order; a `text/html` stands in it where there is no plain version.
   * Mixed mail has several: a text, then a list's footer.
   */
  text: Part[];
  /** What to show in HTML, in order; a `text/plain` stands in it where there is no HTML version. */
  html: Part[];
  /** Is there HTML at all? If not, `text` and `html` are the same. */
  hasHtml: boolean;
  /** Everything else that is a thing of its own: files, forwarded messages, invitations. */
  attachments: Part[];
  /** By Content-ID: what the HTML may show inside itself. Images beside it in a multipart/related are only here. */
  inline: Map<string, Part>;
};

/** The two versions being gathered; null: we are inside an alternative that has no such version. */
type Versions = { text: Part[] | null; html: Part[] | null };

/** What to show of a message, chosen as RFC 8621 §4.1.4 does, which is how mail readers choose. */
export function displayParts(root: Part): DisplayParts {
  const shown: DisplayParts = { text: [], html: [], hasHtml: false, attachments: [], inline: new Map() };
  gather([root], 'mixed', false, shown, shown);
  shown.hasHtml = shown.html.some(part => part.type === 'text/html');
  return shown;
}

function gather(parts: Part[], kind: string, inAlternative: boolean, versions: Versions, shown: DisplayParts): void {
  const textBefore = versions.text?.length ?? 0;
  const htmlBefore = versions.html?.length ?? 0;
  const here: Versions = { ...versions };
  const rootOfRelated = kind === 'related' ? Math.max(0, parts.findIndex(isText)) : 0;
  for (const [index, part] of parts.entries()) {
    if (part.contentId !== null && !shown.inline.has(part.contentId)) shown.inline.set(part.contentId, part);
    if (part.type.startsWith('multipart/') && part.parts.length > 0) {
      const inner = part.type.slice('multipart/'.length);
      gather(part.parts, inner, inAlternative || inner === 'alternative', here, shown);
    } else if (!isBodyText(part, index === rootOfRelated, kind)) addFile(part, kind, shown);
    else if (kind === 'alternative') (part.type === 'text/html' ? here.html : here.text)?.push(part);
    else {
      // Inside an alternative, mixed text belongs to the version that its first text began.
      if (inAlternative && part.type === 'text/plain' && here.html?.length === htmlBefore) here.html = null;
      if (inAlternative && part.type === 'text/html' && here.text?.length === textBefore) here.text = null;
      here.text?.push(part);
      here.html?.push(part);
      // A later text with a file name is shown, and is a file too.
      if (part.name !== null && index > 0) shown.attachments.push(part);
    }
  }
  if (kind === 'alternative') lendMissing(versions, textBefore, htmlBefore);
}

/** An alternative with one version only is that version for both. */
function lendMissing({ text, html }: Versions, textBefore: number, htmlBefore: number): void {
  if (text === null || html === null) return;
  if (text.length === textBefore) text.push(...html.slice(htmlBefore));
  else if (html.length === htmlBefore) html.push(...text.slice(textBefore));
}

/** In a related only its root is the text itself: the first one, or behind the images the first text. */
function isBodyText(part: Part, isRoot: boolean, kind: string): boolean {
  return part.disposition !== 'attachment' && isText(part) && (isRoot || kind !== 'related');
}

/** A multipart in which no part was found is shown as the text it is, rather than not at all. */
const isText = (part: Part): boolean =>
  part.type === 'text/plain' || part.type === 'text/html' || part.type.startsWith('multipart/');

function addFile(part: Part, kind: string, shown: DisplayParts): void {
  const insideHtml = kind === 'related' && part.contentId !== null && part.disposition !== 'attachment';
  if (insideHtml && part.type.startsWith('image/')) return;
  if (!part.type.startsWith('multipart/')) shown.attachments.push(part);
}

/** The parts whose text makes list row and search words, in order; each at most once. */
export function textParts(root: Part): Part[] {
  const { text, html } = displayParts(root);
  return [...new Set([...text, ...html])];
}

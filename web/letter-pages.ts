/** Pages that show a message, an attached one, or a file of text alone, in the sandbox of the mail frame. */
import { parseAddressList } from '../daemon/mail/address.ts';
import { parseDate } from '../daemon/mail/date.ts';
import { displayParts, type Part } from '../daemon/mail/parts.ts';
import type { Content, Message } from '../daemon/store.ts';
import { filePage, letterPage } from '../views/letter-page.ts';
import { frameHeaders, nameTargets, safeHtml } from '../views/safe-html.ts';
import { textToHtml } from '../views/text.ts';
import { type Bodies, darkFor, mostShown, type Shown } from './bodies.ts';
import type { Files, MessageFile } from './files.ts';
import { firstOf, packedText } from './packs.ts';
import type { Ctx, Site } from './site.ts';
import { askedForImages } from './version.ts';

export type LetterPages = {
  /** The message itself, to be printed. */
  ofMessage(c: Ctx, message: Message, content: Content): Promise<Response>;
  /** An attached message or a text; null: it is neither, and only a download. */
  ofPart(c: Ctx, message: Message, content: Content, part: Part): Promise<Response | null>;
  ofFile(c: Ctx, file: MessageFile): Promise<Response | null>;
};

/** What has a page of its own, by its type. */
export const hasPage = (type: string): boolean => /^(?:text\/|message\/|application\/(?:json|xml)$)/.test(type);

export function createLetterPages(site: Site, bodies: Bodies, files: Files): LetterPages {
  const answer = (c: Ctx, page: string, remoteImages = false) => c.body(page, 200, frameHeaders({ remoteImages }));
  const within = (path: string) => site.settings.base_path + path;

  /** `root`: where the message begins, in its content or in that of the one it is attached to. */
  const letter = async (c: Ctx, message: Message, content: Content, root: Part, how: Shown): Promise<Response> => {
    const w = c.var.words;
    const header = await bodies.header(content, root);
    const list = (name: string) => parseAddressList(header.get(name) ?? '');
    const shown = displayParts(root);
    const packed = await bodies.packed(content, shown);
    const hasHtml = packed ? packed.type === 'text/html' : shown.hasHtml;
    const safe = hasHtml ? await bodies.html(message, content, shown, how, root) : null;
    const plain = safe?.shown ? null : (packed ?? (await bodies.text(content, shown.text)));
    const all = (await files.all(w, message, content, shown.attachments)).filter(file => !(packed && file.isBody));
    const page = letterPage(w, {
      subject: header.text('subject'),
      from: list('from'),
      to: list('to'),
      cc: list('cc'),
      date: parseDate(header.get('date') ?? ''),
      body: safe?.shown
        ? nameTargets(safe.html, host => w.t('message.leads', { host }))
        : textToHtml(plain?.text ?? ''),
      dark: (safe?.shown ? safe.dark : true) && how.dark,
      files: all.map(({ name, size, path }) => ({ name, size, href: within(path) })),
      cut: safe?.shown ? safe.truncated : Boolean(plain?.cut),
    });
    return answer(c, page, how.remoteImages);
  };

  const ofFile = async (c: Ctx, file: MessageFile): Promise<Response | null> => {
    if (!hasPage(file.type)) return null;
    const { bytes, cut } = await firstOf(file.open(), mostShown);
    const text = packedText(file.part, file.type, file.charset, bytes);
    const dark = darkFor(c.var.account);
    const safe =
      file.type === 'text/html' ? await safeHtml(text, { remoteImages: false, dark, cid: () => null }) : null;
    const { t } = c.var.words;
    const body = safe?.shown ? nameTargets(safe.html, host => t('message.leads', { host })) : textToHtml(text);
    const { name, size } = file;
    return answer(
      c,
      filePage(c.var.words, {
        name,
        size,
        href: within(file.path),
        body,
        dark: (safe?.shown ? safe.dark : true) && dark,
        cut,
      }),
    );
  };

  return {
    ofMessage: (c, message, content) =>
      letter(c, message, content, content.tree!, { remoteImages: askedForImages(c), dark: false }),
    async ofPart(c, message, content, part) {
      const [inner] = part.parts;
      if (part.type.startsWith('message/') && inner)
        return letter(c, message, content, inner, { remoteImages: false, dark: darkFor(c.var.account) });
      return ofFile(c, files.one(c.var.words, message, content, part));
    },
    ofFile,
  };
}

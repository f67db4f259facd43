/** In which form a message is shown: HTML or text, with its remote images or without, on a page as dark as the reader's. */
import { addressKey } from '../daemon/mail/address.ts';
import type { Authenticity } from '../daemon/mail/authentication.ts';
import type { CalendarEvent } from '../daemon/mail/calendar.ts';
import type { DisplayParts } from '../daemon/mail/parts.ts';
import type { Choice, Content, Message } from '../daemon/store.ts';
import type { MessageBody, OpenMessage } from '../views/message.ts';
import { type Bodies, darkFor } from './bodies.ts';
import type { PackedText } from './packs.ts';
import type { Ctx } from './site.ts';

export type Versions = Pick<OpenMessage, 'body' | 'other' | 'images' | 'light'>;

export type VersionAsked = {
  c: Ctx;
  bodies: Bodies;
  message: Message;
  content: Content | null;
  shown: DisplayParts | null;
  /** The text, where Outlook packed it and there is no other. */
  packed: PackedText | null;
  /** Says what there is to say where the message has no text beside it. */
  event: CalendarEvent | null;
  /** What the address asks for is about this message. */
  meant: boolean;
  /** What was decided about its sender. */
  choices: Choice[];
  authenticity: Authenticity;
  /** This page with another query. */
  link(more: Record<string, string>): string;
};

const none = { other: null, images: null, light: null };

export async function versionsOf(a: VersionAsked): Promise<Versions> {
  const { c, bodies, message: m, content, shown, packed } = a;
  if (!content || !shown) return { ...none, body: { kind: 'gone' } };
  if (packed?.type === 'text/plain') return { ...none, body: { kind: 'text', text: packed.text, rest: null } };
  const hasHtml = packed !== null || shown.hasHtml;
  const hasPlain = packed === null && shown.text.some(part => part.type === 'text/plain');
  if (!hasHtml || (hasPlain && wantsText(a)))
    return { ...none, other: hasHtml ? 'html' : null, body: await plainBody(a, content, shown) };
  const always = maySeeImages(a.choices, a.authenticity);
  const remoteImages = always || (a.meant && askedForImages(c));
  const isLight = a.meant && c.req.query('light') !== undefined;
  const safe = await bodies.html(m, content, shown, { remoteImages, dark: !isLight && darkFor(c.var.account) });
  const other = hasPlain ? 'text' : null;
  if (!safe.shown) return { ...none, other, body: { kind: 'broken' } };
  const query = new URLSearchParams({ ...(remoteImages && { images: '1' }), ...(isLight && { light: '1' }) });
  const src = `/messages/${m.id}/body${query.size > 0 ? `?${query}` : ''}`;
  return {
    body: { kind: 'html', src, dark: safe.dark },
    other,
    images: {
      shown: remoteImages,
      always,
      left: safe.remoteBlocked,
      trackers: safe.trackers,
      once: a.link({ images: '1' }),
      mayAlways: m.fromAddress !== '' && a.authenticity.kind !== 'failed',
    },
    light: safe.dark || isLight ? { on: isLight, href: a.link(isLight ? {} : { light: '1' }) } : null,
  };
}

function wantsText({ c, meant, choices }: VersionAsked): boolean {
  const asked = meant ? c.req.query('as') : undefined;
  return asked === 'text' || (asked !== 'html' && choices.some(choice => choice.kind === 'version'));
}

/**
 * A sender who could be checked when the reader decided is known by that: whoever only writes the same name gets no
 * image loaded. Where nobody checks, the name is all there is.
 */
export function maySeeImages(choices: Choice[], authenticity: Authenticity): boolean {
  const choice = choices.find(one => one.kind === 'images');
  if (!choice || authenticity.kind === 'failed') return false;
  return choice.value === 'named' || authenticity.kind === 'checked';
}

/** What choices about a sender are kept by; empty: there is nobody to keep them by. */
export const senderKey = (m: Message): string => (m.fromAddress === '' ? '' : addressKey(m.fromAddress));

async function plainBody(a: VersionAsked, content: Content, shown: DisplayParts): Promise<MessageBody> {
  const { text, cut } = await a.bodies.text(content, shown.text);
  if (text.trim() !== '')
    return { kind: 'text', text, rest: cut ? `/messages/${a.message.id}/parts/${cut.id || '1'}` : null };
  const described = a.event?.description ?? '';
  return described === '' ? { kind: 'none' } : { kind: 'text', text: described, rest: null };
}

/** Remote images load only for who asked on a page of ours: a link elsewhere must not make a reader call home. */
export function askedForImages(c: Ctx): boolean {
  const from = c.req.header('Sec-Fetch-Site') ?? 'same-origin';
  return c.req.query('images') === '1' && (from === 'same-origin' || from === 'none');
}

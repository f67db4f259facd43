/** What of a message's images is left out, who would be told of the reader, and the two ways to see them. */
import { html } from 'hono/html';
import type { Message } from '../daemon/store.ts';
import type { Trackers } from './safe-html.ts';
import { icon, type Screen } from './screen.ts';
import type { Html } from './words.ts';

export type Images = {
  /** Remote ones are on show. */
  shown: boolean;
  /** They are because the reader once decided so for this sender. */
  always: boolean;
  /** Images left out; with images on show only those that nobody could see. */
  left: number;
  trackers: Trackers;
  /** This page with images. */
  once: string;
  /** May the reader decide for this sender? Not for one who is not who it says. */
  mayAlways: boolean;
};

export function imagesBanner(s: Screen, m: Message, i: Images | null, back: string): Html {
  if (i === null) return html``;
  const told = sentences(s, i);
  if (told.length === 0) return html``;
  return html`<div class="banner images">${icon(s, i.shown ? 'image' : 'image-off')}<span>${told.join(' ')}</span>${ways(s, m, i, back)}</div>`;
}

function sentences(s: Screen, { shown, always, left, trackers: { pixels, links } }: Images): string[] {
  const { t } = s.w;
  const hosts = (some: string[]) => some.join(', ');
  return [
    always ? t('message.images.always.on') : '',
    !shown && left > 0 ? t('message.images.blocked', { n: left }) : '',
    pixels.count > 0
      ? t(shown ? 'message.images.pixels.out' : 'message.images.pixels', {
          n: pixels.count,
          hosts: hosts(pixels.hosts),
        })
      : '',
    links.count > 0 ? t('message.images.links', { n: links.count, hosts: hosts(links.hosts) }) : '',
  ].filter(sentence => sentence !== '');
}

function ways(s: Screen, m: Message, i: Images, back: string): Html {
  const { t } = s.w;
  const decide = (value: 'on' | 'off', words: string) =>
    html`<form method="post" action="/messages/${m.id}/images"><input type="hidden" name="back" value="${back}"><button class="link" type="submit" name="always" value="${value}">${words}</button></form>`;
  if (i.always) return decide('off', t('message.images.always.stop'));
  // What is left of those on show nobody could see; without such, too, there is nothing to decide.
  if (i.left === 0 && !i.shown) return html``;
  const once = i.shown
    ? ''
    : html`<a href="${i.once}" title="${t('message.images.tells')}">${t('message.images.show')}</a>`;
  return html`${once}${i.mayAlways ? decide('on', t('message.images.always', { sender: m.fromAddress })) : ''}`;
}

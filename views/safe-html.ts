/**
 * Mail HTML made safe to look at, the page it is shown in, and the only gate for markup that is not escaped.
 *
 * Three walls, each meant to hold alone: the allow-list (safeHtml), the sandbox of the frame (frameSandbox), and the
 * answer's own policy (frameHeaders). No script runs, nothing loads that was not asked for, no mail makes this hang.
 * Its output belongs into messageFrame and never into a page of the application, where htmx would obey it.
 */
import { randomUUID } from 'node:crypto';
import { html, raw } from 'hono/html';
import { cleanAside } from './safe-html/aside.ts';
import { type Cleaned, clean, type Policy, type Trackers } from './safe-html/clean.ts';
import { type CleanedLetter, cleanLetter, type LetterPolicy } from './safe-html/letter.ts';

export type { Trackers } from './safe-html/clean.ts';

export { foldQuote } from './safe-html/fold.ts';
export { isLabel } from './safe-html/letter.ts';
export { nameTargets } from './safe-html/targets.ts';

import { frameStyle, ownStyle } from './safe-html/frame-style.ts';
import { scoped } from './safe-html/scope.ts';
import type { Html } from './words.ts';

export type SafeHtmlOptions = {
  /** Let <img> load http and https addresses; CSS never may. */
  remoteImages: boolean;
  /** Colours for a dark page beside the mail's own; always: on a light device, too; false: for a light page alone. */
  dark: boolean | 'always';
  /** Our own URL for the part with this Content-ID (no angle brackets); null: there is none. */
  cid: (contentId: string) => string | null;
};

export type SafeHtml =
  | {
      shown: true;
      html: string;
      /** It may stand on a dark page; always false where that was not asked for. */
      dark: boolean;
      /** Remote images left out; with remoteImages these are the tracking pixels, which always stay out. */
      remoteBlocked: number;
      /** What would tell the sender of its reader; pixels are among what is left out, links are as they were. */
      trackers: Trackers;
      /** The mail was longer than we show; its end is missing. */
      truncated: boolean;
    }
  /** It could not be prepared within its limits; `why` is for the log. */
  | { shown: false; html: ''; why: string };

/** UTF-16 units. */
const LONGEST = 2_000_000;
const LONGEST_HERE = 200_000;
/** The parser searches the open elements at each end tag: time grows with the square of the tags, not with length. */
const MOST_TAGS_HERE = 5_000;
/** Milliseconds. */
const LIMIT_ASIDE = 5_000;

const SANDBOX = 'allow-same-origin allow-popups allow-popups-to-escape-sandbox';

/** For the iframe's `sandbox` attribute. Same origin for its height and inline images; scripts never. */
export const frameSandbox = SANDBOX;

export async function safeHtml(text: string, options: SafeHtmlOptions): Promise<SafeHtml> {
  const policy = { remoteImages: options.remoteImages, dark: options.dark, mark: `cid-${randomUUID()}-` };
  try {
    const cleaned = await cleanWhereItFits(text.slice(0, LONGEST), policy);
    return {
      shown: true,
      html: withInlineImages(cleaned, policy.mark, options.cid),
      dark: cleaned.dark,
      remoteBlocked: cleaned.remoteBlocked,
      trackers: cleaned.trackers,
      truncated: text.length > LONGEST,
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { shown: false, html: '', why };
  }
}

async function cleanWhereItFits(text: string, policy: Policy): Promise<Cleaned> {
  return isLarge(text) ? cleanAside(text, policy, LIMIT_ASIDE) : clean(text, policy);
}

const isLarge = (text: string): boolean => text.length > LONGEST_HERE || hasMoreTags(text, MOST_TAGS_HERE);

function hasMoreTags(text: string, most: number): boolean {
  let tags = 0;
  for (let at = text.indexOf('<'); at >= 0 && tags <= most; at = text.indexOf('<', at + 1)) tags++;
  return tags > most;
}

function withInlineImages({ html: body, contentIds }: Cleaned, mark: string, cid: SafeHtmlOptions['cid']): string {
  return body.replace(new RegExp(` src="${mark}(\\d+)"`, 'g'), (_, index: string) => {
    const url = cid(contentIds[Number(index)] ?? '');
    return url === null ? '' : ` src="${html`${url}`}"`;
  });
}

/**
 * Markup that somebody writes here, as far as a letter may hold it; doing it again changes nothing. Throws where it
 * is longer than we keep, or cannot be prepared within its limits: what was written is not to be cut unseen.
 */
export async function safeLetter(markup: string): Promise<string> {
  if (markup.length > LONGEST) throw new Error('the markup is too long');
  return (await cleanLetterWhereItFits(markup, { mark: null })).html;
}

/** A mail's HTML as a letter may quote it. `label`: of the image with this Content-ID; null leaves it out. */
export async function quotable(text: string, label: (contentId: string) => string | null): Promise<string> {
  const mark = `${randomUUID()}-`;
  const { html: quoted, contentIds } = await cleanLetterWhereItFits(text.slice(0, LONGEST), { mark });
  return quoted.replace(new RegExp(` src="cid:${mark}(\\d+)"`, 'g'), (_, index: string) => {
    const known = label(contentIds[Number(index)] ?? '');
    return known === null ? '' : ` src="cid:${known}"`;
  });
}

async function cleanLetterWhereItFits(markup: string, policy: LetterPolicy): Promise<CleanedLetter> {
  return isLarge(markup) ? cleanAside(markup, policy, LIMIT_ASIDE) : cleanLetter(markup, policy);
}

type Frame = {
  /** safeHtml's, or textToHtml's. */
  body: string;
  title: string;
  /** safeHtml's: as dark as the device then, or dark wherever it is, else light, as the mail's author saw it. */
  dark?: SafeHtmlOptions['dark'];
  /** What we say of the mail, above it and below: nothing in the mail can change or cover it. */
  head?: Html;
  foot?: Html;
};

/** The whole document behind `/messages/{id}/body`, and of pages that show a mail alone. */
export function messageFrame({ body, title, dark = false, head, foot }: Frame): string {
  const framed = head
    ? html`<header class="cw-own">${head}</header><div class="cw-box"><main class="cw-mail" dir="auto">${raw(scoped(body, '.cw-mail'))}</main></div><footer class="cw-own">${foot ?? ''}</footer>`
    : raw(body);
  const page = html`<!doctype html>
<html>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<base target="_blank">
<style>${raw(frameStyle(dark === 'always' ? 'dark' : dark ? 'device' : 'light'))}${raw(head ? ownStyle : '')}</style>
</head>
<body dir="auto">
${framed}
</body>
</html>
`;
  return String(page);
}

/**
 * The headers of that answer. They repeat the sandbox, since the address can also be opened by itself; no
 * Cross-Origin-Opener-Policy then, because a sandboxed page that carries one is not shown at all (HTML §7.4.5).
 */
export function frameHeaders({ remoteImages }: { remoteImages: boolean }): Record<string, string> {
  const policy = [
    `sandbox ${SANDBOX}`,
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    `img-src 'self' data:${remoteImages ? ' https: http:' : ''}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
  ];
  return {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': policy.join('; '),
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'X-DNS-Prefetch-Control': 'off',
  };
}

/**
 * Markup that goes into a page as it is: our icons, textToHtml's output. Nothing a stranger wrote passes here unless
 * textToHtml escaped it; mail HTML never does.
 */
export function trusted(markup: string): ReturnType<typeof raw> {
  return raw(markup);
}

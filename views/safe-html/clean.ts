/**
 * The allow-list for mail HTML. What comes out holds only elements and attributes named here, every name in it is the
 * mail's own, and nothing in it loads but data: images and, where asked for, http and https images.
 * It decides by what is known, never by what is known to be bad.
 */
import sanitizeHtml from 'sanitize-html';
import { outwardLink, outwardUrl } from '../link.ts';
import { isDark } from './colours.ts';
import { cleanDeclarations, cleanStyleSheet, ownNames, type Paint } from './css.ts';
import { clickTracker } from './trackers.ts';

export type Policy = {
  remoteImages: boolean;
  /** For a page that may be dark; always: that is dark on a light device, too; false: for a light one. */
  dark: boolean | 'always';
  /** Unguessable; `src` of the n-th inline image becomes mark + n, for the caller to replace. */
  mark: string;
};

export type Cleaned = {
  html: string;
  /** It reads well on a dark page, too. */
  dark: boolean;
  /** Remote images left out, tracking pixels included. */
  remoteBlocked: number;
  trackers: Trackers;
  /** Content-IDs of the inline images, in the order of their marks. */
  contentIds: string[];
};

/** What would tell the sender of its reader, by the hosts that would be told, and how many there are. */
export type Trackers = { pixels: Told; links: Told };
export type Told = { hosts: string[]; count: number };

export type Attributes = sanitizeHtml.Attributes;
/** The parser and writer themselves; what may stand is for the caller to say. */
export { sanitizeHtml as sanitize };

type Seen = {
  paint: Paint;
  styles: string[];
  styleTags: number;
  contentIds: string[];
  remoteBlocked: number;
  trackers: Trackers;
};

/** Hosts that are named; more help nobody. */
const MOST_HOSTS = 5;

/** Taking a style element out copies the text before it, so their number is bounded. */
const MOST_STYLES = 64;

const TAGS = `a abbr address area article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del
  details dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main map mark nav
  ol p pre q rp rt ruby s samp section small span strike strong style sub summary sup table tbody td tfoot th thead
  time tr tt u ul var wbr`;

/** These go with all they hold: it is code, fallback, or another language than HTML. */
export const WITH_CONTENT = `applet audio canvas embed frameset iframe math noembed noframes noscript object option plaintext
  script select style svg template textarea title video xmp`;

const CELL = words('abbr axis bgcolor colspan nowrap rowspan scope');

const ALLOWED: sanitizeHtml.IOptions = {
  allowedTags: words(TAGS),
  nonTextTags: words(WITH_CONTENT),
  // We take the style elements out again (collectStyle) and write our own in their stead.
  allowVulnerableTags: true,
  allowedAttributes: {
    '*': words('align aria-hidden aria-label class dir height id lang style title valign width'),
    a: words('href name rel target'),
    area: words('alt coords href rel shape target'),
    col: ['span'],
    colgroup: ['span'],
    details: ['open'],
    font: words('color face size'),
    hr: words('color noshade size'),
    img: words('alt border hspace src usemap vspace'),
    li: words('type value'),
    map: ['name'],
    ol: words('reversed start type'),
    style: ['media'],
    table: [
      ...words('bgcolor border cellpadding cellspacing frame rules summary'),
      { name: 'role', values: ['presentation', 'none'] },
    ],
    td: CELL,
    th: CELL,
    time: ['datetime'],
    tr: ['bgcolor'],
    ul: ['type'],
  },
  allowedSchemes: ['http', 'https', 'mailto'],
  allowedSchemesByTag: { img: ['http', 'https', 'data'] },
  allowProtocolRelative: false,
  // Our own filter reads CSS; postcss costs more and knows no danger.
  parseStyleAttributes: false,
  nestingLimit: 200,
};

export function clean(html: string, policy: Policy): Cleaned {
  const trackers = { pixels: { hosts: [], count: 0 }, links: { hosts: [], count: 0 } };
  const paint = paintFor(html, policy);
  const seen: Seen = { paint, styles: [], styleTags: 0, contentIds: [], remoteBlocked: 0, trackers };
  const body = sanitizeHtml(html, {
    ...ALLOWED,
    transformTags: { '*': (tag, attributes) => transform(tag, attributes, policy, seen) },
    exclusiveFilter: frame => frame.tag === 'style' && collectStyle(frame, seen),
  });
  const css = seen.styles.map(style => cleanStyleSheet(style, paint)).join('');
  return {
    html: css === '' ? body : `<style>${css}</style>${body}`,
    dark: paint !== 'light',
    remoteBlocked: seen.remoteBlocked,
    trackers,
    contentIds: seen.contentIds,
  };
}

/** Who thought of dark pages is taken at the word; what was written on a dark ground would come out bright. */
function paintFor(html: string, policy: Policy): Paint {
  if (!policy.dark) return 'light';
  // What it would be on a dark device no light one does.
  if (policy.dark !== 'always' && /prefers-color-scheme/i.test(html)) return 'given';
  const first = /\bbgcolor\s{0,9}=\s{0,9}["']?([#\w]{3,20})|\bbackground(?:-color)?\s{0,9}:\s{0,9}([#\w]{3,20})/i.exec(
    html,
  );
  return first && isDark(first[1] ?? first[2]!) ? 'light' : 'both';
}

function transform(tagName: string, attribs: Attributes, policy: Policy, seen: Seen): sanitizeHtml.Tag {
  if (tagName === 'style' && ++seen.styleTags > MOST_STYLES) return { tagName: 'script', attribs: {} };
  if (tagName === 'body') return { tagName: 'div', attribs: own(bodyAsBlock(attribs), seen) };
  if (tagName === 'a' || tagName === 'area') return { tagName, attribs: link(own(attribs, seen), seen) };
  if (tagName === 'img') return { tagName, attribs: image(own(attribs, seen), policy, seen) };
  return { tagName, attribs: own(attribs, seen) };
}

/** The text of a style element leaves the flow: written anywhere, it would be the one place that is not escaped. */
function collectStyle(frame: sanitizeHtml.IFrame, seen: Seen): true {
  const media = frame.attribs.media;
  seen.styles.push(media ? `@media ${media}{${frame.text}}` : frame.text);
  return true;
}

function own(given: Attributes, { paint }: Seen): Attributes {
  const { id, class: classes, name, style, ...rest } = paint === 'both' ? colouredByStyle(given) : given;
  if (id) rest.id = ownNames(id);
  if (classes) rest.class = ownNames(classes);
  if (name) rest.name = ownNames(name);
  const painted = cleanDeclarations(style ?? '', paint);
  if (painted !== '') rest.style = painted;
  return rest;
}

/** An attribute has one colour only, so those of old become style, with room for two. */
function colouredByStyle({ bgcolor, color, ...rest }: Attributes): Attributes {
  if (bgcolor === undefined && color === undefined) return rest;
  const painted = [bgcolor && `background-color:${hexed(bgcolor)}`, color && `color:${hexed(color)}`, rest.style];
  return { ...rest, style: painted.filter(part => part).join(';') };
}

/** HTML's own rules for legacy colours take `ffffff` without its sign. */
const hexed = (colour: string): string => (/^[0-9a-f]{6}$/i.test(colour.trim()) ? `#${colour.trim()}` : colour);

function bodyAsBlock(attribs: Attributes): Attributes {
  if (!attribs.bgcolor) return attribs;
  return { ...attribs, style: `background-color:${attribs.bgcolor};${attribs.style ?? ''}` };
}

function link({ href, target: _target, rel: _rel, ...rest }: Attributes, seen: Seen): Attributes {
  if (href === undefined) return rest;
  // A place in the same mail: the frame's base would open it in a new page.
  if (href.startsWith('#')) return { ...rest, href: `#${ownNames(href.slice(1))}`, target: '_self' };
  const url = outwardUrl(href);
  if (url === null) return rest;
  const teller = clickTracker(url);
  if (teller !== null) told(seen.trackers.links, teller);
  // What the mail would have said there of its link is the mail's word.
  return { ...rest, href: url, ...outwardLink, title: url.slice(0, 300) };
}

function told(to: Told, host: string): void {
  to.count++;
  if (to.hosts.length < MOST_HOSTS && !to.hosts.includes(host)) to.hosts.push(host);
}

function image({ src, usemap, ...rest }: Attributes, policy: Policy, seen: Seen): Attributes {
  const shown = source(src?.trim() ?? '', rest, policy, seen);
  if (shown !== null) rest.src = shown;
  if (usemap?.startsWith('#')) rest.usemap = `#${ownNames(usemap.slice(1))}`;
  return rest;
}

function source(src: string, attribs: Attributes, policy: Policy, seen: Seen): string | null {
  if (/^cid:/i.test(src)) return policy.mark + (seen.contentIds.push(contentId(src)) - 1);
  if (/^data:/i.test(src)) return isPicture(src) ? src : null;
  const url = outwardUrl(src);
  if (url === null || url.startsWith('mailto:')) return null;
  const tracking = isTracker(attribs);
  if (policy.remoteImages && !tracking) return url;
  if (tracking) told(seen.trackers.pixels, new URL(url).hostname);
  seen.remoteBlocked++;
  return null;
}

/** RFC 2392 §2: the URL is the Content-ID, percent-encoded, without its angle brackets. */
export function contentId(src: string): string {
  const id = src.slice('cid:'.length).replace(/^<|>$/g, '');
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}

/** No SVG: it is a document, and others than <img> may be made to show it. */
function isPicture(src: string): boolean {
  const head = /^data:image\/(?:png|jpe?g|gif|webp);base64,/i.exec(src);
  return head !== null && !/[^a-z0-9+/=\s]/i.test(src.slice(head[0].length));
}

/** An image nobody can see has one purpose; it stays out even when images were asked for. */
export function isTracker({ width, height, style = '' }: Attributes): boolean {
  const said = style.replace(/\s/g, '').toLowerCase();
  if (/(?:^|;)(?:display:none|visibility:hidden|opacity:0(?:\.0*)?(?![.\d]))/.test(said)) return true;
  // What a style says goes before the attribute (CSS 2.1 §6.4.4).
  const isThin = (side: 'width' | 'height', attribute: string | undefined) =>
    isDot(styled(said, `max-${side}`)) || isDot(styled(said, side) ?? attribute);
  return isThin('width', width) && isThin('height', height);
}

/** In pixels or points; signs of one em are drawn in the text. */
function isDot(length: string | undefined): boolean {
  const [, size = '', unit = ''] = /^\s*([\d.]+)\s*([a-z%]*)/i.exec(length ?? '') ?? [];
  return size !== '' && (Number(size) === 0 || (Number(size) <= 1 && /^(?:px|pt)?$/i.test(unit)));
}

function styled(style: string, property: string): string | undefined {
  const declaration = style.split(';').find(part => part.startsWith(`${property}:`));
  return declaration?.slice(property.length + 1);
}

export function words(list: string): string[] {
  return list.split(/\s+/);
}

/**
 * The style sheets and style attributes of a mail, reduced to what cannot load, move or cover anything.
 *
 * Text is cut at `{`, `}` and `;` and every piece is judged for itself: a piece is written out only if its quotes and
 * brackets close within it and it has no backslash that could spell a forbidden word. So the browser cuts the result
 * exactly where we did, whatever it would have made of the original. Linear in the length of the text.
 */
import { forBothPages } from './colours.ts';

type Block = 'media' | 'rule' | 'dropped';

/** Put before every id, class and anchor name of a mail, so that none can be one of ours. */
const PREFIX = 'm-';
/** Longer pieces are no style that somebody wrote; they would only cost time. */
const LONGEST_PIECE = 4096;
const DEEPEST_MEDIA = 3;

/** First word of each property that may stand; the rest (behavior, content, cursor, filter, src …) goes. */
const PROPERTIES = new Set(
  `align aspect background border bottom box break caption clear color column columns direction display empty flex
   float font gap grid height hyphens inset justify left letter line list margin max min object opacity order orphans
   outline overflow padding position quotes right row tab table text top unicode vertical visibility white widows width
   word writing z`.split(/\s+/),
);
/** None of these fetches anything. A bracket without a name groups terms in calc(). */
const FUNCTIONS = new Set(
  `rgb rgba hsl hsla calc min max clamp linear-gradient radial-gradient repeating-linear-gradient
   repeating-radial-gradient`.split(/\s+/),
).add('');
const STILL = new Set(['static', 'relative', 'absolute', 'initial', 'inherit', 'unset']);

const STRING = /"[^"\\<\r\n\f]*"|'[^'\\<\r\n\f]*'/g;
const URL_CALL = /url\((?:[^()"'\\]|"[^"]*"|'[^']*')*\)/gi;
const PLAIN_VALUE = /^[\w\s#%.,()+\-*/!\u00a0-\uffff]*$/;
/**
 * Parts of the viewport, or of a container where there is none: that is the frame, and its height is taken from the
 * mail. Only `vw` is of its width, however the mail is written.
 */
const OF_THE_FRAME = /\d(?:v(?!w(?![a-z]))|[dls]v|cq)[a-z]/i;
const CALL = /(?<![\w-])([\w-]*)\(/g;
const MEDIA = /^@media\b[\w\s(),:./-]*$/i;
/** Rules by the frame's height would change what that height is taken from, for ever; those by the device's do not. */
const BY_HEIGHT = /(?<!device-)(?:height|aspect-ratio)|orientation/i;
const DARK_PAGE = /^@media\b.*prefers-color-scheme\s*:\s*dark/is;
const SELECTOR_PIECE = new RegExp(
  [
    '(?<kind>[.#])(?<name>(?:[\\w\\u00a0-\\uffff-]|\\\\[:./!%])+)',
    '[a-z][\\w-]*',
    '\\s+|[>+~*,]',
    '::?[a-z-]+(?:\\([\\w\\s+-]*\\))?',
    '\\[\\s*(?<attribute>[a-z-]+)\\s*(?:(?<sign>[~^$*|]?=)\\s*' +
      '(?:"(?<double>[^"\\\\<\\r\\n\\f]*)"|\'(?<single>[^\'\\\\<\\r\\n\\f]*)\'|(?<bare>[\\w-]+))\\s*)?\\]',
  ].join('|'),
  'iy',
);

/** The names in an id, class or name attribute, made the mail's own. */
export function ownNames(names: string): string {
  return names
    .split(/\s+/)
    .filter(name => name !== '')
    .map(name => PREFIX + name)
    .join(' ');
}

/**
 * What becomes of colours: given · both: each beside what it is on a dark page · light: as given, and what a style sheet
 * would do on a dark page is left out.
 */
export type Paint = 'given' | 'both' | 'light';

/** A style sheet that only paints; rules that try more are left out one by one. */
export function cleanStyleSheet(css: string, paint: Paint = 'given'): string {
  const text = withoutComments(css);
  const open: Block[] = [];
  const out: string[] = [];
  let from = 0;
  for (const { 0: mark, index } of text.matchAll(/[{};]/g)) {
    const piece = text.slice(from, index).trim();
    from = index + 1;
    if (mark === '{') out.push(begin(piece, open, paint));
    else {
      if (open.at(-1) === 'rule') out.push(declaration(piece, paint));
      if (mark === '}') out.push(closing(open.pop()));
    }
  }
  while (open.length > 0) out.push(closing(open.pop()));
  return out.join('');
}

/** The value of a style attribute, reduced likewise; '' when nothing is left. */
export function cleanDeclarations(style: string, paint: Paint = 'given'): string {
  return withoutComments(style)
    .split(';')
    .map(piece => declaration(piece.trim(), paint))
    .join('');
}

function withoutComments(css: string): string {
  return css.replace(/\/\*[\s\S]*?(?:\*\/|$)/g, ' ').replace(/<!--|-->|\p{Cc}/gu, ' ');
}

function begin(prelude: string, open: Block[], paint: Paint): string {
  const kept = paint !== 'given' && DARK_PAGE.test(prelude) ? null : blockStart(prelude, open);
  open.push(kept === null ? 'dropped' : prelude.startsWith('@') ? 'media' : 'rule');
  return kept === null ? '' : `${kept}{`;
}

function blockStart(prelude: string, open: Block[]): string | null {
  if (prelude.length > LONGEST_PIECE || open.some(block => block !== 'media')) return null;
  if (!prelude.startsWith('@')) return selector(prelude);
  const paints = MEDIA.test(prelude) && !BY_HEIGHT.test(prelude) && !OF_THE_FRAME.test(prelude);
  return paints && closes(prelude) && open.length < DEEPEST_MEDIA ? prelude : null;
}

function closing(block: Block | undefined): string {
  return block === 'media' || block === 'rule' ? '}' : '';
}

/** The selector speaking of the mail's own names; null when a part of it is unknown. */
function selector(text: string): string | null {
  let out = '';
  for (let at = 0; at < text.length; ) {
    SELECTOR_PIECE.lastIndex = at;
    const piece = SELECTOR_PIECE.exec(text);
    if (!piece) return null;
    out += selectorPiece(piece[0], piece.groups ?? {});
    at = SELECTOR_PIECE.lastIndex;
  }
  return out === '' ? null : out;
}

function selectorPiece(piece: string, part: Record<string, string | undefined>): string {
  if (part.kind !== undefined) return part.kind + PREFIX + part.name;
  const sign = part.sign;
  if (sign === undefined || !/^(?:class|id)$/i.test(part.attribute ?? '')) return piece;
  const value = part.double ?? part.single ?? part.bare ?? '';
  // `*=` and `$=` look at the middle and the end of the attribute, where no prefix stands.
  return `[${part.attribute}${sign}"${sign === '*=' || sign === '$=' ? value : ownNames(value)}"]`;
}

function declaration(text: string, paint: Paint): string {
  const colon = text.indexOf(':');
  if (colon < 0 || text.length > LONGEST_PIECE) return '';
  const name = text.slice(0, colon).trim().toLowerCase();
  if (!/^[a-z-]+$/.test(name) || !PROPERTIES.has(name.split('-', 1)[0]!)) return '';
  // `background: #fff url(…) no-repeat` keeps its colour.
  const value = text
    .slice(colon + 1)
    .replace(URL_CALL, 'none')
    .trim();
  if (!paints(name, value)) return '';
  const both = paint === 'both' ? forBothPages(name, value) : null;
  // The plain one in front is for browsers that do not know light-dark().
  return both === null ? `${name}:${value};` : `${name}:${value};${name}:${both};`;
}

function paints(name: string, value: string): boolean {
  const words = value.replace(STRING, '');
  if (value === '' || !PLAIN_VALUE.test(words) || !closes(words) || OF_THE_FRAME.test(words)) return false;
  if (name === 'position' && !STILL.has(words.replace(/!.*/, '').trim().toLowerCase())) return false;
  return words.matchAll(CALL).every(([, call]) => FUNCTIONS.has(call!.toLowerCase()));
}

function closes(text: string): boolean {
  let depth = 0;
  for (const mark of text) {
    if (mark === '(') depth++;
    if (mark === ')' && --depth < 0) return false;
  }
  return depth === 0;
}

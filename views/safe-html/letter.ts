/**
 * The allow-list for markup that is written here: what the editor makes, and what of a mail is quoted in it.
 *
 * Narrower than that for mail: no style sheets, no names, no place on the page but the flow of the text. Images are
 * those of the letter (`cid:` and a label) or stand elsewhere: the address of these is no `src`, so that nobody who
 * writes calls home, and becomes one when the letter is sent.
 */
import { outwardUrl } from '../link.ts';
import { type Attributes, contentId, isTracker, sanitize, WITH_CONTENT, words } from './clean.ts';
import { cleanDeclarations } from './css.ts';

export type LetterPolicy = {
  /** Of a mail that is quoted: `cid:` becomes `cid:` + mark + n for the n-th image. Null: labels stay as they are. */
  mark: string | null;
};

export type CleanedLetter = { html: string; contentIds: string[] };

/** By which markup names an image among the files of its draft. */
export const isLabel = (text: string): boolean => /^[a-z][a-z0-9-]{0,59}$/.test(text);

const TAGS = words(`a abbr b bdi bdo big blockquote br caption center cite code col colgroup dd del dfn div dl dt em
  figcaption figure font h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small span strike strong sub sup
  table tbody td tfoot th thead tr tt u ul var wbr`);

/** Blocks with a name of their own in HTML 5 are just blocks in a letter. */
const BLOCKS = new Set(words('address article aside body details footer header main nav section summary'));

const CELL = words('bgcolor colspan nowrap rowspan');

const ATTRIBUTES = {
  '*': words('align dir height lang style valign width'),
  a: ['href'],
  // Of ours alone: where the signature and the quote are.
  blockquote: [{ name: 'class', values: ['quote'] }],
  div: [{ name: 'class', values: ['signature'] }],
  col: ['span'],
  colgroup: ['span'],
  font: words('color face size'),
  img: words('alt border data-remote hspace src vspace'),
  li: words('type value'),
  ol: words('reversed start type'),
  table: words('bgcolor border cellpadding cellspacing'),
  td: CELL,
  th: CELL,
  tr: ['bgcolor'],
  ul: ['type'],
};

/** Of what css.ts lets through: how text looks and stands in its line, and boxes that hold it. */
const PAINTS =
  /^(?:color|background-color|direction|line-height|list-style(?:-type)?|(?:max-)?width|height|vertical-align|white-space|letter-spacing|(?:font|text|border|margin|padding)(?:-[a-z-]+)?)$/;

export function cleanLetter(html: string, policy: LetterPolicy): CleanedLetter {
  const contentIds: string[] = [];
  const cleaned = sanitize(html, {
    allowedTags: TAGS,
    nonTextTags: words(WITH_CONTENT),
    allowedAttributes: ATTRIBUTES,
    allowedSchemes: words('http https mailto'),
    allowedSchemesByTag: { img: ['cid'] },
    allowProtocolRelative: false,
    parseStyleAttributes: false,
    nestingLimit: 100,
    transformTags: {
      '*': (tag, attributes) => ({
        tagName: BLOCKS.has(tag) ? 'div' : tag,
        attribs: painted(
          tag === 'a' ? link(attributes) : tag === 'img' ? image(attributes, policy, contentIds) : attributes,
        ),
      }),
    },
  });
  return { html: cleaned, contentIds };
}

function painted({ style, ...rest }: Attributes): Attributes {
  const kept = cleanDeclarations(style ?? '')
    .split(';')
    .filter(declaration => PAINTS.test(declaration.slice(0, declaration.indexOf(':'))) && isFlow(declaration))
    .map(declaration => `${declaration};`)
    .join('');
  return kept === '' ? rest : { ...rest, style: kept };
}

/** Nothing is drawn outside its place, over other words. */
const isFlow = (declaration: string): boolean =>
  !/^(?:margin|text-indent|letter-spacing)\b.*-\s*[.\d]/.test(declaration);

function link({ href, ...rest }: Attributes): Attributes {
  const url = outwardUrl(href ?? '');
  return url === null ? rest : { ...rest, href: url };
}

function image(given: Attributes, policy: LetterPolicy, contentIds: string[]): Attributes {
  const { src, 'data-remote': remote, ...rest } = given;
  const from = src?.trim() ?? '';
  if (/^cid:/i.test(from)) {
    if (policy.mark !== null) return { ...rest, src: `cid:${policy.mark}${contentIds.push(contentId(from)) - 1}` };
    return isLabel(from.slice('cid:'.length)) ? { ...rest, src: `cid:${from.slice('cid:'.length)}` } : rest;
  }
  const url = outwardUrl(from) ?? outwardUrl(remote ?? '');
  const shown = url !== null && !url.startsWith('mailto:') && !isTracker(given);
  return shown ? { ...rest, 'data-remote': url } : rest;
}

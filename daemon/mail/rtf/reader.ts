import { codePageOfFont, decodeOctets } from './code-page.ts';

/** What was found in it; the text ends its lines with LF. */
export type RtfText = { type: 'text/html' | 'text/plain'; text: string };

/** What holds up to the end of a group. */
type Group = {
  /** Nothing in it is text for a reader. */
  skipped: boolean;
  /** It says of fonts which letters they have. */
  fonts: boolean;
  /** What it holds is HTML as it was ([MS-OXRTFEX] §2.1.3.1). */
  tag: boolean;
  /** For readers that know no HTML (§2.1.3.2). */
  forOthers: boolean;
  hidden: boolean;
  /** Characters that stand behind each \u for readers that do not know it. */
  standIns: number;
  font: number;
};

/** Deeper groups are one with the last of these. */
const DEEPEST = 200;
const MOST_FONTS = 1_000;
/** That are decoded in one go; what is longer has been text for long, and hardly ends in the middle of a letter. */
const MANY_OCTETS = 64 * 1024;
/** Characters that come out; escaping may make five of one. */
const LONGEST = 8 * 1024 * 1024;
/** Of a document; each is work, however short it is. An hour's reading has a tenth of them. */
const MOST_TOKENS = 400_000;

/** A brace · a word with its number · an octet · a symbol · line ends, which mean nothing · text. */
const TOKEN =
  /([{}])|\\([A-Za-z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([\s\S])|([\r\n]{1,10000})|([^\\{}\r\n]{1,10000})/y;

/** Words and symbols that are text. */
const CHARACTERS: Record<string, string> = {
  ...{ par: '\n', line: '\n', sect: '\n', page: '\n', row: '\n', tab: '\t', cell: '\t', nestcell: '\t', nestrow: '\n' },
  ...{ emdash: '\u2014', endash: '\u2013', bullet: '\u2022', emspace: '\u2003', enspace: '\u2002', qmspace: '\u2005' },
  ...{ lquote: '\u2018', rquote: '\u2019', ldblquote: '\u201c', rdblquote: '\u201d' },
  ...{ zwj: '\u200d', zwnj: '\u200c', ltrmark: '\u200e', rtlmark: '\u200f' },
  ...{ '~': '\u00a0', _: '\u2011', '\n': '\n', '\r': '\n' },
};

/** Groups that begin with one of these hold no text of the message; those that begin with \* hold none in any case. */
const DESTINATIONS = new Set(
  (
    'colortbl stylesheet info pict nonshppict objdata objclass header headerl headerr headerf footer footerl footerr ' +
    'footerf filetbl listtable listoverridetable revtbl rsidtbl generator xmlnstbl fldinst datafield themedata ' +
    'colorschememapping datastore latentstyles'
  ).split(' '),
);

const CODE_PAGES: Record<string, number> = { ansi: 1252, mac: 10000, pc: 437, pca: 850 };

/** Reads one document, token by token. */
export class RtfReader {
  #kind: 'html' | 'text' | 'rtf' = 'rtf';
  #group: Group = {
    ...{ skipped: false, fonts: false, tag: false, forOthers: false, hidden: false },
    ...{ standIns: 1, font: -1 },
  };
  readonly #around: Group[] = [];
  /** The outermost group has ended, or there is no more room. */
  #over = false;
  /** Groups beyond the deepest. */
  #deeper = 0;
  #codePage = 1252;
  /** Code pages of fonts, where they have one of their own. */
  readonly #fonts = new Map<number, number>();
  /** \* came, and its word is next. */
  #starred = false;
  /** Of what stands in for a \u, how many characters are still to come. */
  #toSkip = 0;
  /** Octets of text that may be letters together. */
  #octets = '';
  readonly #pieces: string[] = [];
  #length = 0;

  read(rtf: string): RtfText {
    TOKEN.lastIndex = 0;
    let left = MOST_TOKENS;
    for (let m = TOKEN.exec(rtf); m !== null && !this.#over && left-- > 0; m = TOKEN.exec(rtf)) {
      const [, brace, word, number, octet, symbol, , text] = m;
      if (text !== undefined) this.#take(text);
      else if (octet !== undefined) this.#take(String.fromCharCode(Number.parseInt(octet, 16)));
      else if (brace !== undefined) this.#brace(brace);
      else if (word === 'bin') TOKEN.lastIndex += Math.max(0, Number(number ?? 0));
      else if (word !== undefined) this.#word(word, number === undefined ? null : Number(number));
      else if (symbol !== undefined) this.#symbol(symbol);
    }
    this.#flush();
    const text = this.#pieces.join('').toWellFormed();
    return { type: this.#kind === 'html' ? 'text/html' : 'text/plain', text };
  }

  #brace(brace: string): void {
    this.#flush();
    this.#starred = false;
    this.#toSkip = 0;
    if (brace === '{') {
      if (this.#around.length === DEEPEST) this.#deeper++;
      else {
        this.#around.push(this.#group);
        this.#group = { ...this.#group };
      }
    } else if (this.#deeper > 0) this.#deeper--;
    else {
      this.#group = this.#around.pop() ?? this.#group;
      this.#over = this.#around.length === 0;
    }
  }

  #symbol(symbol: string): void {
    if (symbol === '\\' || symbol === '{' || symbol === '}') return this.#take(symbol);
    this.#flush();
    if (symbol === '*') this.#starred = true;
    // What was a soft hyphen of the HTML ([MS-OXRTFEX] §2.1.3.3) is elsewhere one that does not break.
    else if (symbol === '_' && this.#kind === 'html') this.#write('\u00ad');
    else if (CHARACTERS[symbol] !== undefined) this.#write(CHARACTERS[symbol]);
  }

  #word(word: string, number: number | null): void {
    this.#flush();
    this.#toSkip = 0;
    const starred = this.#starred;
    this.#starred = false;
    if (starred) this.#enterStarred(word);
    else if (DESTINATIONS.has(word)) this.#group.skipped = true;
    else if (CHARACTERS[word] !== undefined) this.#write(CHARACTERS[word]);
    else if (word === 'u') this.#unicode(number ?? 0);
    else this.#obey(word, number);
  }

  #enterStarred(word: string): void {
    if (word === 'htmltag' && this.#kind === 'html') this.#group.tag = true;
    else this.#group.skipped = true;
  }

  /** Of the characters that stand in for it, those to come are left out. */
  #unicode(number: number): void {
    this.#write(String.fromCharCode(number & 0xffff));
    this.#toSkip = this.#group.standIns;
  }

  #obey(word: string, number: number | null): void {
    const group = this.#group;
    switch (word) {
      case 'fromhtml':
        if (number === 1) this.#kind = 'html';
        break;
      case 'fromtext':
        this.#kind = 'text';
        break;
      case 'htmlrtf':
        group.forOthers = number !== 0;
        break;
      case 'v':
        group.hidden = number !== 0;
        break;
      case 'plain':
        group.hidden = false;
        break;
      case 'uc':
        group.standIns = Math.min(Math.max(0, number ?? 1), 100);
        break;
      case 'fonttbl':
        group.fonts = true;
        break;
      case 'f':
      case 'fcharset':
        this.#font(word, number ?? 0);
        break;
      default:
        if (word === 'ansicpg' && number) this.#codePage = number;
        else if (CODE_PAGES[word] !== undefined) this.#codePage = CODE_PAGES[word];
    }
  }

  #font(word: 'f' | 'fcharset', number: number): void {
    if (word === 'f') this.#group.font = number;
    const codePage = word === 'fcharset' && this.#group.fonts ? codePageOfFont(number) : null;
    if (codePage !== null && this.#fonts.size < MOST_FONTS) this.#fonts.set(this.#group.font, codePage);
  }

  #take(octets: string): void {
    this.#starred = false;
    const skipped = Math.min(this.#toSkip, octets.length);
    this.#toSkip -= skipped;
    this.#octets += skipped === 0 ? octets : octets.slice(skipped);
    if (this.#octets.length > MANY_OCTETS) this.#flush();
  }

  /** HTML is in the letters of the whole, text in those of its font. */
  #flush(): void {
    if (this.#octets === '') return;
    const { tag, font } = this.#group;
    const codePage = tag ? this.#codePage : (this.#fonts.get(font) ?? this.#codePage);
    const octets = this.#octets;
    this.#octets = '';
    if (this.#isRead) this.#write(decodeOctets(octets, codePage));
  }

  get #isRead(): boolean {
    const { skipped, fonts, forOthers, hidden } = this.#group;
    return !skipped && !fonts && !forOthers && !(hidden && this.#kind !== 'html');
  }

  #write(text: string): void {
    if (!this.#isRead) return;
    const written = this.#kind === 'html' && !this.#group.tag ? escaped(text) : text;
    this.#pieces.push(written);
    this.#length += written.length;
    if (this.#length > LONGEST) this.#over = true;
  }
}

const escaped = (text: string): string =>
  /[&<>]/.test(text) ? text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;') : text;

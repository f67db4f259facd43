import { isWild, namePattern } from '../pattern.ts';
import type { Condition, FilterRule, Giver } from './rule.ts';
import { mostWords, WordSearch } from './word-search.ts';

/** A sentence about one line of the file. */
export type Remark = { line: number; message: string };

export type RuleSet = {
  rules: FilterRule[];
  /** The strings of all body rules, by their place among `bodyRules`; null: there are none. */
  words: WordSearch | null;
  bodyRules: FilterRule[];
};

const mostRules = 5_000;
/** Longer ones would make the work on a hostile header worth an attack. */
const longestPattern = 250;

const actions = ['reject', 'discard', 'quarantine', 'tag'] as const;
const givers: Record<string, readonly Giver[]> = {
  all: ['peers', 'fetched', 'submission'],
  peers: ['peers'],
  fetched: ['fetched'],
  submission: ['submission'],
};
const form =
  'ACTION ["TEXT"] [for WHO] header NAME PATTERN | body STRING | attachment [NAME] [type TYPE] [larger SIZE] [archived NAME]';

/** All mistakes at once; the rules are of use only when there are none. Warnings are of rules that hold. */
export function readRules(text: string): { set: RuleSet; mistakes: Remark[]; warnings: Remark[] } {
  const rules: FilterRule[] = [];
  const mistakes: Remark[] = [];
  const warnings: Remark[] = [];
  // Editors of Windows put a mark in front.
  for (const [at, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const rule = readRule(line, { number: rules.length + 1, line: at + 1 });
    if (typeof rule === 'string') mistakes.push({ line: at + 1, message: rule });
    else rules.push(rule);
    if (typeof rule === 'object') warnings.push(...doubts(rule).map(message => ({ line: at + 1, message })));
  }
  const bodyRules = rules.filter(r => r.condition.kind === 'body');
  const words = bodyRules.map(r => (r.condition as { words: string }).words);
  if (rules.length > mostRules) mistakes.push({ line: 0, message: `it has more than ${mostRules} rules` });
  const tooMuch = Buffer.byteLength(words.join('')) > mostWords;
  if (tooMuch) mistakes.push({ line: 0, message: `its body strings are longer than ${mostWords} octets together` });
  return {
    set: { rules, bodyRules, words: words.length && !tooMuch ? new WordSearch(words) : null },
    mistakes,
    warnings,
  };
}

/** The rule, or what is wrong with the line. */
function readRule(line: string, place: { number: number; line: number }): FilterRule | string {
  const [action, afterAction] = word(line);
  const known = actions.find(a => a === action.toLowerCase());
  if (known === undefined) return `a rule begins with one of ${actions.join(', ')}, not with "${shown(action)}"`;
  const quoted = /^"((?:[^"\\]|\\.)*)"\s*(.*)$/.exec(afterAction);
  const say = (quoted?.[1] ?? '').replace(/\\(.)/g, '$1');
  if (!/^[ -~]{0,200}$/.test(say)) return 'TEXT is at most 200 letters of plain ASCII';
  const [who, afterWho] = forWhom(quoted?.[2] ?? afterAction);
  if (typeof who === 'string') return who;
  const condition = readCondition(afterWho);
  if (typeof condition === 'string') return condition;
  return { ...place, text: line.replace(/\s+/g, ' '), action: known, say, givers: who, condition };
}

function forWhom(text: string): [readonly Giver[] | string, string] {
  const [first, afterFor] = word(text);
  if (first.toLowerCase() !== 'for') return [givers.all!, text];
  const [names, rest] = word(afterFor);
  const lists = names
    .toLowerCase()
    .split(',')
    .map(n => (Object.hasOwn(givers, n) ? givers[n]! : null));
  if (lists.includes(null))
    return [`behind "for" stands one of ${Object.keys(givers).join(', ')}, or several with commas`, rest];
  return [[...new Set(lists.flatMap(l => l ?? []))], rest];
}

function readCondition(text: string): Condition | string {
  const [kind, rest] = word(text);
  switch (kind.toLowerCase()) {
    case 'header':
      return headerCondition(rest);
    case 'body':
      if (rest === '') return 'a string to look for belongs behind "body"';
      return rest.length > longestPattern ? tooLong : { kind: 'body', words: rest };
    case 'attachment':
      return attachmentCondition(rest);
    default:
      return `the form is: ${form}`;
  }
}

const tooLong = `a string or pattern has at most ${longestPattern} letters`;

function headerCondition(text: string): Condition | string {
  const [given, pattern] = word(text);
  const name = given.toLowerCase().replace(/:$/, '');
  if (!/^(?:\*|[!-9;-~]{1,80})$/.test(name)) return 'the name of a header field, or *, belongs behind "header"';
  if (pattern === '') return `a pattern belongs behind "header ${name}"`;
  if (pattern.length > longestPattern) return tooLong;
  // Without a wildcard it is found anywhere, as a body string is; with one it covers the whole value.
  const lower = pattern.toLowerCase();
  const matches = isWild(pattern) ? namePattern(pattern) : (value: string) => value.toLowerCase().includes(lower);
  return { kind: 'header', name, matches };
}

function attachmentCondition(text: string): Condition | string {
  const condition: Condition = { kind: 'attachment', name: null, type: null, archived: null, largerThan: null };
  let left = text;
  while (left !== '') {
    const [first, rest, isQuoted] = quotableWord(left);
    left = rest;
    const key = isQuoted ? '' : first.toLowerCase();
    if (key === 'type' || key === 'larger' || key === 'archived') {
      const [value, behind] = quotableWord(left);
      left = behind;
      const wrong = detail[key](condition, value);
      if (wrong !== null) return wrong;
    } else if (condition.name !== null) return `one name pattern is enough: put "…" around one with blanks`;
    else if (first.length > longestPattern) return tooLong;
    else condition.name = namePattern(first);
  }
  if (Object.values(condition).every(given => given === null || given === 'attachment'))
    return 'behind "attachment" belongs a name pattern such as *.exe, or type TYPE, larger SIZE or archived NAME';
  return condition;
}

type AttachmentCondition = Condition & { kind: 'attachment' };

const detail = { type: addType, larger: addSize, archived: addArchived };

function addArchived(condition: AttachmentCondition, value: string): string | null {
  if (value === '' || value.length > longestPattern) return 'a name pattern such as *.exe belongs behind "archived"';
  condition.archived = namePattern(value);
  return null;
}

function addType(condition: AttachmentCondition, value: string): string | null {
  if (!/^[^\s/]+(?:\/[^\s/]+)?$/.test(value) || value.length > longestPattern)
    return 'a media type such as application/x-msdownload or video/* belongs behind "type"';
  condition.type = namePattern(value.includes('/') ? value : `${value}/*`);
  return null;
}

const units: Record<string, number> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

function addSize(condition: AttachmentCondition, value: string): string | null {
  const size = /^(\d{1,12})([kmg]?)b?$/i.exec(value);
  if (size === null) return 'a size such as 500k or 10M belongs behind "larger"';
  condition.largerThan = Number(size[1]) * units[size[2]!.toLowerCase()]!;
  return null;
}

function doubts({ condition }: FilterRule): string[] {
  if (condition.kind !== 'body') return [];
  const { words } = condition;
  const found: string[] = [];
  if (words.includes('*'))
    found.push(
      `body strings have no wildcards: the * is looked for as it stands; "${shown(words.replaceAll('*', ''))}" finds more`,
    );
  if (words.length < 3) found.push(`"${shown(words)}" is so short that it stands in nearly every mail`);
  return found;
}

const shown = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text);

/** The first word and what follows it. */
function word(text: string): [string, string] {
  const blank = /\s+/.exec(text);
  return blank === null ? [text, ''] : [text.slice(0, blank.index), text.slice(blank.index + blank[0].length)];
}

function quotableWord(text: string): [string, string, boolean] {
  const quoted = /^"([^"]*)"\s*(.*)$/.exec(text);
  return quoted === null ? [...word(text), false] : [quoted[1]!, quoted[2]!, true];
}

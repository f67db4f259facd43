import { statSync } from 'node:fs';
import { type FilterFile, mistakeLine, readFilterFile, type Settings } from '../config.ts';
import { because, type Log } from '../log.ts';
import { type FilterContent, type FilterRule, type Giver, type Match, matchingRules } from '../mail/filter.ts';
import { type Reply, reply } from '../mail/reply.ts';
import type { Acceptance, Origin } from '../store.ts';

/** What becomes of content by the rules of msg_filter. */
export type Verdict = {
  /** What to answer instead of taking it; null: it is taken. */
  refusal: Reply | null;
  /** Answer 250 and give it to nobody. */
  discard: boolean;
  /** For the mailboxes here. */
  filing: NonNullable<Acceptance['filing']> | null;
  /** Why its deliveries to other hosts wait for a person; null: they do not. */
  hold: string | null;
};

/** Asked once for each content, before it is accepted. */
export type ContentCheck = (
  content: FilterContent,
  from: { id: string; visitor: { origin: Origin } },
) => Promise<Verdict>;

export type ContentFilter = {
  check: ContentCheck;
  /** Reads the file again now; false: it has mistakes, or is gone, and the rules before stay. */
  reread(): boolean;
  list(): ListedRule[];
  /** The counters as text, to be kept over a restart; `restore` passes over what it cannot read. */
  snapshot(): string;
  restore(saved: string): void;
};

/** `hits`: messages it decided, or marked, since its text first stood in the file. */
export type ListedRule = { number: number; line: number; rule: string; hits: number };

/** The field that `tag` writes in front of a message. */
export const tagField = 'X-CWMail-Filter';

const lookAgainMs = 1_000;

const giverOf: Record<Origin, Giver | null> = {
  peer: 'peers',
  fetcher: 'fetched',
  submitter: 'submission',
  webmail: 'submission',
  local: 'submission',
  ourselves: null,
  mediator: null,
};

export type FilterOptions = { settings: Pick<Settings, 'msg_filter'>; log: Log; now: () => number };

/** The rules of msg_filter at work: read at the start and again when the file changes, counted by their text. */
export function createContentFilter({ settings, log, now }: FilterOptions): ContentFilter {
  const hits = new Map<string, number>();
  let path = settings.msg_filter;
  let stamp = stampOf(path);
  let file: FilterFile = readFilterFile(path);
  let lookedAt = now();
  // Of a file that broke while nobody ran, the rules that can be read hold: fewer are better than none.
  for (const m of file.mistakes) log.error('filter rules with mistakes', { error: mistakeLine(m) });

  const reread = (): boolean => {
    stamp = stampOf(settings.msg_filter);
    const read = readFilterFile(settings.msg_filter);
    for (const w of read.warnings) log.warn('filter rule', { warning: mistakeLine(w) });
    for (const m of read.mistakes) log.error('filter rules not read, those before stay', { error: mistakeLine(m) });
    if (read.mistakes.length > 0) return false;
    // Without rules, before and after, there is nothing to tell.
    const had = path;
    file = read;
    path = settings.msg_filter;
    if (path !== '' || had !== '') log.info('filter rules read', { file: path, rules: file.set.rules.length });
    return true;
  };
  const fresh = (): FilterFile => {
    const at = now();
    if (path !== settings.msg_filter) reread();
    else if (Math.abs(at - lookedAt) >= lookAgainMs && stamp !== stampOf(path)) reread();
    if (Math.abs(at - lookedAt) >= lookAgainMs) lookedAt = at;
    return file;
  };
  const count = ({ text }: FilterRule) => hits.set(text, (hits.get(text) ?? 0) + 1);

  return {
    async check(content, { id, visitor }) {
      const giver = giverOf[visitor.origin];
      const matches = giver === null ? [] : await matchingRules(fresh().set, content);
      const applied = applying(matches.filter(m => m.rule.givers.includes(giver!)));
      for (const { rule, where } of applied) {
        count(rule);
        log.info('filtered', {
          id,
          rule: rule.number,
          line: rule.line,
          action: rule.action,
          where: where.slice(0, 200),
        });
      }
      return verdictOf(applied.map(m => m.rule));
    },
    reread,
    list: () =>
      fresh().set.rules.map(r => ({ number: r.number, line: r.line, rule: r.text, hits: hits.get(r.text) ?? 0 })),
    // What no longer stands in the file is forgotten with the next start.
    snapshot: () => JSON.stringify([...hits].filter(([text]) => file.set.rules.some(r => r.text === text))),
    restore(saved) {
      try {
        for (const [text, n] of JSON.parse(saved) as [string, number][]) if (Number.isSafeInteger(n)) hits.set(text, n);
      } catch (error) {
        log.debug('filter counters begin anew', because(error));
      }
    },
  };
}

/** In the order of the file, up to the first that decides; tags go on to the next. */
function applying(matches: Match[]): Match[] {
  const decides = matches.findIndex(m => m.rule.action !== 'tag');
  return decides < 0 ? matches : matches.slice(0, decides + 1);
}

function verdictOf(rules: FilterRule[]): Verdict {
  const last = rules.at(-1);
  const tags = rules.filter(r => r.action === 'tag').map(r => `${tagField}: ${r.say || `rule ${r.number}`}\r\n`);
  const verdict: Verdict = { refusal: null, discard: false, filing: null, hold: null };
  if (tags.length > 0) verdict.filing = { role: 'inbox', fields: tags.join('') };
  if (last?.action === 'reject')
    verdict.refusal = reply(550, '7.1', last.say || `Refused by a rule of this site (rule ${last.number})`);
  if (last?.action === 'discard') verdict.discard = true;
  if (last?.action === 'quarantine') {
    verdict.filing = { role: 'junk', fields: tags.join('') };
    verdict.hold = `held by filter rule ${last.number}${last.say && `: ${last.say}`}`;
  }
  return verdict;
}

/** What tells one state of the file from another; empty: it is not there. */
function stampOf(path: string): string {
  const stat = path === '' ? undefined : statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? '' : `${stat.ino} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}`;
}

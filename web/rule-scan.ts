/** Rules held against mail that is there already: what they would have matched, and what they do to it. */
import { matches, type Rule, traitsOf } from '../daemon/mail/rules.ts';
import { type Change, Flag, type Folder, type Message, type Store } from '../daemon/store.ts';
import type { Deed } from './acts.ts';

/** A trial looks at so many of the newest messages. */
const mostTried = 2_000;
const mostShown = 50;
const slice = 100;
const idsAtOnce = 5_000;

export type RuleScan = {
  /** `tried`: how many were looked at; `matched`: how many of them the rule speaks of; the newest of those. */
  trial(accountId: number, folderId: number, rule: Rule): Promise<{ tried: number; matched: number; some: Message[] }>;
  idsOf(accountId: number, folderId: number): Promise<number[]>;
  /** Does to old mail what the rule says, but for sending it on. */
  deed(accountId: number, rule: Rule, folders: Folder[]): Deed;
};

export function createRuleScan(store: Store): RuleScan {
  /** Those of the ids a rule speaks of. */
  const matching = async (accountId: number, ids: number[], rule: Rule): Promise<Message[]> => {
    const found: Message[] = [];
    for (let i = 0; i < ids.length; i += slice) {
      for (const { message, head } of await store.mailRules.heads(accountId, ids.slice(i, i + slice)))
        if (matches(rule, traitsOf(await headOf(message, head), message))) found.push(message);
      // Pages of others come between.
      await new Promise<void>(resolve => setImmediate(resolve));
    }
    return found;
  };

  const headOf = async (m: Message, head: Buffer | null): Promise<Buffer> =>
    Buffer.concat([Buffer.from(m.prefix), head ?? (await store.content.read(m.contentId, 0, 64 * 1024))]);

  return {
    async trial(accountId, folderId, rule) {
      const ids = (await store.messages.ids(accountId, folderId, mostTried)).map(k => k.id);
      const found = await matching(accountId, ids, rule);
      const some = found.sort((a, b) => b.receivedAt - a.receivedAt || b.id - a.id).slice(0, mostShown);
      return { tried: ids.length, matched: found.length, some };
    },
    async idsOf(accountId, folderId) {
      const ids: number[] = [];
      for (let page = await store.messages.ids(accountId, folderId, idsAtOnce); page.length > 0; ) {
        for (const { id } of page) ids.push(id);
        page = await store.messages.ids(accountId, folderId, idsAtOnce, page.at(-1));
      }
      return ids;
    },
    deed(accountId, rule, folders) {
      const { place, labels, read, star } = rule.deed;
      const goal = folders.find(f => (typeof place === 'string' ? f.role === place : f.id === place?.folder));
      const set = (read ? Flag.seen : 0) | (star ? Flag.flagged : 0);
      /** What was not so before, for the way back. */
      const marked: { clear: number; ids: number[] }[] = [];
      const labelled: { label: number; ids: number[] }[] = [];
      const mark = async (found: Message[]): Promise<Change[]> => {
        for (const bit of [Flag.seen, Flag.flagged].filter(b => set & b))
          marked.push({ clear: bit, ids: found.filter(m => !(m.flags & bit)).map(m => m.id) });
        return set === 0
          ? []
          : store.messages.setFlags(
              accountId,
              found.map(m => m.id),
              set,
              0,
            );
      };
      const label = async (ids: number[]): Promise<Change[]> => {
        const changed: Change[] = [];
        for (const id of labels) {
          const put = await store.labels.put(accountId, ids, id);
          labelled.push({ label: id, ids: put.ids });
          changed.push(...put.changed);
        }
        return changed;
      };
      const move = async (ids: number[], from: Map<number, number[]>): Promise<Change[]> => {
        if (!goal) return [];
        for (const [folder, some] of await store.messages.places(accountId, ids))
          if (folder !== goal.id) from.set(folder, (from.get(folder) ?? []).concat(some));
        return store.messages.move(accountId, ids, goal.id);
      };
      return {
        kind: 'rule',
        matched: 0,
        async perform(ids, from) {
          const found = await matching(accountId, ids, rule);
          this.matched += found.length;
          if (found.length === 0) return [];
          const these = found.map(m => m.id);
          return [...(await mark(found)), ...(await label(these)), ...(await move(these, from))];
        },
        async unmark() {
          const changed: Change[] = [];
          for (const { clear, ids } of marked.splice(0))
            changed.push(...(await store.messages.setFlags(accountId, ids, 0, clear)));
          for (const { label: id, ids } of labelled.splice(0))
            changed.push(...(await store.labels.take(accountId, ids, id)).changed);
          return changed;
        },
      };
    },
  };
}

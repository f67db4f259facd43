/** What uses the room of an account: by folder, by year, and the largest messages. */
import { Hono } from 'hono';
import type { Account, Weight } from '../daemon/store.ts';
import { type StoragePage, storagePage } from '../views/storage.ts';
import { screenOf, show } from './page.ts';
import { remember } from './remember.ts';
import type { Env, Site } from './site.ts';

/** Some milliseconds of reading, between which others get their turn. */
const slice = 5_000;
const largestShown = 25;
/** Kept as long as nothing changes, and at most so many. */
const mostKept = 200;

type Weighed = { modseq: number; byFolder: Map<number, number>; byYear: Map<number, number>; largest: Weight[] };

export function storage(site: Site): Hono<Env> {
  const app = new Hono<Env>();
  const known = new Map<number, Weighed>();

  app.get('/settings/storage', async c => {
    const s = await screenOf(site, c);
    const weighed = await weigh(site, s.account, known);
    const largest = await site.store.usage.heavy(
      s.account.id,
      weighed.largest.map(m => m.id),
    );
    const messages = [...weighed.byFolder.values()].reduce((sum, octets) => sum + octets, 0);
    const page: StoragePage = {
      byFolder: ranked(weighed.byFolder),
      byYear: [...weighed.byYear].sort(([a], [b]) => b - a),
      // What is used and is no message are drafts with their files.
      drafts: Math.max(0, s.account.used - messages),
      largest,
    };
    return show(c, s, s.w.t('storage.title'), { view: 'page', content: storagePage(s, page) });
  });
  return app;
}

const ranked = (sums: Map<number, number>): [number, number][] => [...sums].sort(([, a], [, b]) => b - a);

async function weigh(site: Site, { id, modseq }: Account, known: Map<number, Weighed>): Promise<Weighed> {
  const kept = known.get(id);
  if (kept?.modseq === modseq) return kept;
  const sums: Weighed = { modseq, byFolder: new Map(), byYear: new Map(), largest: [] };
  for (let last: Weight | null = null, some: Weight[] = []; ; last = some.at(-1)!) {
    some = await site.store.usage.weights(id, slice, last);
    add(sums, some);
    if (some.length < slice) break;
    await new Promise<void>(resolve => setImmediate(resolve));
  }
  return remember(known, id, sums, mostKept);
}

/** Years by UTC: a bar of a year is no calendar. */
const yearOf = (at: number): number => new Date(at).getUTCFullYear();

function add({ byFolder, byYear, largest }: Weighed, some: Weight[]): void {
  for (const m of some) {
    byFolder.set(m.folderId, (byFolder.get(m.folderId) ?? 0) + m.size);
    const year = yearOf(m.listedAt);
    byYear.set(year, (byYear.get(year) ?? 0) + m.size);
  }
  largest.push(...some);
  largest.sort((a, b) => b.size - a.size || b.id - a.id);
  largest.length = Math.min(largest.length, largestShown);
}

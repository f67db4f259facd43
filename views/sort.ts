/** How a list is sorted: the menu beside its title, and what is said of a folder too large to be sorted as a whole. */
import { html } from 'hono/html';
import { icon, type Screen } from './screen.ts';
import type { Html, Key } from './words.ts';

export const sortNames = ['date', 'sender', 'subject', 'size'] as const;
export type SortName = (typeof sortNames)[number];

export type Sorting = {
  by: SortName;
  /** The other way round: Z first, the smallest, or the oldest. */
  reversed: boolean;
  /** Address of the folder. */
  path: string;
  /** In Sent it is the recipient that rows show. */
  toWhom: boolean;
  /** Only so many of the newest were sorted; null: all. */
  most: number | null;
};

export const sortQuery = ({ by, reversed }: Pick<Sorting, 'by' | 'reversed'>): string =>
  isUsual({ by, reversed }) ? '' : `?sort=${reversed ? '-' : ''}${by}`;

/** The newest first. */
export const isUsual = ({ by, reversed }: Pick<Sorting, 'by' | 'reversed'>): boolean => by === 'date' && !reversed;

export function sortMenu(s: Screen, o: Sorting): Html {
  const t = s.w.t;
  const name = (by: SortName): Key => (by === 'sender' && o.toWhom ? 'sort.recipient' : `sort.${by}`);
  const item = (by: SortName) => {
    // Chosen once more it is turned round.
    const reversed = by === o.by && !o.reversed;
    return html`<a href="${o.path}${sortQuery({ by, reversed })}"${by === o.by ? html` aria-current="true"` : ''}>${t(name(by))}${by === o.by ? html`<small>${t(`sort.${o.reversed ? 'turned' : 'turn'}`)}</small>` : ''}</a>`;
  };
  const label = t('sort.title', { by: t(name(o.by)) });
  return html`<details class="menu sort"><summary class="button plain icon-only" title="${label}">${icon(s, 'arrow-down-wide-narrow')}<span class="unseen">${label}</span></summary><div class="menu-card">${sortNames.map(item)}</div></details>`;
}

export const sortedNote = (s: Screen, o: Sorting): Html =>
  o.most === null ? html`` : html`<p class="unfinished">${s.w.t('sort.newest', { n: o.most })}</p>`;

/** What uses the room of an account, in words and bars, with the way to what can go. */
import { html } from 'hono/html';
import type { Heavy } from '../daemon/store.ts';
import { folderName, folderPath, icon, type Screen, searchPath } from './screen.ts';
import type { Html } from './words.ts';

export type StoragePage = {
  /** Octets by folder, the largest first. */
  byFolder: [folderId: number, octets: number][];
  /** Octets by year, the newest first. */
  byYear: [year: number, octets: number][];
  drafts: number;
  /** The largest first. */
  largest: Heavy[];
};

export function storagePage(s: Screen, p: StoragePage): Html {
  const { t } = s.w;
  const { used, quota } = s.account;
  const words =
    quota === 0
      ? t('app.quota.none', { used: s.w.size(used) })
      : t('app.quota', { used: s.w.size(used), quota: s.w.size(quota) });
  const trash = s.folders.filter(f => (f.role === 'trash' || f.role === 'junk') && f.total > 0);
  return html`<section class="page storage"><p><a class="quiet-link" href="/settings" hx-boost="false">${icon(s, 'arrow-left')}${t('account.title')}</a></p>
<h1>${t('storage.title')}</h1><p>${words}</p>
${quota > 0 ? html`<meter class="bar" min="0" max="${quota}" value="${Math.min(used, quota)}" aria-label="${words}"></meter>` : ''}
${trash.length === 0 ? '' : html`<p class="buttons">${trash.map(f => html`<a class="button" href="/mail/${f.role}/emptying">${icon(s, 'trash-2')}${t(f.role === 'junk' ? 'emptying.junk' : 'emptying.trash')}</a>`)}</p>`}
<h2>${t('storage.folders')}</h2>
${bars(s, t('storage.folders'), [...folders(s, p), ...(p.drafts > 0 ? [{ name: t('folder.drafts'), href: '/mail/drafts', octets: p.drafts }] : [])])}
<h2>${t('storage.years')}</h2>
${bars(
  s,
  t('storage.years'),
  p.byYear.map(([year, octets]) => ({
    name: String(year),
    href: searchPath(`after:${year}-01-01 before:${year + 1}-01-01`),
    octets,
  })),
)}
<h2>${t('storage.largest')}</h2>
${p.largest.length === 0 ? html`<p class="muted">${t('storage.none')}</p>` : html`<ol class="largest">${p.largest.map(m => heavy(s, m))}</ol><p><a class="quiet-link" href="${searchPath('larger:5M')}">${icon(s, 'search')}${t('storage.more')}</a></p>`}
</section>`;
}

type Bar = { name: string; href: string; octets: number };

const folders = (s: Screen, p: StoragePage): Bar[] =>
  p.byFolder.flatMap(([id, octets]) => {
    const found = s.folders.find(f => f.id === id);
    return found ? [{ name: folderName(s.w, found), href: folderPath(found), octets }] : [];
  });

function bars(s: Screen, name: string, all: Bar[]): Html {
  if (all.length === 0) return html`<p class="muted">${s.w.t('storage.none')}</p>`;
  const most = Math.max(1, ...all.map(b => b.octets));
  return html`<ul class="bars" aria-label="${name}">${all.map(b => html`<li><a href="${b.href}" dir="auto">${b.name}</a><meter class="bar" min="0" max="${most}" value="${b.octets}" aria-hidden="true"></meter><span>${s.w.size(b.octets)}</span></li>`)}</ul>`;
}

function heavy(s: Screen, m: Heavy): Html {
  const folder = s.folders.find(f => f.id === m.folderId);
  const path = `${folder ? folderPath(folder) : `/mail/${m.folderId}`}/${m.id}`;
  return html`<li><a href="${path}"><b><bdi>${m.subject.trim() || s.w.t('list.nosubject')}</bdi></b><small><bdi>${m.from}</bdi> · <time datetime="${s.w.iso(m.receivedAt)}">${s.w.stamp(m.receivedAt)}</time>${folder ? html` · ${folderName(s.w, folder)}` : ''}</small></a><span>${s.w.size(m.size)}</span></li>`;
}

import type { Account, Appearance } from './account-shape.ts';

export type AccountRow = Appearance & {
  id: number;
  address: string;
  name: string;
  created_at: number;
  quota: number;
  used: number;
  pop3: number;
  disabled: number;
  forwards: string;
  keeps_copy: number;
  flat: number;
  after_act: Account['afterAct'];
  read_after: number | null;
  swipes: number;
  writes_rich: number;
  undo_send: number | null;
  sorting: number;
  modseq: number;
};

export const columns =
  'id, address, name, created_at, quota, used, pop3, disabled, forwards, keeps_copy, flat, after_act, read_after, swipes, writes_rich, undo_send, language, zone, scheme, contrast, density, scripts, shortcuts, sorting, modseq';

const none: string[] = [];

export const account = (r: AccountRow): Account => ({
  id: r.id,
  address: r.address,
  name: r.name,
  createdAt: r.created_at,
  quota: r.quota,
  used: r.used,
  pop3: r.pop3 !== 0,
  disabled: r.disabled !== 0,
  forwards: r.forwards === '[]' ? none : JSON.parse(r.forwards),
  keepsCopy: r.keeps_copy !== 0,
  flat: r.flat !== 0,
  afterAct: r.after_act,
  readAfter: r.read_after,
  swipes: r.swipes !== 0,
  writesRich: r.writes_rich !== 0,
  language: r.language,
  zone: r.zone,
  scheme: r.scheme,
  contrast: r.contrast,
  density: r.density,
  scripts: r.scripts,
  shortcuts: r.shortcuts,
  undoSend: r.undo_send,
  sorting: r.sorting,
  modseq: r.modseq,
});

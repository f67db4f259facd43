/** What may be done to messages, one or many: flags, moves, removal. The path names one, the form may name many. */
import { Hono } from 'hono';
import { Flag, type Folder } from '../daemon/store.ts';
import { folderName } from '../views/layout.ts';
import type { Key } from '../views/words.ts';
import type { Deed } from './acts.ts';
import { chooserPage, goalsOf, meant } from './chooser.ts';
import { goodFolder } from './folder.ts';
import { type Form, readForm } from './form.ts';
import { type Lesson, learn } from './junk.ts';
import { folderOf } from './lists.ts';
import type { Told } from './notice.ts';
import { missing } from './page.ts';
import { back, backOf, chosen, many, mostAtOnce, mostInCookie, tellAll } from './selection.ts';
import type { Ctx, Env, Site } from './site.ts';

export function changes(site: Site): Hono<Env> {
  const app = new Hono<Env>();

  app.on('POST', ['/messages/flags', '/messages/:id/flags'], async c => {
    const form = await readForm(c);
    const ids = await chosen(site, c, form);
    if (ids === null) return missing(site, c);
    const deed = flagging(bits(form.get('set')), bits(form.get('clear')));
    if (ids.length > mostAtOnce) return many(site, c, form, deed, ids);
    if (ids.length === 0) return back(site, c, form, { key: 'done.nothing' });
    tellAll(site, await site.store.messages.setFlags(c.var.account.id, ids, deed.set, deed.clear));
    return deed.set & Flag.unreadAgain ? leave(c, form, ids) : back(site, c, form, null);
  });

  /** The page of what was put back to unread is no place to go on to: it would be read there. */
  const leave = async (c: Ctx, form: Form, ids: number[]): Promise<Response> => {
    const goal = backOf(form);
    const [, list, id] = /^(\/mail\/[^/?]+)\/(\d+)/.exec(goal) ?? [];
    const shown = id === undefined ? [] : await site.store.conversations.whole(c.var.account.id, [Number(id)]);
    if (list === undefined || !shown.some(one => ids.includes(one))) return c.redirect(goal, 303);
    const { search, searchParams } = new URL(goal, 'http://local');
    return c.redirect(`${searchParams.has('q') ? '/search' : list}${search}`, 303);
  };

  app.on('POST', ['/messages/moves', '/messages/:id/moves'], async c => {
    const form = await readForm(c);
    const ids = await chosen(site, c, form);
    const folders = await site.store.folders.list(c.var.account.id);
    const asked = form.has('name') && !form.has('to') && ids !== null && ids.length > 0;
    const named = asked ? await typedFolder(c, form, folders) : null;
    if (typeof named === 'string') return askAgain(c, form, named);
    const goal = named ?? folderOf(folders, form.get('to') || form.get('folder'));
    if (ids === null || !mayHold(goal) || (goal === null && form.get('to') !== '')) return missing(site, c);
    if (ids.length === 0 || goal === null) return back(site, c, form, { key: 'done.nothing' });
    return moved(c, form, ids, goal, folders);
  });

  /** The folder whose name was typed, or that is to be made; else why there is none. */
  const typedFolder = async (c: Ctx, form: Form, folders: Folder[]): Promise<Folder | Key> => {
    const name = form.get('name').trim();
    const creates = form.has('create') && name !== '';
    const found = meant(goalsOf(folders), f => folderName(c.var.words, f), name, creates);
    if (typeof found !== 'string') return found;
    if (!creates) return `choose.folder.${found}`;
    if (!goodFolder(name)) return 'folders.badname';
    return (await site.store.folders.create(c.var.account.id, name, site.now())) ?? 'folders.taken';
  };

  const askAgain = (c: Ctx, form: Form, why: Key) =>
    chooserPage(site, c, form, 'move', { text: form.get('name').trim(), error: c.var.words.t(why) });

  const moved = async (c: Ctx, form: Form, ids: number[], goal: Folder, folders: Folder[]): Promise<Response> => {
    const { id } = c.var.account;
    const places = ids.length > mostInCookie ? [] : [...(await site.store.messages.places(id, ids)).keys()];
    const [from] = places;
    const there = places.map(place => folders.find(f => f.id === place));
    const lesson = await learn(site, c.var.account, { ids, from: there, to: goal, isUndo: form.has('undo') });
    const wasAsleep = folders.some(f => f.id === from && f.role === 'snoozed');
    // From Snoozed each has a time to go back to.
    if (ids.length > mostInCookie || places.length > 1 || wasAsleep)
      return many(site, c, form, { kind: 'move', to: goal.id }, ids);
    tellAll(site, await site.store.messages.move(id, ids, goal.id));
    const undo = form.has('undo') || from === undefined || from === goal.id ? undefined : { ids, to: from };
    return back(site, c, form, { ...toldOf(c, lesson), n: ids.length, folder: goal.id, undo });
  };

  app.on('POST', ['/messages/removals', '/messages/:id/removals'], async c => {
    const form = await readForm(c);
    const ids = await chosen(site, c, form);
    if (ids === null) return missing(site, c);
    if (ids.length > mostAtOnce) return many(site, c, form, { kind: 'remove' }, ids);
    if (ids.length === 0) return back(site, c, form, { key: 'done.nothing' });
    tellAll(site, await site.store.messages.remove(c.var.account.id, ids));
    return back(site, c, form, { key: 'done.purged', n: ids.length });
  });
  return app;
}

const mostNamed = 3;

function toldOf(c: Ctx, lesson: Lesson | null): Pick<Told, 'key' | 'values'> {
  if (lesson === null || lesson.senders.length > mostNamed) return { key: 'done.moved' };
  return { key: `done.moved.${lesson.kind}`, values: { who: c.var.words.list(lesson.senders) } };
}

/** Drafts holds drafts, and into Snoozed leads only a time. */
const mayHold = (folder: Folder | null): boolean => folder?.role !== 'drafts' && folder?.role !== 'snoozed';

/** Read and unread are what a person says of it; looking at it again must not take that back. */
function flagging(set: number, clear: number): Deed & { kind: 'flags' } {
  const again = (bits: number) => (bits & Flag.seen ? Flag.unreadAgain : 0);
  return { kind: 'flags', set: set | again(clear), clear: clear | again(set) };
}

const bits = (name: string): number => (name === 'seen' ? Flag.seen : name === 'flagged' ? Flag.flagged : 0);

/** Labels: their page, and giving them to messages or taking them off, one or many. */
import { Hono } from 'hono';
import type { Label } from '../daemon/store.ts';
import { type LabelsForm, labelRemovalPage, labelsPage } from '../views/labels.ts';
import type { Key } from '../views/words.ts';
import { chooserPage, meant } from './chooser.ts';
import { type Form, readForm } from './form.ts';
import { colourOf, goodLabel, nextColour } from './label-fields.ts';
import { tellOnce } from './notice.ts';
import { idOf, missing, screenOf, show } from './page.ts';
import { back, chosen, many, mostInCookie, tellAll } from './selection.ts';
import type { Ctx, Env, Site } from './site.ts';

export function labels(site: Site): Hono<Env> {
  const app = new Hono<Env>();

  app.on('POST', ['/messages/labels', '/messages/:id/labels'], async c => {
    const form = await readForm(c);
    const on = !form.has('take');
    const label = form.has('put') || !on ? await ownLabel(c, form.get(on ? 'put' : 'take')) : await typedLabel(c, form);
    if (typeof label === 'string')
      return chooserPage(site, c, form, 'label', { text: form.get('name').trim(), error: c.var.words.t(label) });
    const ids = await chosen(site, c, form);
    if (ids === null || label === null) return missing(site, c);
    if (ids.length === 0) return back(site, c, form, { key: 'done.nothing' });
    if (ids.length > mostInCookie) return many(site, c, form, { kind: 'label', label: label.id, on }, ids);
    return labelled(c, form, ids, label, on);
  });

  /** The label whose name was typed, or that is to be made; else why there is none. */
  const typedLabel = async (c: Ctx, form: Form): Promise<Label | Key> => {
    const all = await site.store.labels.list(c.var.account.id);
    const name = form.get('name').trim();
    const creates = form.has('create') && name !== '';
    const found = meant(all, l => l.name, name, creates);
    if (typeof found !== 'string') return found;
    if (!creates) return name === '' ? 'choose.label.untyped' : `choose.label.${found}`;
    const made = goodLabel(name)
      ? await site.store.labels.create(c.var.account.id, { name, colour: nextColour(all.length) })
      : 'badname';
    return typeof made === 'string' ? `labels.${made}` : made;
  };

  const labelled = async (c: Ctx, form: Form, ids: number[], label: Label, on: boolean): Promise<Response> => {
    const done = await site.store.labels[on ? 'put' : 'take'](c.var.account.id, ids, label.id);
    tellAll(site, done.changed);
    const undo = form.has('undo')
      ? undefined
      : { ids: done.ids, label: label.id, on: on ? (0 as const) : (1 as const) };
    const told = { key: on ? 'done.labelled' : 'done.unlabelled', n: done.ids.length, label: label.id, undo } as const;
    return back(site, c, form, done.ids.length === 0 ? { key: 'done.label.same', label: label.id } : told);
  };

  app.get('/labels', c => page(c, {}));

  app.post('/labels', async c => {
    const form = await readForm(c);
    const name = form.get('name').trim();
    const colour = colourOf(form.get('colour'));
    const made = goodLabel(name) ? await site.store.labels.create(c.var.account.id, { name, colour }) : 'badname';
    if (typeof made === 'string') return page(c, { fresh: { name, colour, error: c.var.words.t(`labels.${made}`) } });
    tellOnce(site, c, { key: 'done.label.created', label: made.id });
    return c.redirect('/labels', 303);
  });

  app.post('/labels/:id', async c => {
    const own = await ownLabel(c, c.req.param('id'));
    if (!own) return missing(site, c);
    const form = await readForm(c);
    const name = form.get('name').trim();
    const wanted = { name, colour: colourOf(form.get('colour')) };
    const done = goodLabel(name) ? await site.store.labels.change(c.var.account.id, own.id, wanted) : 'badname';
    if (done === 'gone') return missing(site, c);
    if (done !== 'changed') return page(c, { wrong: { id: own.id, name, error: c.var.words.t(`labels.${done}`) } });
    tellOnce(site, c, { key: 'done.label.changed', label: own.id });
    return c.redirect('/labels', 303);
  });

  app.get('/labels/:id/removal', async c => {
    const own = await ownLabel(c, c.req.param('id'));
    if (!own) return missing(site, c);
    const s = await screenOf(site, c);
    return show(c, s, s.w.t('labels.title'), { view: 'page', content: labelRemovalPage(s, own) });
  });

  app.post('/labels/:id/removal', async c => {
    const own = await ownLabel(c, c.req.param('id'));
    if (!own || !(await site.store.labels.remove(c.var.account.id, own.id))) return missing(site, c);
    tellOnce(site, c, { key: 'done.label.removed', values: { label: own.name } });
    return c.redirect('/labels', 303);
  });

  const ownLabel = async (c: Ctx, text: string | undefined): Promise<Label | null> => {
    const id = idOf(text);
    return (await site.store.labels.list(c.var.account.id)).find(l => l.id === id) ?? null;
  };

  const page = async (c: Ctx, form: Partial<LabelsForm>) => {
    const s = await screenOf(site, c);
    const content = labelsPage(s, { fresh: { name: '', colour: 'blue', error: '' }, wrong: null, ...form });
    const wrong = form.fresh !== undefined || form.wrong !== undefined;
    return show(c, s, s.w.t('labels.title'), { view: 'page', content }, wrong ? 422 : 200);
  };
  return app;
}

/** Search: a link like any other, its results a list like any other; and searches kept by name. */
import { Hono } from 'hono';
import { type SearchFields, searchFields, writeSearch } from '../daemon/mail/search-query.ts';
import { nothingOpen } from '../views/folder.ts';
import { everyFound, listPane } from '../views/list.ts';
import { searchPath } from '../views/screen.ts';
import { searchPage } from '../views/search.ts';
import type { Key } from '../views/words.ts';
import { readForm } from './form.ts';
import { countFound, searchList } from './lists.ts';
import { isNameLine } from './name-line.ts';
import { tellOnce } from './notice.ts';
import { idOf, missing, screenOf, show } from './page.ts';
import type { Ctx, Env, Site } from './site.ts';

const longestName = 60;
const longestKept = 1_000;

export function search(site: Site): Hono<Env> {
  const app = new Hono<Env>();

  app.get('/search', async c => {
    // The form asks for the string that it writes, so that there is one address for one search.
    if (c.req.query('form')) return c.redirect(searchPath(writeSearch(fieldsOf(c.req.query()))), 303);
    const query = (c.req.query('q') ?? '').trim();
    const s = await screenOf(site, c, { query });
    if (query === '') return show(c, s, s.w.t('search.title'), { view: 'page', content: searchPage(s) });
    const list = await searchList(site, s, { ...c.req.query(), q: query }, null);
    return show(c, s, list.title, {
      view: 'list',
      list: listPane(s, list),
      content: nothingOpen(s, list.messages.length > 0),
    });
  });

  app.get('/search/total', async c => {
    const query = (c.req.query('q') ?? '').trim();
    const s = await screenOf(site, c, { query });
    c.header('Cache-Control', 'no-store');
    return c.html(everyFound(s, await countFound(site, s, query)));
  });

  app.post('/searches', async c => {
    const form = await readForm(c);
    const name = form.get('name').trim();
    const query = form.get('query').trim().slice(0, longestKept);
    const good = isNameLine(name, longestName);
    const saved = good && query !== '' ? await site.store.savedSearches.save(c.var.account.id, name, query) : null;
    if (saved) {
      tellOnce(site, c, { key: 'done.search.saved', values: { name } });
      return c.redirect(searchPath(query), 303);
    }
    return refused(c, query, good && query !== '' ? 'search.save.full' : 'search.save.badname');
  });

  app.post('/searches/:id', async c => {
    const id = idOf(c.req.param('id'));
    const own = (await site.store.savedSearches.list(c.var.account.id)).find(one => one.id === id);
    const name = (await readForm(c)).get('name').trim();
    if (!own) return missing(site, c);
    if (!isNameLine(name, longestName)) return refused(c, own.query, 'search.save.badname');
    const renamed = await site.store.savedSearches.rename(c.var.account.id, own.id, name);
    if (renamed === 'missing') return missing(site, c);
    if (renamed === 'taken') return refused(c, own.query, 'search.saved.taken');
    tellOnce(site, c, { key: 'done.search.renamed', values: { name } });
    return c.redirect(searchPath(own.query), 303);
  });

  app.post('/searches/:id/removal', async c => {
    const id = idOf(c.req.param('id'));
    const own = (await site.store.savedSearches.list(c.var.account.id)).find(one => one.id === id);
    if (!own || !(await site.store.savedSearches.remove(c.var.account.id, own.id))) return missing(site, c);
    tellOnce(site, c, { key: 'done.search.removed', values: { name: own.name } });
    return c.redirect(searchPath(own.query), 303);
  });

  const refused = async (c: Ctx, query: string, why: Key) => {
    const s = await screenOf(site, c, { query });
    return show(c, s, s.w.t('search.title'), { view: 'page', content: searchPage(s, s.w.t(why)) }, 422);
  };
  return app;
}

function fieldsOf(given: Record<string, string>): SearchFields {
  const names = Object.keys(searchFields('')) as (keyof SearchFields)[];
  return Object.fromEntries(names.map(name => [name, (given[name] ?? '').slice(0, 300)])) as SearchFields;
}

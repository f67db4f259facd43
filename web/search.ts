/** Search: a link like any other, its results a list like any other. */
import { Hono } from 'hono';
import { nothingOpen } from '../views/folder.ts';
import { listPane } from '../views/list.ts';
import { searchPage } from '../views/search.ts';
import { searchList } from './lists.ts';
import { screenOf, show } from './page.ts';
import type { Env, Site } from './site.ts';

export function search(site: Site): Hono<Env> {
  const app = new Hono<Env>();
  app.get('/search', async c => {
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
  return app;
}

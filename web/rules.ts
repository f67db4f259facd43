/** Rules for mail that comes: kept in order, tried on mail that is there, applied to it. The daemon applies them to new mail. */
import { Hono } from 'hono';
import { mostConditions, type Rule, traitsOf } from '../daemon/mail/rules.ts';
import { longestSearch, searchAsRule } from '../daemon/mail/search-query.ts';
import { type KeptRule, mostRules } from '../daemon/store.ts';
import { type RuleFields, type RuleForm, rulePage, rulesPage } from '../views/rules.ts';
import { afterAct } from './act.ts';
import { readForm } from './form.ts';
import { goalsOf, refusal, settleGoals, toldOfLetters } from './goals.ts';
import { folderOf } from './lists.ts';
import { type Told, tellOnce } from './notice.ts';
import { idOf, messageById, missing, screenOf, show } from './page.ts';
import { blankRow, ruleOf, shownRow, shownRule, typedRule } from './rule-form.ts';
import { createRuleScan } from './rule-scan.ts';
import type { Ctx, Env, Site } from './site.ts';

const fresh: RuleFields = {
  ...{ name: '', all: true, rows: [blankRow], place: '', label: '', read: false, star: false },
  ...{ forward: '', keep: true, stop: true },
};

export function rules(site: Site): Hono<Env> {
  const app = new Hono<Env>();
  const scan = createRuleScan(site.store);
  const own = (c: Ctx) => c.var.account.id;

  app.get('/settings/rules', async c => {
    const s = await screenOf(site, c);
    const goals = await goalsOf(site, c);
    const content = rulesPage(s, await site.store.mailRules.list(own(c)), goals);
    return show(c, s, s.w.t('rules.title'), { view: 'page', content });
  });

  app.get('/settings/rules/new', async c => {
    const [from, search] = [c.req.query('from'), c.req.query('search')];
    if (search !== undefined) return likeSearch(c, search);
    const fields = from === undefined ? fresh : await likeMessage(c, from);
    return fields ? page(c, { id: null, fields }) : missing(site, c);
  });

  app.get('/settings/rules/:id', async c => {
    const kept = await ruleNamed(c);
    if (!kept) return missing(site, c);
    return page(c, {
      id: kept.id,
      fields: kept.rule ? shownRule(kept.name, kept.rule) : { ...fresh, name: kept.name },
    });
  });

  app.on('POST', ['/settings/rules', '/settings/rules/:id'], async c => {
    const kept = c.req.param('id') === undefined ? null : await ruleNamed(c);
    if (c.req.param('id') !== undefined && !kept) return missing(site, c);
    const form = await readForm(c);
    const fields = typedRule(form);
    const shown = { id: kept?.id ?? null, fields, where: form.get('where') };
    const wish = form.get('act');
    if (wish === 'more') return page(c, { ...shown, fields: { ...fields, rows: longer(fields.rows) } });
    const { rule, errors } = await checked(c, fields);
    if (!rule) return page(c, { ...shown, errors });
    if (wish === 'try') return page(c, { ...shown, ...(await tried(c, rule, shown.where)) });
    const named = { name: fields.name, active: kept?.active ?? true, rule };
    const id = await site.store.mailRules.save(own(c), kept?.id ?? null, named);
    if (id === null) return page(c, { ...shown, errors: { rows: [c.var.words.t('rules.full', { n: mostRules })] } });
    const goal = rule.deed.forward?.to;
    const { asked } = await settleGoals(site, c, goal === undefined ? [] : [goal]);
    const told: Told = asked.length > 0 ? toldOfLetters(site, asked[0]!) : { key: 'done.rule.saved' };
    return done(c, told, wish === 'apply' ? `/settings/rules/${id}#apply` : '/settings/rules');
  });

  app.post('/settings/rules/:id/removal', async c => {
    const kept = await ruleNamed(c);
    if (!kept || !(await site.store.mailRules.remove(own(c), kept.id))) return missing(site, c);
    return done(c, { key: 'done.rule.removed' });
  });

  app.post('/settings/rules/:id/place', async c => {
    const kept = await ruleNamed(c);
    const way = (await readForm(c)).get('way') === 'up' ? 'up' : 'down';
    if (!kept || !(await site.store.mailRules.shift(own(c), kept.id, way))) return missing(site, c);
    return c.redirect('/settings/rules', 303);
  });

  app.post('/settings/rules/:id/state', async c => {
    const kept = await ruleNamed(c);
    const active = (await readForm(c)).get('active') === '1';
    if (!kept || !(await site.store.mailRules.setActive(own(c), kept.id, active))) return missing(site, c);
    return done(c, { key: active ? 'done.rule.on' : 'done.rule.off' });
  });

  /** On what lies in a folder now, behind the page. */
  app.post('/settings/rules/:id/applications', async c => {
    const kept = await ruleNamed(c);
    const folders = await site.store.folders.list(own(c));
    const folder = folderOf(folders, (await readForm(c)).get('folder'));
    if (!kept?.rule || !folder || folder.role === 'drafts') return missing(site, c);
    const ids = await scan.idsOf(own(c), folder.id);
    const deed = scan.deed(own(c), kept.rule, folders);
    return afterAct(site, c, site.acts.begin(own(c), deed, ids, '/settings/rules'));
  });

  const ruleNamed = async (c: Ctx): Promise<KeptRule | null> => {
    const id = idOf(c.req.param('id'));
    return (await site.store.mailRules.list(own(c))).find(r => r.id === id) ?? null;
  };

  const checked = async (c: Ctx, fields: RuleFields) => {
    const [folders, labels] = await Promise.all([site.store.folders.list(own(c)), site.store.labels.list(own(c))]);
    const read = ruleOf(fields, { folders, labels, w: c.var.words });
    const to = read.rule?.deed.forward?.to;
    if (to === undefined) return read;
    const verdict = await refusal(site, c, to);
    return 'why' in verdict ? { rule: null, errors: { rows: [], forward: verdict.why } } : read;
  };

  /** `where`: a folder's id; empty: the Inbox. */
  const tried = async (c: Ctx, rule: Rule, where: string): Promise<Partial<RuleForm>> => {
    const folder = folderOf(await site.store.folders.list(own(c)), where || 'inbox');
    if (!folder || folder.role === 'drafts') return { errors: { rows: [], where: c.var.words.t('rules.error.place') } };
    return { trial: { ...(await scan.trial(own(c), folder.id, rule)), folder } };
  };

  /** The form for what a search finds, as far as a rule can ask for it. */
  const likeSearch = async (c: Ctx, search: string) => {
    const { all, conditions, left } = searchAsRule(search.slice(0, longestSearch));
    const saved = (await site.store.savedSearches.list(own(c))).find(one => one.query === search);
    const rows = conditions.length === 0 ? [blankRow] : conditions.map(shownRow);
    return page(c, { id: null, fields: { ...fresh, name: saved?.name ?? '', all, rows }, left });
  };

  /** What a rule for such messages would ask for: the list, else who wrote. Null: there is no such message. */
  const likeMessage = async (c: Ctx, id: string): Promise<RuleFields | null> => {
    const m = await messageById(site, c, id);
    const [found] = m ? await site.store.mailRules.heads(own(c), [m.id]) : [];
    if (!m || !found) return null;
    const { header } = traitsOf(found.head ?? Buffer.alloc(0), m);
    const list = /<([^<>]{1,150})>/.exec(header.text('list-id'))?.[1];
    const row = list
      ? ({ field: 'list', test: 'contains', text: list } as const)
      : ({ field: 'from', test: 'is', text: m.fromAddress.slice(0, 200) } as const);
    const subject = { field: 'subject', test: 'contains', text: '' } as const;
    return { ...fresh, name: (m.fromName || m.fromAddress).slice(0, 80), rows: [row, subject] };
  };

  const done = (c: Ctx, told: Told, to = '/settings/rules') => {
    tellOnce(site, c, told);
    return c.redirect(to, 303);
  };

  const page = async (c: Ctx, form: Pick<RuleForm, 'id' | 'fields'> & Partial<RuleForm>) => {
    const s = await screenOf(site, c);
    const inbox = `${folderOf(s.folders, 'inbox')?.id ?? ''}`;
    const filled = { errors: { rows: [] }, trial: null, left: [], ...form, where: form.where || inbox };
    const content = rulePage(s, filled);
    const title = s.w.t(form.id === null ? 'rules.new' : 'rules.edit');
    return show(c, s, title, { view: 'page', content }, form.errors ? 422 : 200);
  };
  return app;
}

const longer = (rows: RuleFields['rows']): RuleFields['rows'] =>
  rows.length < mostConditions ? [...rows, blankRow] : rows;

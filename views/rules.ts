/** Rules for mail that comes: the list in its order, and the form of one, with what it would have matched. */
import { html } from 'hono/html';
import { addressKey } from '../daemon/mail/address.ts';
import type { Rule, TextField, TextTest } from '../daemon/mail/rules.ts';
import { mostConditions, textTests } from '../daemon/mail/rules.ts';
import type { Folder, KeptRule, Message } from '../daemon/store.ts';
import { field } from './field.ts';
import type { Goal } from './forwarding.ts';
import { emptyState } from './list.ts';
import { folderName, folderPath, icon, type Screen } from './screen.ts';
import type { Html } from './words.ts';

export const conditionFields = [
  'from',
  'to',
  'subject',
  'list',
  'header',
  'larger',
  'smaller',
  'files',
  'nofiles',
] as const satisfies (TextField | 'larger' | 'smaller' | 'files' | 'nofiles')[];

export type ConditionRow = {
  field: (typeof conditionFields)[number];
  test: TextTest;
  /** Of `header` with its name, `Name: text`; of a size with its unit. */
  text: string;
};

export type RuleFields = {
  name: string;
  all: boolean;
  rows: ConditionRow[];
  /** A folder's id, junk or trash; empty: it stays in the Inbox. */
  place: string;
  /** A label's id; empty: none. */
  label: string;
  read: boolean;
  star: boolean;
  /** Empty: it is not sent on. */
  forward: string;
  keep: boolean;
  stop: boolean;
};

/** What the rule would have matched. */
export type Trial = { folder: Folder; tried: number; matched: number; some: Message[] };

export type RuleForm = {
  /** Null: a new one. */
  id: number | null;
  fields: RuleFields;
  /** By field; of conditions by row. */
  errors: { name?: string; rows: string[]; place?: string; forward?: string; where?: string };
  /** The folder it is tried in, by its id. */
  where: string;
  trial: Trial | null;
  /** What of the search it is made from no rule can ask. */
  left: string[];
};

const backTo = (s: Screen, href: string, words: string): Html =>
  html`<p><a class="quiet-link" href="${href}">${icon(s, 'arrow-left')}${words}</a></p>`;

/** `goals`: what is known of where rules send on to. */
export function rulesPage(s: Screen, rules: KeptRule[], goals: Goal[]): Html {
  const { t } = s.w;
  const fresh = html`<a class="button primary" href="/settings/rules/new" hx-boost="false">${icon(s, 'plus')}${t('rules.new')}</a>`;
  return html`<section class="page rules-page">${backTo(s, '/settings', t('account.title'))}
<h1>${t('rules.title')}</h1>
${
  rules.length === 0
    ? emptyState(s, 'list-filter', t('rules.empty'), t('rules.empty.body'), fresh)
    : html`<p class="muted">${t('rules.body')}</p>
<ol class="rules">${rules.map((r, i) => row(s, r, i, { n: rules.length, goals }))}</ol><p>${fresh}</p>`
}
</section>`;
}

function row(s: Screen, r: KeptRule, i: number, { n, goals }: { n: number; goals: Goal[] }): Html {
  const { t } = s.w;
  const path = `/settings/rules/${r.id}`;
  const name = nameOf(s, r);
  const way = (to: 'up' | 'down', on: boolean) =>
    html`<button class="button plain icon-only" type="submit" name="way" value="${to}" title="${t(`rules.${to}`)}"${on ? '' : html` disabled`}>${icon(s, `chevron-${to}`)}<span class="unseen">${t(`rules.${to}`)}: ${name}</span></button>`;
  return html`<li class="rule${r.active ? '' : ' off'}"><a href="${path}" hx-boost="false"><b><bdi>${name}</bdi></b>${r.active ? '' : html` <em>${t('rules.off')}</em>`}<small>${r.rule ? sentences(s, r.rule, r.name !== '') : t('rules.damaged')}</small></a>${doubt(s, r, goals)}
<div class="rule-tools"><form method="post" action="${path}/place">${way('up', i > 0)}${way('down', i < n - 1)}</form>
<form method="post" action="${path}/state"><button class="button" type="submit" name="active" value="${r.active ? 0 : 1}">${t(r.active ? 'rules.switchoff' : 'rules.switchon')}<span class="unseen">: ${name}</span></button></form></div></li>`;
}

/** It sends nothing on so far, or never will. */
function doubt(s: Screen, { rule }: KeptRule, goals: Goal[]): Html {
  const goal = goals.find(g => g.address === addressKey(rule?.deed.forward?.to ?? ''));
  const state = goal && (goal.consent?.state ?? 'waiting');
  if (state !== 'waiting' && state !== 'refused') return html``;
  return html`<p class="rule-doubt">${icon(s, state === 'waiting' ? 'clock' : 'ban')}<a href="/settings/forwarding" hx-boost="false">${s.w.t(`rules.forward.${state}`)}</a></p>`;
}

const nameOf = (s: Screen, { name, rule }: KeptRule): string => name || (rule ? asks(s, rule) : s.w.t('rules.unnamed'));

/** A rule in words: what it asks for, where that is not its name, and what it does. */
function sentences(s: Screen, rule: Rule, isNamed: boolean): Html {
  const done = deeds(s, rule.deed).join(', ');
  const goes = done === '' ? '' : html`<span class="rule-does">${icon(s, 'arrow-right')}${done}</span>`;
  return html`${isNamed ? html`<span>${asks(s, rule)}</span>` : ''}${goes}`;
}

const asks = (s: Screen, { all, conditions }: Rule): string =>
  conditions.map(c => condition(s, c)).join(s.w.t(all ? 'rules.and' : 'rules.or'));

function condition({ w: { t, size } }: Screen, c: Rule['conditions'][number]): string {
  if (c.field === 'attachment') return t(c.has ? 'rules.field.files' : 'rules.field.nofiles');
  if (c.field === 'size')
    return `${t(c.test === 'over' ? 'rules.field.larger' : 'rules.field.smaller')} ${size(c.octets)}`;
  const what = c.field === 'header' ? c.name : t(`rules.field.${c.field}`);
  return t('rules.condition', { what, test: t(`rules.test.${c.test}`), text: c.text });
}

function deeds(s: Screen, { place, labels, read, star, forward, stop }: Rule['deed']): string[] {
  const { t } = s.w;
  const goal = s.folders.find(f => (typeof place === 'string' ? f.role === place : f.id === place?.folder));
  const label = s.labels.find(l => labels.includes(l.id));
  return [
    place === null ? '' : goal ? t('rules.does.move', { folder: folderName(s.w, goal) }) : t('rules.does.lost'),
    label ? t('rules.does.label', { label: label.name }) : '',
    read ? t('rules.read') : '',
    star ? t('rules.star') : '',
    forward ? t(forward.keep ? 'rules.does.copy' : 'rules.does.forward', { to: forward.to }) : '',
    stop ? t('rules.does.stop') : '',
  ].filter(text => text !== '');
}

export function rulePage(s: Screen, f: RuleForm): Html {
  const { t } = s.w;
  const path = f.id === null ? '/settings/rules' : `/settings/rules/${f.id}`;
  const title = t(f.id === null ? 'rules.new' : 'rules.edit');
  const v = f.fields;
  return html`<section class="page rules-page">${backTo(s, '/settings/rules', t('rules.title'))}
<h1>${title}</h1>
${f.left.length === 0 ? '' : leftOut(s, f)}
<form class="rule-form" method="post" action="${path}" hx-boost="false" autocomplete="off">
${field({ name: 'name', label: t('rules.name'), value: v.name, error: f.errors.name, hint: t('rules.name.hint'), maxlength: 100 })}
<fieldset class="rule-part"><legend>${t('rules.when')}</legend>
<div class="rule-all">${radio('all', 'all', t('rules.all'), v.all)}${radio('all', 'any', t('rules.any'), !v.all)}</div>
${v.rows.map((r, i) => conditionRow(s, r, i, f.errors.rows[i]))}
<p class="hint" id="rows-hint">${t('rules.rows.hint')}</p>
${v.rows.length < mostConditions ? html`<div><button class="button" type="submit" name="act" value="more" formnovalidate>${icon(s, 'plus')}${t('rules.more')}</button></div>` : ''}</fieldset>
<fieldset class="rule-part"><legend>${t('rules.then')}</legend>
${place(s, v, f.errors.place)}
${s.labels.length === 0 ? '' : labelChoice(s, v)}
${check('read', t('rules.read'), v.read)}${check('star', t('rules.star'), v.star)}
${field({ name: 'forward', label: t('rules.forward'), value: v.forward, error: f.errors.forward, hint: t('rules.forward.hint'), maxlength: 320, more: html` inputmode="email" autocapitalize="none" spellcheck="false"` })}
${check('keep', t('rules.keep'), v.keep)}${check('stop', t('rules.stop'), v.stop)}</fieldset>
<div class="buttons"><button class="button primary" type="submit">${t('rules.save')}</button>${f.id === null ? html`<button class="button" type="submit" name="act" value="apply">${t('rules.saveapply')}</button>` : ''}</div>
${trying(s, f)}
</form>
${f.trial ? trial(s, f.trial) : ''}
${f.id === null ? '' : apply(s, path)}
</section>`;
}

function leftOut(s: Screen, { left, fields }: RuleForm): Html {
  const { t, list } = s.w;
  const wider = fields.all && fields.rows.some(r => r.text !== '' || r.field === 'files' || r.field === 'nofiles');
  return html`<p class="flash" role="note">${icon(s, 'info')}<span>${t('rules.left', { what: list(left) })}${wider ? html`<br>${t('rules.left.wider')}` : ''}</span></p>`;
}

const radio = (name: string, value: string, words: string, on: boolean): Html =>
  html`<label class="check"><input type="radio" name="${name}" value="${value}"${on ? html` checked` : ''}>${words}</label>`;

const check = (name: string, words: string, on: boolean): Html =>
  html`<label class="check"><input type="checkbox" name="${name}" value="1"${on ? html` checked` : ''}>${words}</label>`;

const option = (value: string, words: string, chosen: string): Html =>
  html`<option value="${value}"${value === chosen ? html` selected` : ''}>${words}</option>`;

function conditionRow(s: Screen, r: ConditionRow, i: number, error: string | undefined): Html {
  const { t } = s.w;
  const n = { n: i + 1 };
  const described = error
    ? html` aria-invalid="true" aria-describedby="row-${i}-error"`
    : html` aria-describedby="rows-hint"`;
  return html`<div class="rule-row${error ? ' wrong' : ''}"><div class="control"><select name="field" aria-label="${t('rules.field', n)}">${conditionFields.map(f => option(f, t(`rules.field.${f}`), r.field))}</select></div><div class="control"><select name="test" aria-label="${t('rules.test', n)}">${textTests.map(x => option(x, t(`rules.test.${x}`), r.test))}</select></div><div class="control"><input name="text" value="${r.text}" maxlength="300" dir="auto" autocapitalize="none" spellcheck="false" aria-label="${t('rules.text', n)}"${described}></div>${error ? html`<p class="error" id="row-${i}-error">${error}</p>` : ''}</div>`;
}

function place(s: Screen, v: RuleFields, error: string | undefined): Html {
  const { t } = s.w;
  const choiceOf = (f: Folder) => (f.role === 'junk' || f.role === 'trash' ? f.role : `${f.id}`);
  const some = s.folders.filter(f => !['inbox', 'drafts', 'sent', 'snoozed'].includes(f.role ?? ''));
  return html`<div class="field${error ? ' wrong' : ''}"><label for="place">${t('rules.place')}</label><div class="control"><select id="place" name="place"${error ? html` aria-invalid="true" aria-describedby="place-error"` : ''}>${option('', t('rules.stay'), v.place)}${some.map(f => option(choiceOf(f), folderName(s.w, f), v.place))}</select></div>${error ? html`<p class="error" id="place-error">${error}</p>` : ''}</div>`;
}

function labelChoice(s: Screen, v: RuleFields): Html {
  const { t } = s.w;
  return html`<div class="field"><label for="label">${t('rules.label')}</label><div class="control"><select id="label" name="label">${option('', t('rules.nolabel'), v.label)}${s.labels.map(l => option(`${l.id}`, l.name, v.label))}</select></div></div>`;
}

/** What one writes oneself no rule is held against. */
const hasMail = (f: Folder): boolean => f.role !== 'drafts' && f.total > 0;

function trying(s: Screen, { where, errors }: RuleForm): Html {
  const { t } = s.w;
  const error = errors.where;
  const some = s.folders.filter(f => f.role === 'inbox' || `${f.id}` === where || hasMail(f));
  return html`<div class="inline"><div class="field${error ? ' wrong' : ''}"><label for="where">${t('rules.try.folder')}</label><div class="control"><select id="where" name="where"${error ? html` aria-invalid="true" aria-describedby="where-error"` : ''}>${some.map(f => option(`${f.id}`, folderName(s.w, f), where))}</select></div>${error ? html`<p class="error" id="where-error">${error}</p>` : ''}</div><button class="button" type="submit" name="act" value="try">${icon(s, 'eye')}${t('rules.try')}</button></div>`;
}

function trial(s: Screen, { folder, tried, matched, some }: Trial): Html {
  const { t } = s.w;
  const where = folderName(s.w, folder);
  const one = (m: Message) =>
    html`<li><a href="${folderPath(folder)}/${m.id}" target="_blank"><b><bdi>${m.fromName || m.fromAddress || t('list.nosender')}</bdi></b><span><bdi>${m.subject.trim() || t('list.nosubject')}</bdi></span><time datetime="${s.w.iso(m.receivedAt)}">${s.w.when(m.receivedAt)}</time></a></li>`;
  return html`<section class="rule-trial" aria-labelledby="trial"><h2 id="trial" tabindex="-1" autofocus>${t('rules.trial', { n: matched, folder: where })}</h2>
<p class="muted">${tried === 0 ? t('rules.trial.empty', { folder: where }) : t('rules.trial.of', { n: tried, folder: where })}</p>
${some.length === 0 ? '' : html`<ul>${some.map(one)}</ul>`}${matched > some.length ? html`<p class="muted">${t('rules.trial.more', { n: matched - some.length })}</p>` : ''}</section>`;
}

function apply(s: Screen, path: string): Html {
  const { t } = s.w;
  const some = s.folders.filter(hasMail);
  return html`<h2 id="apply" tabindex="-1">${t('rules.apply')}</h2><p class="muted">${t('rules.apply.body')}</p>
<form class="inline" method="post" action="${path}/applications" hx-boost="false"><div class="field"><label for="folder">${t('rules.apply.folder')}</label><div class="control"><select id="folder" name="folder">${some.map(f => option(`${f.id}`, folderName(s.w, f), ''))}</select></div></div><button class="button" type="submit"${some.length === 0 ? html` disabled` : ''}>${t('rules.apply.go')}</button></form>
<h2>${t('rules.remove')}</h2>
<form method="post" action="${path}/removal" hx-boost="false"><button class="button danger" type="submit">${t('rules.remove')}</button></form>`;
}

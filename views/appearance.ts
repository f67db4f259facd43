/** How the pages speak and look: language, time zone, colours, contrast, how close rows stand, with script or without. */
import { html } from 'hono/html';
import type { Screen } from './layout.ts';
import { backToSettings } from './way.ts';
import { type Html, type Key, languages } from './words.ts';

export const schemes = ['auto', 'light', 'dark'] as const;
export const contrasts = ['auto', 'more'] as const;
export const densities = ['comfortable', 'compact'] as const;
export const scripts = ['on', 'off'] as const;

export function appearancePage(s: Screen): Html {
  const { t } = s.w;
  const { account } = s;
  return html`<section class="page appearance">${backToSettings(s)}<h1>${t('appearance.title')}</h1>
<form class="stack" method="post" action="/settings/appearance" hx-boost="false">
<div class="field"><label for="language">${t('appearance.language')}</label><div class="control"><select id="language" name="language">${option('', t('appearance.language.auto'), account.language)}${Object.entries(languages).map(([code, { name, dir }]) => option(code, name, account.language, html` lang="${code}" dir="${dir}"`))}</select></div></div>
<div class="field"><label for="zone">${t('appearance.zone')}</label><div class="control"><select id="zone" name="zone">${option('', t('appearance.zone.auto'), account.zone)}${zones(account.zone)}</select></div></div>
${choices(s, 'scheme', schemes, account.scheme)}
${choices(s, 'contrast', contrasts, account.contrast)}
${choices(s, 'density', densities, account.density)}
${choices(s, 'scripts', scripts, account.scripts)}
<div><button class="button primary" type="submit">${t('appearance.save')}</button></div>
</form></section>`;
}

const option = (value: string, words: string, chosen: string, more: Html | string = ''): Html =>
  html`<option value="${value}"${more}${value === chosen ? html` selected` : ''}>${words}</option>`;

/** By part of the world, the cities in the order of their names; one that was renamed meanwhile stays to be seen. */
function zones(chosen: string): Html {
  const all = Intl.supportedValuesOf('timeZone');
  const known = chosen === '' || all.includes(chosen) ? all : [...all, chosen];
  const areas = Map.groupBy(known, zone => zone.split('/')[0]!);
  return html`${[...areas].map(([area, some]) => html`<optgroup label="${area}">${inOrderOfNames(some).map(zone => option(zone, cityOf(zone), chosen))}</optgroup>`)}`;
}

const inOrderOfNames = (some: string[]): string[] => some.toSorted((a, b) => cityOf(a).localeCompare(cityOf(b), 'en'));

/** As the cities are called today; the engine goes on with the names its zones began with. */
const today: Record<string, string> = {
  'Asia/Calcutta': 'Kolkata',
  'Asia/Katmandu': 'Kathmandu',
  'Asia/Rangoon': 'Yangon',
  'Asia/Saigon': 'Ho Chi Minh City',
  'America/Godthab': 'Nuuk',
  'Atlantic/Faeroe': 'Faroe',
  'Europe/Kiev': 'Kyiv',
};

const cityOf = (zone: string): string =>
  today[zone] ?? (zone.split('/').slice(1).join(', ').replaceAll('_', ' ') || zone);

function choices<T extends string>(
  s: Screen,
  name: 'scheme' | 'contrast' | 'density' | 'scripts',
  values: readonly T[],
  chosen: T,
): Html {
  const one = (value: T) =>
    html`<label class="choice"><input type="radio" name="${name}" value="${value}"${value === chosen ? html` checked` : ''}><span>${s.w.t(`appearance.${name}.${value}` as Key)}</span></label>`;
  return html`<fieldset class="choices"><legend>${s.w.t(`appearance.${name}` as Key)}</legend>${values.map(one)}</fieldset>`;
}

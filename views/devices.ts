/** Where an account is signed in, and who signed in to it, or tried to. */
import { html } from 'hono/html';
import type { Session, SignIn, TrustedBrowser } from '../daemon/store.ts';
import { icon, type Screen } from './screen.ts';
import { backToSettings } from './way.ts';
import type { Html, Words } from './words.ts';

export type Devices = {
  sessions: Session[];
  current: number;
  /** Those used since then may be in use: the time is not written at each click. */
  recent: number;
  signIns: SignIn[];
  /** Where no code is asked for. */
  trusted: TrustedBrowser[];
};

export function devicesPage(s: Screen, d: Devices): Html {
  const { t } = s.w;
  const { sessions, current, signIns, trusted } = d;
  const others = sessions.some(one => one.id !== current);
  return html`<section class="page">${backToSettings(s)}
<h1>${t('devices.title')}</h1>
<ul class="decided">${sessions.map(one => session(s, one, d))}</ul>
${others ? html`<form method="post" action="/settings/devices/removals" hx-boost="false"><button class="button" type="submit" name="others" value="1">${icon(s, 'log-out')}${t('devices.others')}</button></form>` : ''}
${trusted.length === 0 ? '' : trustedBrowsers(s, trusted)}
<h2>${t('devices.signins')}</h2>
<p>${t('devices.signins.body')}</p>
<ul class="decided">${signIns.filter(one => !isFirstHalf(one, signIns)).map(one => signIn(s, one))}</ul>
</section>`;
}

function session(s: Screen, one: Session, { current, recent }: Devices): Html {
  const { t } = s.w;
  const isThis = one.id === current;
  const isRecent = one.seenAt >= recent;
  const used = isThis
    ? t('devices.now')
    : isRecent
      ? t('devices.recently')
      : s.w.h('devices.seen', { time: time(s, one.seenAt) });
  const name = deviceName(s.w, one.agent);
  const end = html`<form method="post" action="/settings/devices/removals" hx-boost="false"><button class="button" type="submit" name="session" value="${one.id}">${t('devices.end')}<span class="unseen"> ${name}</span></button></form>`;
  return html`<li><span><b>${name}</b>${isThis ? html` <em>${t('devices.this')}</em>` : ''}<small>${t('devices.from', { address: one.address })} · ${used} · ${s.w.h('devices.since', { time: time(s, one.createdAt) })}</small></span>${isThis ? '' : end}</li>`;
}

function trustedBrowsers(s: Screen, all: TrustedBrowser[]): Html {
  const { t, h } = s.w;
  const one = (b: TrustedBrowser) =>
    html`<li><span><b>${deviceName(s.w, b.agent)}</b><small>${t('devices.from', { address: b.address })} · ${h('devices.trusted.until', { time: time(s, b.expiresAt) })}</small></span></li>`;
  return html`<h2>${t('devices.trusted')}</h2>
<ul class="decided">${all.map(one)}</ul>
<form method="post" action="/settings/devices/trust/removal" hx-boost="false"><button class="button" type="submit">${t('devices.trusted.forget')}</button></form>`;
}

/** Behind the right password came the code, from the same place: that is told as the one sign-in it was. */
const isFirstHalf = (one: SignIn, all: SignIn[]): boolean =>
  one.result === 'half' &&
  all.some(o => o.result === 'in' && o.way === one.way && o.address === one.address && o.lastAt >= one.lastAt);

function signIn(s: Screen, one: SignIn): Html {
  const { t } = s.w;
  return html`<li${one.result === 'in' ? '' : html` class="refused"`}><span><b>${t(`devices.way.${one.way}`)}</b>${one.result === 'in' ? '' : html` <strong class="error">${t(one.result === 'half' ? 'devices.half' : 'devices.refused')}</strong>`}<small>${t('devices.from', { address: one.address })} · ${t('devices.times', { n: one.times })} · ${s.w.h('devices.last', { time: time(s, one.lastAt) })}</small></span></li>`;
}

const time = (s: Screen, at: number): Html => html`<time datetime="${s.w.iso(at)}">${s.w.stamp(at)}</time>`;

/** The first that fits: browsers name each other, for the sake of old sites. */
const browsers: [RegExp, string][] = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\bOPR\/|\bOpera\b/, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bFirefox\/|\bFxiOS\//, 'Firefox'],
  [/Chrom(?:e|ium)\/|\bCriOS\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
];
const systems: [RegExp, string][] = [
  [/\bAndroid\b/, 'Android'],
  [/\biPhone\b|\biPod\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bWindows\b/, 'Windows'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bMac OS X\b|\bMacintosh\b/, 'Mac'],
  [/\bLinux\b/, 'Linux'],
];

/** Of a User-Agent header, as a person says it. */
export function deviceName(w: Words, agent: string): string {
  const found = (list: [RegExp, string][]) => list.find(([pattern]) => pattern.test(agent))?.[1];
  const [browser, system] = [found(browsers), found(systems)];
  if (browser && system) return w.t('devices.on', { browser, system });
  return browser ?? system ?? w.t('devices.unknown');
}

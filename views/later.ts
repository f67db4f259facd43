/** When to send: quick choices and a date and time, in the letter's form and beside one that waits. */
import { html } from 'hono/html';
import { icon, type Screen } from './layout.ts';
import type { Html } from './words.ts';

export type Quick = 'hour' | 'evening' | 'morning' | 'monday';
export type QuickTime = { name: Quick; at: number };

export type LaterForm = {
  quick: QuickTime[];
  /** What the fields hold, as browsers have it: `2026-11-30`, `08:00`. */
  day: string;
  time: string;
  /** Why the time was not taken; empty: nothing is wrong. */
  error: string;
};

/** Buttons of the form around them, each sends it to `action`. */
export function laterChoices(s: Screen, f: LaterForm, action: string): Html {
  const t = s.w.t;
  const wrong = f.error ? html` aria-invalid="true" aria-describedby="later-error"` : '';
  const quick = f.quick.map(
    q =>
      html`<button class="button plain" type="submit" formaction="${action}" name="later" value="${q.name}"><span>${t(`later.${q.name}`)}</span><small>${s.w.stamp(q.at)}</small></button>`,
  );
  return html`<div class="later-choices">${quick}
<div class="later-at"><label>${t('later.day')}<input type="date" name="day" value="${f.day}"${wrong}></label><label>${t('later.time')}<input type="time" name="time" value="${f.time}"${wrong}></label><button class="button" type="submit" formaction="${action}" name="later" value="at">${t('later.at')}</button></div>
${f.error ? html`<p class="error" id="later-error" role="alert">${f.error}</p>` : ''}
<p class="hint">${t('later.zone', { zone: s.w.zone })}</p></div>`;
}

/** Null: this site holds no mail. */
export function laterMenu(s: Screen, f: LaterForm | null): Html {
  if (!f) return html``;
  return html`<details class="menu later"${f.error ? html` open` : ''}><summary class="button">${icon(s, 'clock')}${s.w.t('later.title')}</summary>
<div class="menu-card later-card">${laterChoices(s, f, '/drafts/submissions')}</div></details>`;
}

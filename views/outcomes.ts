/** What became of a message one sent: for each recipient a sentence. */
import { html } from 'hono/html';
import type { HoldKind } from '../daemon/store.ts';
import { icon, type Screen } from './layout.ts';
import type { Html } from './words.ts';

export type RecipientOutcome = {
  address: string;
  /** Not named in the header. */
  blind: boolean;
  fate:
    | { kind: 'here'; at: number }
    | { kind: 'delivered'; at: number /** Null: not to be told. */; host: string | null }
    | { kind: 'under way' }
    | { kind: 'held'; why: HoldKind; domain: string; until: number }
    | { kind: 'delayed' /** What the host answered; empty: not known. */; why: string; next: number }
    | { kind: 'failed'; at: number; why: string }
    | { kind: 'removed'; at: number };
};

const isThere = (o: RecipientOutcome): boolean => o.fate.kind === 'here' || o.fate.kind === 'delivered';

/** Open where something is not as it should be; a long list of those that arrived stays folded. */
export function outcomes(s: Screen, all: RecipientOutcome[]): Html {
  if (all.length === 0) return html``;
  const there = all.filter(isThere).length;
  const sum =
    there === all.length
      ? s.w.t('outcome.all', { n: all.length })
      : s.w.t('outcome.some', { there: s.w.number(there), n: all.length });
  const sign = all.some(o => o.fate.kind === 'failed' || o.fate.kind === 'removed')
    ? 'circle-alert'
    : there === all.length
      ? 'circle-check'
      : 'clock';
  // Those that need a look come first.
  const sorted = all.toSorted((a, b) => Number(isThere(a)) - Number(isThere(b)));
  return html`<details class="outcomes"${there < all.length ? html` open` : ''}><summary class="${tone(sign)}">${icon(s, sign)}<span>${sum}</span>${icon(s, 'chevron-down')}</summary>
<ul>${sorted.map(o => html`<li><b><bdi>${o.address}</bdi></b>${o.blind ? html` <small>${s.w.t('compose.bcc')}</small>` : ''} <span class="${o.fate.kind === 'failed' ? 'danger' : ''}">${inWords(s, o)}</span></li>`)}</ul></details>`;
}

const tone = (sign: string): string => ({ 'circle-alert': 'danger', 'circle-check': 'ok', clock: 'warn' })[sign] ?? '';

function inWords(s: Screen, { fate }: RecipientOutcome): string {
  const { t, stamp } = s.w;
  switch (fate.kind) {
    case 'here':
      return t('outcome.here', { time: stamp(fate.at) });
    case 'delivered':
      return fate.host === null
        ? t('outcome.on', { time: stamp(fate.at) })
        : t('outcome.delivered', { host: fate.host, time: stamp(fate.at) });
    case 'under way':
      return t('outcome.way');
    case 'held':
      return held(s, fate);
    case 'delayed':
      return fate.why === ''
        ? t('outcome.delayed', { time: stamp(fate.next) })
        : t('outcome.delayed.why', { why: fate.why, time: stamp(fate.next) });
    case 'failed':
      return fate.why === '' ? t('outcome.failed') : t('outcome.failed.why', { why: fate.why });
    case 'removed':
      return t('outcome.removed', { time: stamp(fate.at) });
  }
}

function held(s: Screen, fate: RecipientOutcome['fate'] & { kind: 'held' }): string {
  const { t, stamp } = s.w;
  switch (fate.why) {
    case 'future release':
      return t('outcome.held.later', { time: stamp(fate.until) });
    case 'off line':
      return t('outcome.held.offline');
    case 'suspended domain':
      return fate.domain === '' ? t('outcome.held') : t('outcome.held.domain', { domain: fate.domain });
    case 'operator':
      return t('outcome.held');
  }
}

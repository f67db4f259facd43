/** Between the list and the message: by it the list is made wider or narrower, with the pointer or by arrow keys. */
import { html } from 'hono/html';
import type { Screen } from './screen.ts';
import type { Html } from './words.ts';

/** Pixels; scripted.css has a rule for each step, so that the page is right from its first moment on. */
export const listWidths = { least: 300, usual: 380, most: 700, step: 20 };

/** Null: nothing we would have kept. */
export function listWidthOf(kept: string | null): number | null {
  const width = Number(kept ?? Number.NaN);
  const { least, most, step } = listWidths;
  return width >= least && width <= most && width % step === 0 ? width : null;
}

export function divider(s: Screen): Html {
  const { least, usual, most, step } = listWidths;
  return html`<div class="divider only-script" role="separator" tabindex="0" aria-orientation="vertical" aria-controls="list" aria-label="${s.w.t('list.width')}" aria-valuemin="${least}" aria-valuemax="${most}" aria-valuenow="${s.listWidth ?? usual}" data-step="${step}"></div>`;
}

/** The offer of what was typed in this browser and not saved; script fills it in. */
import { html } from 'hono/html';
import type { Screen } from './layout.ts';
import type { Html } from './words.ts';

export const keptOffer = (s: Screen): Html =>
  html`<template data-kept><div class="question" role="status"><p dir="auto">${s.w.t('kept.found', { time: '{time}', start: '{start}' })}</p><form method="post" action="/drafts/uploads" enctype="multipart/form-data" hx-boost="false"><div class="buttons"><button class="button" type="submit">${s.w.t('kept.back')}</button><button class="button plain" type="button" data-forget>${s.w.t('kept.forget')}</button></div></form></div></template>`;

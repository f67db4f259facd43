/** Letters in markup: the editor's document, from plain text to markup and back, how a draft looks, and its images. */
import { Hono } from 'hono';
import type { Draft } from '../daemon/store.ts';
import { editorHeaders, editorPage } from '../views/editor.ts';
import { leavingLetter, letterText } from '../views/letter.ts';
import { frameHeaders, isLabel, messageFrame, safeHtml, safeLetter } from '../views/safe-html.ts';
import { authorOf, authorsOf } from './author.ts';
import { createBodies } from './bodies.ts';
import { type Form, FormError, readForm } from './form.ts';
import { beginLetter } from './letter.ts';
import { typedMarkup } from './markup.ts';
import { idOf, missing } from './page.ts';
import { inert, streamOf } from './parts.ts';
import type { Ctx, Env, Site } from './site.ts';

export function rich(site: Site): Hono<Env> {
  const app = new Hono<Env>();
  const bodies = createBodies(site);
  const icons = iconsIn(site.assets.text('editor-icons.svg'));

  app.get('/editor', c => {
    const asset = (name: string) => site.settings.base_path + site.assets.path(name);
    return c.html(String(editorPage({ w: c.var.words, look: c.var.account, asset, icons })), 200, editorHeaders);
  });

  app.post('/drafts/conversions', async c => {
    const form = await readForm(c);
    if (form.has('html')) return c.json({ text: letterText(await safely(form.get('html'))) });
    const begun = await begunOf(c, form);
    return begun ? c.json({ html: await typedMarkup(form.get('text'), begun) }) : missing(site, c);
  });

  app.get('/drafts/:id/body', async c => {
    const draft = await draftOf(c);
    if (!draft || draft.html === null) return missing(site, c);
    const labels = new Map(draft.uploads.map(u => [u.label, u.label]));
    const url = (label: string) => `${site.settings.base_path}/drafts/${draft.id}/images/${label}`;
    const safe = await safeHtml(leavingLetter(draft.html, labels), { remoteImages: false, cid: url, dark: false });
    const body = safe.shown ? safe.html : '';
    const page = messageFrame({ body, title: draft.subject || c.var.words.t('compose.title.draft') });
    return c.body(page, 200, frameHeaders({ remoteImages: false }));
  });

  app.get('/drafts/:id/images/:label', async c => {
    const label = c.req.param('label');
    const draft = isLabel(label) ? await draftOf(c) : null;
    const image = draft?.uploads.find(u => u.label === label);
    if (!image) return missing(site, c);
    const headers = { ...inert, 'Content-Type': image.type, 'Content-Disposition': 'inline' };
    return c.body(streamOf(site.store.content.open(image.contentId)), 200, headers);
  });

  const draftOf = async (c: Ctx): Promise<Draft | null> => {
    const id = idOf(c.req.param('id'));
    return id === null ? null : site.store.drafts.get(c.var.account.id, id);
  };

  /** As the letter began that was typed on since, by whom it is written now. */
  const begunOf = async (c: Ctx, form: Form) => {
    const authors = await authorsOf(site.store, c.var.account);
    const needs = { store: site.store, bodies, w: c.var.words, authors };
    const relation = form.get('relation') === 'forward' ? 'forward' : 'reply';
    const asked = form.get('related') === '' ? {} : { [relation]: form.get('related') };
    const begun = await beginLetter(needs, c.var.account, asked);
    return begun && { ...begun, author: authorOf(authors, form.get('from')) };
  };
  return app;
}

async function safely(markup: string): Promise<string> {
  try {
    return await safeLetter(markup);
  } catch {
    throw new FormError(413);
  }
}

/** Each of a sprite as an image of its own. */
function iconsIn(sprite: string): Map<string, string> {
  const symbols = sprite.matchAll(/<symbol id="([\w-]+)"([^>]*)>(.*?)<\/symbol>/g);
  return new Map(
    [...symbols].map(([, name, attributes, drawing]) => [
      name!,
      `<svg class="icon" aria-hidden="true"${attributes}>${drawing}</svg>`,
    ]),
  );
}

/** Compose: the page, saving by button and while typing, files, sending, discarding. One form, whatever button. */
import { Hono } from 'hono';
import { html } from 'hono/html';
import type { Draft, DraftFields } from '../daemon/store.ts';
import { type ComposeForm, composePage, draftState } from '../views/compose.ts';
import { signatureLetter } from '../views/letter.ts';
import { filesKept } from '../views/uploads.ts';
import { authorOf, authorsOf } from './author.ts';
import { createBodies, partName } from './bodies.ts';
import { createDesks, type Desk } from './desk.ts';
import { doubtsOf, isSure, slipsOf } from './doubts.ts';
import { identity, isSame, ofDraft, stateOf, type Unsaved, wrongState } from './draft-state.ts';
import { fieldsOf, forwardedParts, isBlank, keepForm, type Saved } from './drafts.ts';
import { type Form, keyIn } from './form.ts';
import { beginLetter } from './letter.ts';
import { typedMarkup } from './markup.ts';
import { tellOnce } from './notice.ts';
import { idOf, missing, screenOf, show } from './page.ts';
import { ownPath } from './session.ts';
import type { Ctx, Env, Site } from './site.ts';
import { keyOf, largestFiles, type SendResult, send, taken, undoSeconds, wasTaken } from './submission.ts';
import { chosenTime, laterForm } from './times.ts';
import { discardUntaken, type Received, readUploads, type UploadForm } from './upload.ts';

type Status = 200 | 409 | 413 | 422 | 503 | 507;

export function compose(site: Site): Hono<Env> {
  const app = new Hono<Env>();
  const bodies = createBodies(site);
  const desks = createDesks();
  const limit = () => largestFiles(site.settings.max_message_size);

  app.get('/compose', async c => {
    const authors = await authorsOf(site.store, c.var.account);
    const needs = { store: site.store, bodies, w: c.var.words, authors };
    const begun = await beginLetter(needs, c.var.account, c.req.query());
    if (!begun) return missing(site, c);
    const { fields } = begun;
    const start = c.var.account.writesRich ? await typedMarkup(fields.text, begun) : null;
    return page(c, { ...fields, start, pending: await pendingOf(c, fields) });
  });

  app.get('/drafts/:id', async c => {
    const id = idOf(c.req.param('id'));
    const draft = id === null ? null : await site.store.drafts.get(c.var.account.id, id);
    if (draft?.heldAs != null) return c.redirect(`/outbox/${draft.heldAs}`, 303);
    return draft ? page(c, ofDraft(draft)) : missing(site, c);
  });

  app.post('/drafts', c =>
    withForm(c, async (form, fields, desk) => {
      const typing = c.req.header('HX-Request-Type') === 'partial';
      const sentTo = await sentFrom(c, desk);
      if (sentTo !== null) return typing ? c.body(null, 204) : c.redirect(sentTo, 303);
      if (typing && isBlank(fields) && form.get('draft') === '') return c.body(null, 204);
      const kept = await keep(c, form, fields, desk, form.files);
      if (typing) return fragment(c, form, kept);
      if (kept.kind !== 'saved') return unsaved(c, form, fields, kept);
      tellOnce(site, c, { key: 'done.saved' });
      return c.redirect('/mail/drafts', 303);
    }),
  );

  app.post('/drafts/uploads', c =>
    withForm(c, async (form, fields, desk) => {
      const theirs = form.has('theirs') ? (desk.draftId ?? idOf(form.get('draft'))) : null;
      if (theirs !== null) return c.redirect(`/drafts/${theirs}`, 303);
      const kept = await keep(c, form, fields, desk, form.files);
      if (kept.kind !== 'saved') return unsaved(c, form, fields, kept);
      const drop = idOf(form.get('detach'));
      if (drop !== null) await site.store.drafts.detach(c.var.account.id, kept.draft.id, drop);
      return c.redirect(`/drafts/${kept.draft.id}`, 303);
    }),
  );

  // A file by itself, while the person writes on: the answer is what to put in the page, or a sentence.
  app.post('/drafts/files', c =>
    withForm(c, async (form, fields, desk) => {
      if ((await sentFrom(c, desk)) !== null) return c.body(null, 204);
      const kept = await keep(c, form, fields, desk, form.files);
      if (kept.kind !== 'saved') return c.text(await whyUnsaved(c, kept), kept.kind === 'full' ? 507 : 409);
      const s = await screenOf(site, c);
      const shown = { ...ofDraft(kept.draft), pending: [], limit: limit() };
      return c.html(html`${filesKept(s, shown)}${draftState(s, shown)}`);
    }),
  );

  app.post('/drafts/recipients', c =>
    withForm(c, async (form, fields, desk) => {
      const kept = await keep(c, form, fields, desk, form.files);
      if (kept.kind !== 'saved') return unsaved(c, form, fields, kept);
      return c.redirect(`/drafts/${kept.draft.id}/recipients`, 303);
    }),
  );

  app.post('/drafts/removals', c =>
    withForm(c, async (form, _fields, desk) => {
      const id = desk.draftId ?? idOf(form.get('draft'));
      const waiting = id !== null && (await site.store.drafts.get(c.var.account.id, id))?.heldAs;
      if (waiting) return c.redirect(`/outbox/${waiting}`, 303);
      const aside = id !== null && (await site.store.drafts.discard(c.var.account.id, id, site.now()));
      tellOnce(site, c, { key: 'done.discarded', ...(aside && { undo: { draft: id } }) });
      return c.redirect(ownPath(form.get('back'), '/mail/inbox'), 303);
    }),
  );

  app.post('/drafts/submissions', c =>
    withForm(c, async (form, fields, desk) => {
      const sentTo = await sentFrom(c, desk);
      if (sentTo !== null) return c.redirect(sentTo, 303);
      const kept = await keep(c, form, fields, desk, form.files);
      if (kept.kind === 'held' && isSame(kept.draft, fields)) return sentOn(c, desk, kept.draft, taken);
      if (kept.kind === 'gone' && (await isSent(c, fields, desk))) return sentOn(c, desk, null, taken);
      if (kept.kind !== 'saved') return unsaved(c, form, fields, kept);
      const { draft } = kept;
      const again = { ...ofDraft(draft), key: form.get('key'), later: laterForm(site, c, form) };
      const time = chosenTime(c.var.words, form, site.now(), site.settings.max_future_release);
      if (time.kind === 'wrong') {
        const why = `${time.why} ${c.var.words.t('later.error.kept')}`;
        const errors = again.later ? {} : { form: why };
        return page(c, { ...again, later: laterForm(site, c, form, why), errors }, 422);
      }
      const asked = await doubtsAbout(c, draft, form.all('sure'));
      if (asked.doubts.length + asked.slips.length > 0)
        return page(c, { ...again, ...asked, archives: form.has('archive'), chosen: form.get('later') }, 422);
      desk.tried = { fields: JSON.stringify(fields), key: keyOf(draft) };
      const result = await send(site, c, draft, time.kind === 'at' ? time.at : null);
      if (result.kind === 'refused') return page(c, { ...again, errors: result.errors }, result.status);
      const archived = form.has('archive') ? await archiveAnswered(c, draft) : null;
      return sentOn(c, desk, draft, result, archived);
    }),
  );

  /** Where who sent this form was led; null: it was not sent, or was taken back and lies open elsewhere. */
  const sentFrom = async (c: Ctx, desk: Desk): Promise<string | null> => {
    if (desk.sentTo === null || desk.draftId === null) return desk.sentTo;
    const draft = await site.store.drafts.get(c.var.account.id, desk.draftId);
    if (draft && draft.round > desk.round) desk.sentTo = null;
    return desk.sentTo;
  };

  /** Without those that were answered already. */
  const doubtsAbout = async (c: Ctx, draft: Draft, sure: string[]) => {
    const related = draft.relatedId === null ? null : await site.store.messages.get(draft.accountId, draft.relatedId);
    const content = related && (await bodies.content(related));
    const own = (await authorsOf(site.store, c.var.account)).map(a => a.address);
    const words = c.var.words.t('compose.doubt.attachment.words');
    const doubts = doubtsOf(draft, words, own, content ? await bodies.header(content) : null);
    const slips = slipsOf(draft, await site.store.correspondents.acquaintances(draft.accountId));
    return {
      doubts: doubts.filter(doubt => !isSure(sure, doubt)),
      slips: slips.filter(({ address }) => !sure.includes(address)),
    };
  };

  /** What is answered leaves the Inbox; what lies elsewhere was put there. */
  const archiveAnswered = async (c: Ctx, draft: Draft): Promise<number | null> => {
    const id = draft.relation === 'reply' ? draft.relatedId : null;
    const related = id === null ? null : await site.store.messages.get(c.var.account.id, id);
    const inbox = await site.store.folders.byRole(c.var.account.id, 'inbox');
    if (related?.folderId !== inbox.id) return null;
    const archive = await site.store.folders.byRole(c.var.account.id, 'archive');
    site.tell.changed(await site.store.messages.move(c.var.account.id, [related.id], archive.id));
    return related.id;
  };

  /** The daemon took it after all, though we had to say that it did not answer; and nothing was changed since. */
  const isSent = async (c: Ctx, fields: DraftFields, desk: Desk) =>
    desk.tried !== null &&
    desk.tried.fields === JSON.stringify(fields) &&
    (await wasTaken(site, c.var.account.id, desk.tried.key));

  /** With a way to take it back, where it waits. */
  const sentOn = async (
    c: Ctx,
    desk: Desk,
    draft: Draft | null,
    { goTo, told }: SendResult & { kind: 'sent' },
    archived: number | null = null,
  ) => {
    const kept = draft && (await site.store.drafts.get(c.var.account.id, draft.id));
    desk.sentTo = goTo;
    desk.round = draft?.round ?? desk.round;
    const seconds = told.key === 'done.scheduled' ? 0 : undoSeconds(site, c.var.account);
    const held = kept?.heldAs && { content: kept.heldAs, draft: kept.id, seconds, ...(archived && { archived }) };
    tellOnce(site, c, held ? { ...told, held } : told);
    return c.redirect(goTo, 303);
  };

  /** Reads the form and works on it in turn; files that are over the limit come back as an error beside them. */
  const withForm = async (
    c: Ctx,
    work: (form: UploadForm, fields: DraftFields, desk: Desk) => Promise<Response>,
  ): Promise<Response> => {
    const form = await readUploads(c, site.store, limit());
    try {
      const fields = await fieldsOf(site, c.var.account, form);
      const key = keyIn(form) || site.random(9);
      const turn = `${c.var.account.id} ${key}`;
      return await desks.inTurn(turn, desk =>
        form.tooLarge ? overLimit(c, form, fields, desk) : work(form, fields, desk),
      );
    } finally {
      await discardUntaken(form.files);
    }
  };

  const overLimit = async (c: Ctx, form: UploadForm, fields: DraftFields, desk: Desk): Promise<Response> => {
    const kept = await keep(c, form, fields, desk, []);
    const size = c.var.words.size(limit());
    const errors = { files: c.var.words.t('error.body.413', { size }) };
    if (c.req.path === '/drafts/files') return c.text(errors.files, 413);
    const state = kept.kind === 'saved' ? ofDraft(kept.draft) : wrongState(form, fields, kept);
    return page(c, { ...state, errors }, 413);
  };

  const keep = (c: Ctx, form: Form, fields: DraftFields, desk: Desk, files: Received[]): Promise<Saved> =>
    keepForm(site, bodies, c.var.words, { account: c.var.account, form, fields, desk, files });

  /** The form again, with what was typed and why it is not saved. */
  const unsaved = async (c: Ctx, form: Form, fields: DraftFields, kept: Unsaved) => {
    if (kept.kind !== 'full') return page(c, wrongState(form, fields, kept), 409);
    const why = await whyUnsaved(c, kept);
    const errors = kept.files.length > 0 ? { files: why } : { form: why };
    const pending = kept.draft ? [] : await pendingOf(c, fields);
    return page(c, { ...wrongState(form, fields, kept), pending, errors }, 507);
  };

  const whyUnsaved = async (c: Ctx, kept: Unsaved): Promise<string> => {
    const { t, size, clock } = c.var.words;
    if (kept.kind === 'gone' || kept.kind === 'held') return t(`compose.${kept.kind}`);
    if (kept.kind === 'conflict') return t('compose.versions', { time: clock(kept.draft.updatedAt) });
    const { used, quota } = (await site.store.accounts.byId(c.var.account.id)) ?? c.var.account;
    const room = { used: size(used), quota: size(quota) };
    if (kept.files.length === 0) return t('compose.error.full', room);
    return t('compose.error.full.files', { ...room, names: kept.files.join(', ') });
  };

  const fragment = (c: Ctx, form: Form, kept: Saved) => {
    if (kept.kind === 'saved') c.header('HX-Replace-Url', `/drafts/${kept.draft.id}`);
    c.header('Vary', 'HX-Request-Type', { append: true });
    const shown = kept.kind === 'saved' ? ofDraft(kept.draft) : { ...identity(form), state: stateOf(kept) };
    return c.html(draftState({ w: c.var.words }, shown), kept.kind === 'saved' ? 200 : 409);
  };

  const pendingOf = async (c: Ctx, fields: DraftFields) => {
    if (fields.relation !== 'forward' || fields.relatedId === null) return [];
    const found = await forwardedParts(site, bodies, c.var.account.id, fields.relatedId);
    return (found?.shown.attachments ?? []).map(part => ({
      name: partName(c.var.words, part),
      size: part.bodyTo - part.bodyFrom,
    }));
  };

  const page = async (c: Ctx, form: Partial<ComposeForm> & DraftFields, status: Status = 200) => {
    const s = await screenOf(site, c);
    const authors = await authorsOf(site.store, c.var.account);
    const replies = await site.store.cannedReplies.names(c.var.account.id);
    const whole: ComposeForm = {
      authors: authors.map(a => ({ ...a, signatureMarkup: signatureLetter(a) })),
      replies,
      html: null,
      start: null,
      wantsReceipt: false,
      important: false,
      remindDays: 0,
      key: site.random(9),
      draftId: null,
      version: null,
      uploads: [],
      pending: [],
      state: { kind: 'unsaved' },
      errors: {},
      doubts: [],
      slips: [],
      archives: false,
      later: laterForm(site, c, null),
      chosen: '',
      limit: limit(),
      ...form,
      from: authorOf(authors, form.from ?? '').address,
    };
    const title = form.subject.trim() || c.var.words.t('compose.title');
    return show(c, s, title, { view: 'compose', content: composePage(s, whole) }, status);
  };
  return app;
}

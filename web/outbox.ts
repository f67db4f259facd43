/**
 * The Outbox: what its author has sent and the queue holds still. Each change is one conditional update, which the queue
 * meets with its own: one wins, and the other is told.
 */
import { Hono } from 'hono';
import { parseAddressList } from '../daemon/mail/address.ts';
import type { Content, DraftFields, HeldAnswer, HeldSubmission } from '../daemon/store.ts';
import type { LaterForm } from '../views/later.ts';
import { filesOf } from '../views/letter.ts';
import { latePage, outboxPage, type Waiting, type WaitingLetter, waitingPage } from '../views/outbox.ts';
import { createBodies } from './bodies.ts';
import { copyFiles } from './drafts.ts';
import { readForm } from './form.ts';
import { tellOnce } from './notice.ts';
import { idOf, missing, screenOf, show } from './page.ts';
import { askDaemon, type Ctx, type Env, type Site } from './site.ts';
import { chosenTime, laterForm } from './times.ts';

const mostShown = 200;

export function outbox(site: Site): Hono<Env> {
  const app = new Hono<Env>();
  const bodies = createBodies(site);
  const held = site.store.heldSubmissions;

  app.get('/outbox', async c => {
    const found = await held.list(c.var.account.id, mostShown + 1);
    const subjects = await subjectsOf(found.filter(h => h.draft === null));
    const shown = found.slice(0, mostShown).map(h => waitingOf(h, subjects.get(h.contentId) ?? ''));
    const s = await screenOf(site, c);
    const content = outboxPage(s, shown, found.length > mostShown);
    return show(c, s, s.w.t('outbox.title'), { view: 'page', content });
  });

  app.get('/outbox/:id', async c => {
    const found = await own(c);
    if (found) return page(c, found, laterForm(site, c, null));
    return (await wasSent(c)) ? c.redirect('/mail/sent', 303) : missing(site, c);
  });

  app.post('/outbox/:id/withdrawals', async c => {
    const form = await readForm(c);
    const found = await own(c);
    const draft = found?.draft?.id ?? (found ? await asDraft(c, found) : idOf(form.get('draft')));
    if (found && draft === 'no-room') return page(c, found, laterForm(site, c, null), fullWords(c));
    const answer = found ? await held.withdraw(c.var.account.id, found.contentId) : gone;
    if (answer.kind !== 'done') {
      if (found && found.draft === null && typeof draft === 'number')
        await site.store.drafts.remove(c.var.account.id, draft);
      return late(c, answer, draft);
    }
    await unarchive(c, idOf(form.get('archived')));
    site.log.info('web.withdrawn', { content: found?.contentId, account: c.var.account.id });
    tellOnce(site, c, { key: 'done.withdrawn' });
    return c.redirect(`/drafts/${draft}`, 303);
  });

  app.post('/outbox/:id/times', async c => {
    const form = await readForm(c);
    const found = await own(c);
    if (!found) return late(c, gone, null);
    const chosen = chosenTime(c.var.words, form, site.now(), site.settings.max_future_release);
    if (chosen.kind !== 'at') {
      const why = chosen.kind === 'wrong' ? chosen.why : c.var.words.t('later.error.missing');
      return page(c, found, laterForm(site, c, form, why), '', 422);
    }
    const { full } = c.var.words;
    const answer = await held.reschedule(c.var.account.id, found.contentId, chosen.at, `held until ${full(chosen.at)}`);
    if (answer.kind !== 'done') return late(c, answer, null);
    await wake();
    tellOnce(site, c, { key: 'done.rescheduled', values: { time: full(chosen.at) } });
    return c.redirect('/outbox', 303);
  });

  app.post('/outbox/:id/releases', async c => {
    const found = await own(c);
    const answer = found ? await held.release(c.var.account.id, found.contentId, site.now()) : gone;
    if (answer.kind !== 'done') return late(c, answer, null);
    await wake();
    tellOnce(site, c, { key: 'done.released' });
    return c.redirect('/outbox', 303);
  });

  const own = async (c: Ctx): Promise<HeldSubmission | null> => {
    const id = idOf(c.req.param('id'));
    return id === null ? null : await held.get(c.var.account.id, id);
  };

  const wasSent = async (c: Ctx): Promise<boolean> => {
    const id = idOf(c.req.param('id'));
    return id !== null && (await site.store.submissions.facts(c.var.account.id, id)) !== null;
  };

  /** The queue looks within a minute anyway, so a daemon that is not there now loses nothing. */
  const wake = () => askDaemon(site, 'queue.wake', {}).catch(() => null);

  /** Whoever clicks twice is where the first click led; else they are told in words. */
  const late = async (c: Ctx, answer: HeldAnswer, draftId: number | null | 'no-room') => {
    const draft = typeof draftId === 'number' ? await site.store.drafts.get(c.var.account.id, draftId) : null;
    if (draft?.heldAs === null) {
      // Pressed twice: the page that would have said it may never have been shown.
      tellOnce(site, c, { key: 'done.withdrawn' });
      return c.redirect(`/drafts/${draft.id}`, 303);
    }
    const found = await own(c);
    if (!found && !(await wasSent(c))) return missing(site, c);
    const s = await screenOf(site, c);
    const why = found?.state === 'held' ? 'held' : answer.kind === 'under way' ? 'way' : 'sent';
    return show(c, s, s.w.t('outbox.late.title'), { view: 'page', content: latePage(s, why) }, 409);
  };

  /** What was answered, and put into the archive with the same click, comes back with the answer. */
  const unarchive = async (c: Ctx, id: number | null) => {
    const message = id === null ? null : await site.store.messages.get(c.var.account.id, id);
    const archive = await site.store.folders.byRole(c.var.account.id, 'archive');
    if (message?.folderId !== archive.id) return;
    const inbox = await site.store.folders.byRole(c.var.account.id, 'inbox');
    site.tell.changed(await site.store.messages.move(c.var.account.id, [message.id], inbox.id));
  };

  const subjectsOf = async (some: HeldSubmission[]): Promise<Map<number, string>> => {
    const small = new Map((await site.store.content.small(some.map(h => h.contentId))).map(c => [c.id, c]));
    const subjects = new Map<number, string>();
    for (const { contentId } of some) {
      const content = small.get(contentId) ?? (await site.store.content.get(contentId));
      if (content) subjects.set(contentId, (await bodies.header(content)).text('subject'));
    }
    return subjects;
  };

  const letterOf = async (c: Ctx, h: HeldSubmission): Promise<WaitingLetter> => {
    const draft = h.draft && (await site.store.drafts.get(c.var.account.id, h.draft.id));
    if (draft) {
      const frame = draft.html === null ? null : `/drafts/${draft.id}/body`;
      return { ...waitingOf(h, ''), text: draft.text, frame, files: filesOf(draft.html, draft.uploads).beside };
    }
    const content = await site.store.content.get(h.contentId);
    if (!content) return { ...waitingOf(h, ''), text: '', frame: null, files: [] };
    const { subject, text } = await readBack(content, h);
    const files = bodies.display(content)?.attachments ?? [];
    return {
      ...waitingOf(h, subject),
      text,
      frame: null,
      files: files.map(p => ({ name: p.name || p.type, size: p.bodyTo - p.bodyFrom })),
    };
  };

  /** What a mail program sent, as fields of a draft: blind are those whom only the envelope names. */
  const readBack = async (content: Content, h: HeldSubmission): Promise<DraftFields> => {
    const header = await bodies.header(content);
    const shown = bodies.display(content);
    const fields = { to: header.get('to') ?? '', cc: header.get('cc') ?? '' };
    const named = new Set(parseAddressList(`${fields.to}, ${fields.cc}`).map(a => a.address.toLowerCase()));
    return {
      ...fields,
      bcc: h.recipients.filter(r => !named.has(r.toLowerCase())).join(', '),
      subject: header.text('subject'),
      text: shown ? (await bodies.text(content, shown.text)).text : '',
      relatedId: null,
      relation: null,
    };
  };

  /** Made before it is taken back, so that it is at no moment nowhere. */
  const asDraft = async (c: Ctx, h: HeldSubmission): Promise<number | null | 'no-room'> => {
    const content = await site.store.content.get(h.contentId);
    if (!content) return null;
    const draft = await site.store.drafts.create(c.var.account.id, await readBack(content, h), site.now());
    if (draft === 'no-room') return draft;
    const files = bodies.display(content)?.attachments ?? [];
    if (await copyFiles(site, c.var.words, draft, content.id, files)) return draft.id;
    await site.store.drafts.remove(c.var.account.id, draft.id);
    return 'no-room';
  };

  const fullWords = (c: Ctx): string => {
    const { used, quota } = c.var.account;
    return c.var.words.t('outbox.full', { used: c.var.words.size(used), quota: c.var.words.size(quota) });
  };

  const page = async (
    c: Ctx,
    h: HeldSubmission,
    later: LaterForm | null,
    error = '',
    status: 200 | 422 | 507 = error ? 507 : 200,
  ) => {
    const s = await screenOf(site, c);
    const letter = await letterOf(c, h);
    const title = letter.subject || s.w.t('list.nosubject');
    return show(c, s, title, { view: 'page', content: waitingPage(s, letter, later, error) }, status);
  };
  return app;
}

const gone: HeldAnswer = { kind: 'gone' };

const waitingOf = (h: HeldSubmission, subject: string): Waiting => ({
  id: h.contentId,
  at: h.at,
  subject: h.draft?.subject.trim() ?? subject,
  recipients: h.recipients,
  state: h.state,
  foreign: h.draft === null,
});

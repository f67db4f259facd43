/** Leaving a list: asked of its server by one POST, or by a letter; what was asked is kept for all mail of the list. */
import { createHash } from 'node:crypto';
import { Hono } from 'hono';
import { type ListMail, readListMail } from '../daemon/mail/list.ts';
import type { Choice, Message } from '../daemon/store.ts';
import type { ListCard } from '../views/list-mail.ts';
import { addressed, authorOf, authorsOf } from './author.ts';
import { createBodies } from './bodies.ts';
import { readForm } from './form.ts';
import { type Told, tellOnce } from './notice.ts';
import { messageById, missing } from './page.ts';
import { ownPath } from './session.ts';
import { sendLetter } from './side-letter.ts';
import type { Ctx, Env, Site } from './site.ts';
import { senderKey } from './version.ts';

/** Of a list without an id, its sender stands for it. */
export const listKey = (list: ListMail, m: Message): string => `list ${list.id || senderKey(m)}`;

export function listCardOf(list: ListMail | null, m: Message, choices: Choice[]): ListCard | null {
  if (!list) return null;
  const asked = choices.find(c => c.kind === 'unsubscribed');
  return { messageId: m.id, list, asked: asked ? { at: asked.at, of: asked.value } : null };
}

/** Milliseconds in which a second click is the same as the first. */
const patience = 60_000;

export function listMail(site: Site): Hono<Env> {
  const app = new Hono<Env>();
  const bodies = createBodies(site);

  app.post('/messages/:id/unsubscriptions', async c => {
    const form = await readForm(c);
    const message = await messageById(site, c, c.req.param('id'));
    const content = message && (await bodies.content(message));
    const header = content && (await bodies.header(content));
    const list = header && readListMail(header);
    if (!message || !header || !list?.leave || list.leave.kind === 'link') return missing(site, c);
    const asked = list.leave.kind === 'mail' ? await byLetter(c, message, list) : await byPost(list.leave);
    if (asked.of !== null)
      await site.store.choices.set(message.accountId, {
        ...{ kind: 'unsubscribed', key: listKey(list, message) },
        ...{ value: asked.of, at: site.now() },
      });
    tellOnce(site, c, asked.told);
    return c.redirect(ownPath(form.get('back'), '/mail/inbox'), 303);
  });

  type Asked = { /** Who was asked; null: nobody could be. */ of: string | null; told: Told };

  const byPost = async ({ url, host }: { url: string; host: string }): Promise<Asked> => {
    const posted = await site.post(url, 'List-Unsubscribe=One-Click');
    if (posted.kind === 'done') return { of: host, told: { key: 'done.left', values: { host } } };
    site.log.info('web.unsubscribe', { host, ...posted });
    return {
      of: null,
      told: { key: posted.kind === 'off line' ? 'done.left.offline' : 'done.left.not', values: { host } },
    };
  };

  const byLetter = async (c: Ctx, m: Message, list: ListMail): Promise<Asked> => {
    const leave = list.leave as ListMail['leave'] & { kind: 'mail' };
    const own = await authorsOf(site.store, c.var.account);
    const content = await bodies.content(m);
    const who = addressed(own, content && (await bodies.header(content)), m) ?? authorOf(own, '');
    const { to, subject, body } = leave;
    const letter = { from: { name: who.name, address: who.address }, to: [{ name: '', address: to }], cc: [] };
    const key = `leave:${digest(`${m.id} ${to} ${Math.floor(site.now() / patience)}`)}`;
    const text = body === '' ? `${subject}\n` : `${body}\n`;
    const why = await sendLetter(site, c, { who, letter: { ...letter, subject, text, date: site.now() }, key });
    return why === null
      ? { of: to, told: { key: 'done.left', values: { host: to } } }
      : { of: null, told: { key: 'done.left.not', values: { host: to } } };
  };
  return app;
}

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 32);

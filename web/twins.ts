/**
 * Forms that make something, sent twice: by two clicks, or by a page that is loaded again. The second makes nothing and is
 * answered as the first was. What has a key of its own (a draft, an app password) needs none of this.
 */
import { createHash } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { textOf } from './form.ts';
import { remember } from './remember.ts';
import type { Ctx, Env, Site } from './site.ts';

const makers = new Set(['/contacts', '/folders', '/labels', '/settings/replies', '/settings/rules']);
/** Who wants the same again after so long means it. */
const togetherMs = 5_000;
const mostKept = 1_000;

/** Where the first led and what it told; null: it made nothing. */
type Answered = { location: string; cookies: string[] } | null;
type First = { at: number; answered: Promise<Answered> };

export function twins({ now }: Pick<Site, 'now'>): MiddlewareHandler<Env> {
  const lately = new Map<string, First>();
  return async (c, next) => {
    if (c.req.method !== 'POST' || !makers.has(c.req.path)) return next();
    const sent = createHash('sha256')
      .update(await textOf(c))
      .digest('base64');
    const key = `${c.var.account.id} ${c.req.path} ${sent}`;
    const first = lately.get(key);
    const before = first && now() - first.at < togetherMs ? await first.answered : null;
    if (before) return answeredAgain(c, before);
    const { promise, resolve } = Promise.withResolvers<Answered>();
    remember(lately, key, { at: now(), answered: promise }, mostKept);
    try {
      await next();
    } finally {
      resolve(answerOf(c));
    }
  };
}

function answerOf(c: Ctx): Answered {
  const location = c.res.status === 303 ? c.res.headers.get('Location') : null;
  return location === null ? null : { location, cookies: c.res.headers.getSetCookie() };
}

function answeredAgain(c: Ctx, { location, cookies }: NonNullable<Answered>): Response {
  for (const cookie of cookies) c.header('Set-Cookie', cookie, { append: true });
  return c.redirect(location, 303);
}

/**
 * What the owner of an address says to mail being sent on there, by the link of a letter: without signing in.
 * Looking at it changes nothing, for programs follow the links of mail before its reader does.
 */
import { Hono } from 'hono';
import { type Confirmation, confirmationPage } from '../views/confirmation.ts';
import { readForm } from './form.ts';
import { type Ctx, doorOf, type Env, type Site } from './site.ts';

/** Where links lead to. */
export const confirmationPath = (secret: string): string => `/forwarding/${secret}`;

/** Whoever reads logs must not be able to answer in place of who got the letter. */
export const loggedPath = (path: string): string => (path.startsWith('/forwarding/') ? confirmationPath('…') : path);

export function confirmations(site: Site): Hono<Env> {
  const app = new Hono<Env>();
  const page = (c: Ctx, shown: Confirmation) =>
    c.html(confirmationPage(doorOf(site, c), shown), shown.kind === 'gone' ? 404 : 200);

  app.get('/forwarding/:secret', async c => {
    const wish = await site.store.forwardConsents.find(c.req.param('secret'), site.now());
    return page(c, wish ? { kind: 'asked', ...wish } : { kind: 'gone' });
  });

  app.post('/forwarding/:secret', async c => {
    const says = answers.get((await readForm(c)).get('say'));
    const { forwardConsents } = site.store;
    const secret = c.req.param('secret');
    // Without a word it is asked again.
    const wish = says
      ? await forwardConsents.answer(secret, says, site.now())
      : await forwardConsents.find(secret, site.now());
    if (!wish) return page(c, { kind: 'gone' });
    const { account, address: to } = wish;
    if (says) site.log.info('web.forwarding.answered', { account, to, says, peer: c.var.peer });
    return page(c, { kind: says ?? 'asked', account, address: to });
  });
  return app;
}

const answers = new Map([
  ['yes', 'confirmed' as const],
  ['no', 'refused' as const],
]);

/**
 * The whole site as one Hono app, to be served, or called by a test without a port.
 *
 * It promises that each page works without script, that a foreign id looks like a missing one, and that
 * nothing changes but by a POST from a page of ours. It checks no passwords and delivers no mail: the daemon does.
 */
import { randomBytes } from 'node:crypto';
import { Hono } from 'hono';
import { compress } from 'hono/compress';
import { HTTPException } from 'hono/http-exception';
import { because } from '../daemon/log.ts';
import { account } from './account.ts';
import { acts } from './act.ts';
import { type Acts, createActs } from './acts.ts';
import { isAskedFromOutside } from './answer.ts';
import { appPasswords } from './app-passwords.ts';
import { appearance } from './appearance.ts';
import { loadAssets } from './assets.ts';
import { autoconfig } from './autoconfig.ts';
import { away } from './away.ts';
import { pathBelow, withBase } from './base.ts';
import { changes } from './changes.ts';
import { chooser } from './chooser.ts';
import { compose } from './compose.ts';
import { confirmations, loggedPath } from './confirmations.ts';
import { contacts } from './contacts.ts';
import { devices } from './devices.ts';
import { discarded } from './discarded.ts';
import { events } from './events.ts';
import { createExcerpts } from './excerpts.ts';
import { exports } from './export.ts';
import { folder } from './folder.ts';
import { FormError } from './form.ts';
import { forwarding } from './forwarding.ts';
import { fromOwnPages, headersOfAll, introduce } from './guard.ts';
import { health } from './health.ts';
import { identities } from './identities.ts';
import { installed } from './installed.ts';
import { invitations } from './invitation.ts';
import { keys } from './keys.ts';
import { labels } from './labels.ts';
import { listMail } from './list-mail.ts';
import { login } from './login.ts';
import { message } from './message.ts';
import { notifications } from './notifications.ts';
import { outbox } from './outbox.ts';
import { missing, refuse } from './page.ts';
import { parts } from './parts.ts';
import { createPusher } from './pusher.ts';
import { receipts } from './receipt.ts';
import { recipients } from './recipients.ts';
import { replies } from './replies.ts';
import { rich } from './rich.ts';
import { rules } from './rules.ts';
import { search } from './search.ts';
import { secondFactor } from './second-factor.ts';
import { senders } from './senders.ts';
import { sending } from './sending.ts';
import { signedInOnly } from './session.ts';
import { signup } from './signup.ts';
import type { Ctx, Env, Site } from './site.ts';
import { snoozes } from './snoozes.ts';
import { storage } from './storage.ts';
import { twins } from './twins.ts';
import { unwanted } from './unwanted.ts';

export { serveSite } from './serve.ts';
export type { Post, Submit } from './site.ts';

type Needs = Omit<Site, 'assets' | 'random' | 'acts' | 'excerpts' | 'again'> & Partial<Pick<Site, 'random'>>;

export type App = Hono<Env> & {
  /** Ends the streams of events, so that servers can close. */
  endStreams(): void;
  acts: Acts;
};

export function createApp(needs: Needs): App {
  const random = (octets: number) => randomBytes(octets).toString('base64url');
  const kept = createActs({ random, ...needs });
  const again: Site['again'] = async (request, env) => letters.fetch(request, env);
  const site: Site = {
    random,
    ...needs,
    assets: loadAssets(),
    acts: kept,
    excerpts: createExcerpts(needs.store),
    again,
  };
  const base = site.settings.base_path;
  const app = new Hono<Env>({ getPath: pathBelow(base) });
  const streams = events(site);
  const writing = compose(site);
  const letters = new Hono<Env>().use(introduce(site), signedInOnly(site)).route('/', writing);
  const pusher = createPusher(site);

  app.use(introduce(site), headersOfAll, squeeze(), withBase(base));
  app.get('/assets/:hash/:name', (c, next) =>
    Promise.resolve(site.assets.answer(c, c.req.param('hash'), c.req.param('name')) ?? next().then(() => undefined)),
  );
  app.get('/icon/:name{\\d{1,3}\\.svg}', c => {
    c.header('Cache-Control', 'public, max-age=86400');
    return c.body(site.assets.counted(Number.parseInt(c.req.param('name'), 10)), 200, {
      'Content-Type': 'image/svg+xml',
    });
  });
  app.get('/robots.txt', c => c.text('User-agent: *\nDisallow: /\n'));
  app.route('/', health(site));
  app.route('/', installed(site));
  app.use(fromOwnPages(site));
  for (const door of [autoconfig, signup, login, confirmations]) app.route('/', door(site));
  app.use(signedInOnly(site), twins(site));
  app.route('/', streams.app);
  app.route('/', notifications(site, pusher));
  for (const room of [
    folder,
    message,
    senders,
    invitations,
    listMail,
    receipts,
    parts,
    changes,
    labels,
    snoozes,
    chooser,
    storage,
    acts,
    search,
    () => writing,
    discarded,
    rich,
    outbox,
    sending,
    replies,
    recipients,
    contacts,
    account,
    appearance,
    keys,
    identities,
    devices,
    appPasswords,
    secondFactor,
    exports,
    rules,
    forwarding,
    away,
    unwanted,
  ])
    app.route('/', room(site));

  app.notFound(c => missing(site, c));
  app.onError((error, c) => trouble(site, c, error));
  const endStreams = () => {
    pusher.close();
    streams.close();
  };
  return Object.assign(app, { endStreams, acts: site.acts });
}

/** Pages only. */
function squeeze() {
  const pages = compress({ contentTypeFilter: type => type.startsWith('text/html') });
  return (c: Ctx, next: () => Promise<void>) => (isAskedFromOutside(c) ? next() : pages(c, next));
}

/** The one place where what nobody expected is caught (DESIGN §6). */
async function trouble(site: Site, c: Ctx, error: Error): Promise<Response> {
  if (error instanceof FormError)
    return refuse(site, c, { status: error.status, limit: site.settings.max_message_size });
  if (error instanceof HTTPException) return refuse(site, c, { status: 400 });
  const id = site.random(6);
  site.log.error('web.failed', { id, method: c.req.method, path: loggedPath(c.req.path), ...because(error) });
  return refuse(site, c, { status: 503, id });
}

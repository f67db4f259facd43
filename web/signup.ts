/** Sign-up: the form, the instant answer about an address, and the account. */
import { Hono } from 'hono';
import { ownDomains } from '../daemon/config.ts';
import { type AddressState, addressLine, type SignupForm, signupClosed, signupPage } from '../views/signup.ts';
import { type Form, readForm } from './form.ts';
import { privateOnly } from './guard.ts';
import { languageKept } from './language.ts';
import { tellOnce } from './notice.ts';
import { signIn } from './session.ts';
import { askDaemon, type Ctx, doorOf, type Env, type Site } from './site.ts';

export function signup(site: Site): Hono<Env> {
  const app = new Hono<Env>();
  app.use('/signup/*', privateOnly(site));
  app.use('/signup/*', async (c, next) => {
    if (site.settings.signup === 'open') return next();
    const [main = 'localhost'] = site.settings.host_domain;
    return c.html(signupClosed(doorOf(site, c), main), c.req.method === 'GET' ? 200 : 403);
  });

  app.get('/signup', c => c.html(signupPage(doorOf(site, c), blank(site))));

  app.get('/signup/address', async c => {
    const state = await addressState(site, c, c.req.query('username') ?? '', domainIn(site, c.req.query('domain')));
    return c.html(addressLine(doorOf(site, c), state));
  });

  app.post('/signup', async c => {
    const form = await readForm(c);
    const wanted = fieldsOf(site, form);
    const missing = await problems(site, c, wanted, form.get('password'));
    if (Object.keys(missing).length > 0) return again(c, wanted, missing);
    const answer = await askDaemon(site, 'auth.signup', {
      ...wanted,
      password: form.get('password'),
      peer: c.var.peer,
    });
    if (answer.ok) {
      const language = languageKept(site, c);
      if (language) await site.store.accounts.set(answer.accountId, { language });
      await signIn(site, c, answer.accountId);
      tellOnce(site, c, { key: 'signup.welcome', values: { address: answer.address } });
      return c.redirect('/mail/inbox', 303);
    }
    return again(c, wanted, { [answer.field]: c.var.words.reason(answer.reason) });
  });

  const again = async (c: Ctx, wanted: Wanted, errors: SignupForm['errors']) => {
    const address = await addressState(site, c, wanted.username, wanted.domain);
    return c.html(signupPage(doorOf(site, c), { ...blank(site), ...wanted, errors, address }), 422);
  };
  return app;
}

const blank = (site: Site): SignupForm => {
  const [domain = 'localhost'] = site.settings.host_domain;
  return {
    name: '',
    username: '',
    domain,
    domains: ownDomains(site.settings),
    errors: {},
    address: { kind: 'none', domain },
  };
};

type Wanted = { name: string; username: string; domain: string };

/** All that is wrong at once; the daemon has the last word, and says one thing at a time. */
async function problems(site: Site, c: Ctx, wanted: Wanted, password: string): Promise<SignupForm['errors']> {
  const { username, domain } = wanted;
  const why =
    username === '' ? 'signup.username_missing' : await askDaemon(site, 'auth.available', { username, domain });
  return {
    ...(wanted.name === '' ? { name: c.var.words.t('signup.name_missing') } : {}),
    ...(why === null ? {} : { username: c.var.words.reason(why) }),
    ...(password === '' ? { password: c.var.words.t('signup.password_missing') } : {}),
    ...(password !== '' && [...password].length < 8 ? { password: c.var.words.t('signup.password_short') } : {}),
  };
}

const fieldsOf = (site: Site, form: Form): Wanted => ({
  name: form.get('name').trim(),
  username: form.get('username').trim(),
  domain: domainIn(site, form.get('domain')),
});

/** Only a domain that is ours; anything else is the first. */
function domainIn(site: Site, wanted: string | undefined): string {
  const [main = 'localhost'] = site.settings.host_domain;
  return ownDomains(site.settings).find(one => one === wanted?.toLowerCase()) ?? main;
}

async function addressState(site: Site, c: Ctx, typed: string, domain: string): Promise<AddressState> {
  const username = typed.trim().toLowerCase().slice(0, 100);
  if (username === '') return { kind: 'none', domain };
  const reason = await askDaemon(site, 'auth.available', { username, domain });
  const address = `${username}@${domain}`;
  return reason === null ? { kind: 'free', address } : { kind: 'refused', address, why: c.var.words.reason(reason) };
}

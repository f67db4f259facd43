/** A site on a store of its own, for tests of the web room: the daemon's answers are given as plain functions. */

import { argon2Sync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuth } from '../daemon/auth.ts';
import { loadSettings, type Settings } from '../daemon/config.ts';
import { createIntake } from '../daemon/intake.ts';
import { silentLog } from '../daemon/log.ts';
import { scan } from '../daemon/mail/parts.ts';
import { stretchesOf } from '../daemon/mail/reading.ts';
import type { Reply } from '../daemon/mail/reply.ts';
import { readTexts, summarise } from '../daemon/mail/summary.ts';
import type { Submission } from '../daemon/smtp-client.ts';
import { type Account, type Change, openStore, type Store } from '../daemon/store.ts';
import type { AuthVerbs, ForwardVerbs, QueueVerbs, SenderVerbs, Tell } from '../daemon/tell.ts';
import type { Parcel } from '../daemon/wire/post.ts';
import { createSeal } from '../daemon/wire/seal.ts';
import { createVapid } from '../daemon/wire/web-push.ts';
import { createApp, type Post } from '../web/app.ts';

export type Sent = { account: Account; submission: Submission; content: string };

export type TestSite = Awaited<ReturnType<typeof openSite>>;

type Asked = AuthVerbs & ForwardVerbs & SenderVerbs & QueueVerbs;
type Answers = { [V in keyof Asked]: (args: Asked[V]['args']) => Promise<Asked[V]['answer']> };

export async function openSite(
  over: Partial<Settings> = {},
  clock: { now: number } = { now: Date.now() },
  more: { random?: (octets: number) => string } = {},
) {
  const path = mkdtempSync(join(tmpdir(), 'site-'));
  const store = await openStore({ path, writer: 'inline', fatal: error => console.error(error) });
  const settings: Settings = { ...loadSettings({ config: null, set: [] }).settings, ...over };
  const listeners = new Set<(change: Change) => void>();
  const passwords = new Map<string, string>();
  const sent: Sent[] = [];
  const posted: { url: string; form: string | Parcel }[] = [];
  let postAnswer: Awaited<ReturnType<Post>> | Post = { kind: 'done' };
  let replies: (s: Submission) => Promise<Reply[]> = async s =>
    s.recipients.map(() => ({ code: 250, status: '2.0', text: 'Ok' }));

  const aliases = new Map<string, string>();
  const intake = createIntake({
    ...{ store, settings, log: silentLog(), now: () => clock.now, parked: () => null },
    ...{ wake: () => {}, changed: changes => tell.changed(changes) },
  });
  const now = () => clock.now;
  /** What asks for more than a password is as it is in the daemon. */
  const daemon = createAuth({ store, settings, now, log: silentLog(), seal: createSeal('key', 'test') });
  const auth: Answers = {
    'auth.finish': a => daemon.finish(a.ticket, a.code, a.peer),
    'auth.offer': a => daemon.factor.offer(a),
    'auth.factorOn': a => daemon.factor.switchOn(a),
    'auth.factorOff': a => daemon.factor.switchOff(a, a.code),
    'auth.recovery': a => daemon.factor.renewRecovery(a, a.code),
    'auth.appPassword': a => daemon.makeAppPassword(a),
    'forward.check': async ({ accountId, address }) => {
      const { address: own } = (await store.accounts.byId(accountId))!;
      if (address === own || aliases.get(address) === own) return { kind: 'circle' };
      if (!address.endsWith(`@${settings.host_domain[0]}`)) return { kind: 'ok', asks: settings.forward_confirm };
      return (await store.accounts.byAddress(address))
        ? { kind: 'ok', asks: false }
        : { kind: 'refused', why: 'No such user here' };
    },
    'forward.ask': letter => intake.askForward(letter),
    'sender.check': async ({ accountId, address }) => {
      const { address: own } = (await store.accounts.byId(accountId))!;
      return address === own || aliases.get(address) === own ? { ok: true } : { ok: false, why: 'not yours' };
    },
    'sender.addresses': async ({ accountId }) => {
      const { address: own } = (await store.accounts.byId(accountId))!;
      return [...aliases].filter(([, to]) => to === own).map(([from]) => from);
    },
    'queue.wake': async () => null,
    'auth.check': async ({ address, password, ...from }) => {
      const full = address.includes('@')
        ? address.toLowerCase()
        : `${address.toLowerCase()}@${settings.host_domain[0]}`;
      const account = await store.accounts.byAddress(full);
      if (password === 'slow down') return { kind: 'throttled', seconds: 30 };
      if (password === 'down') return { kind: 'unavailable' };
      if (!account || passwords.get(full) !== password) return { kind: 'refused' };
      if (!(await store.accounts.credentials(account.id)).secondFactor) return { kind: 'known', account };
      const verdict = await daemon.check(full, password, from);
      if (verdict.kind === 'app-password' || verdict.kind === 'site-only') throw new Error('asked for the web');
      return verdict;
    },
    'auth.available': async ({ username, domain }) => {
      if (username.length < 3) return 'signup.short';
      return (await store.accounts.isFree(`${username.toLowerCase()}@${domain}`)) ? null : 'signup.taken';
    },
    'auth.signup': async ({ username, domain, name, password }) => {
      const address = `${username.toLowerCase()}@${domain}`;
      const account = await store.accounts.create({
        address,
        name,
        passwordHash: cheapHash(password),
        quota: 0,
        at: clock.now,
      });
      if (!account) return { ok: false, field: 'username', reason: 'signup.taken' };
      passwords.set(address, password);
      return { ok: true, accountId: account.id, address };
    },
    'auth.password': async ({ accountId, old, next }) => {
      const account = await store.accounts.byId(accountId);
      if (!account || passwords.get(account.address) !== old) return { ok: false };
      passwords.set(account.address, next);
      await store.accounts.setPassword(account.id, cheapHash(next));
      return { ok: true };
    },
  };
  const tell: Tell = {
    async ask(_target, verb, args) {
      if (verb === 'health') return { smtp: true, pop3: true };
      return (auth[verb as keyof Asked] as (args: unknown) => Promise<unknown>)(args);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    changed: changes => changes.forEach(change => void [...listeners].map(listener => listener(change))),
    close() {},
  };
  const app = createApp({
    ...more,
    settings,
    store,
    tell,
    now: () => clock.now,
    log: silentLog(),
    vapid: createVapid('secret', 'mailto:postmaster@example.org'),
    async post(url, form) {
      posted.push({ url, form });
      return typeof postAnswer === 'function' ? postAnswer(url, form) : postAnswer;
    },
    async submit(account, submission) {
      const pieces: Buffer[] = [];
      const source = typeof submission.content === 'function' ? submission.content() : submission.content;
      for await (const piece of source) pieces.push(piece);
      sent.push({ account, submission, content: Buffer.concat(pieces).toString('latin1') });
      return replies(submission);
    },
  });
  return {
    app,
    acts: app.acts,
    store,
    /** Where the store lies. */
    path,
    settings,
    tell,
    sent,
    posted,
    answerPosts: (answer: typeof postAnswer) => {
      postAnswer = answer;
    },
    clock,
    /** Addresses that lead to others. */
    aliases,
    answerSubmissions: (answer: typeof replies) => {
      replies = answer;
    },
    async account(name: string, password = 'correct horse') {
      const domain = settings.host_domain[0] ?? 'localhost';
      await auth['auth.signup']({
        username: name,
        domain,
        name: name[0]?.toUpperCase() + name.slice(1),
        password,
        peer: '',
      });
      const account = await store.accounts.byAddress(`${name}@${domain}`);
      if (!account) throw new Error('account not made');
      return account;
    },
    deliver: (account: Account, source: string | Buffer, at = clock.now, by?: SentBy) =>
      deliver(store, account, source, at, by),
    browser: () => browser(app),
    async close() {
      app.endStreams();
      await store.close();
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** A hash as the daemon makes them, at the least cost. */
function cheapHash(password: string): string {
  const nonce = randomBytes(16);
  const cost = { memory: 8, passes: 1, parallelism: 1, tagLength: 32 };
  const tag = argon2Sync('argon2id', { message: Buffer.from(password), nonce, ...cost });
  const [salt, hash] = [nonce, tag].map(octets => octets.toString('base64').replaceAll('=', ''));
  return `$argon2id$v=19$m=8,t=1,p=1$${salt}$${hash}`;
}

/** Who of us sent it, and whom else it goes to, out of the house. */
type SentBy = { author: Account; others: string[] };

/** Puts a message (LF or CRLF) into the Inbox as the door would. */
async function deliver(
  store: Store,
  account: Account,
  source: string | Buffer,
  at: number,
  by?: SentBy,
): Promise<number> {
  const bytes = Buffer.isBuffer(source) ? source : Buffer.from(source.replace(/\r?\n/g, '\r\n'));
  const { root: tree } = scan(bytes);
  const texts = stretchesOf(tree).map(({ part, from, to }) => ({ part, bytes: bytes.subarray(from, to) }));
  const summary = summarise(bytes.subarray(0, tree.bodyFrom), tree, readTexts(texts));
  const writer = store.content.create();
  await writer.write(bytes);
  const accepted = await store.accept({
    content: await writer.finish(),
    tree,
    summary,
    receivedAt: at,
    origin: by ? 'webmail' : 'peer',
    accountId: by?.author.id ?? null,
    key: null,
    draftId: null,
    fileSent: by !== undefined,
    reversePath: summary.fromAddress || null,
    ret: null,
    envid: null,
    eightBit: false,
    smtpUtf8: false,
    recipients: [
      {
        address: account.address,
        notify: null,
        orcpt: null,
        routes: [{ kind: 'mailbox', accountId: account.id, address: account.address }],
      },
      ...(by?.others ?? []).map(address => ({
        ...{ address, notify: null, orcpt: null },
        routes: [{ kind: 'relay' as const, address }],
      })),
    ],
    hold: null,
  });
  const inbox = await store.folders.byRole(account.id, 'inbox');
  const page = await store.messages.page(account.id, inbox.id, 500);
  const made = page.messages.find(m => m.contentId === accepted.contentId);
  if (!made) throw new Error('message not delivered');
  return made.id;
}

export const origin = 'http://mail.test';

/** Cookies and the headers a browser sends, over loopback unless said otherwise. */
function browser(app: { request: ReturnType<typeof createApp>['request'] }, remoteAddress = '127.0.0.1') {
  const cookies = new Map<string, string>();
  const request = async (path: string, init: RequestInit & { headers?: Record<string, string> } = {}) => {
    const headers = new Headers({ Host: 'mail.test', ...init.headers });
    if (cookies.size > 0) headers.set('Cookie', [...cookies].map(([k, v]) => `${k}=${v}`).join('; '));
    const response = await app.request(
      `${origin}${path}`,
      { ...init, headers },
      { incoming: { socket: { remoteAddress } } },
    );
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '' || /max-age=0/i.test(line)) cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  };
  const page = async (path: string, init?: Parameters<typeof request>[1]) => {
    const response = await request(path, init);
    return { status: response.status, headers: response.headers, html: await response.text() };
  };
  const post = (path: string, fields: Record<string, string | string[]>, headers: Record<string, string> = {}) => {
    const body = new URLSearchParams();
    for (const [name, value] of Object.entries(fields)) for (const one of [value].flat()) body.append(name, one);
    return page(path, {
      method: 'POST',
      body: body.toString(),
      headers: { Origin: origin, 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
    });
  };
  return {
    cookies,
    request,
    page,
    post,
    login: (username: string, password = 'correct horse') => post('/login', { username, password }),
  };
}

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { freshSecret } from '../daemon/auth/secrets.ts';
import { codeAt, stepOf } from '../daemon/auth/totp.ts';
import { type Auth, createAuth, createProviderCheck, hashPassword, type Verdict } from '../daemon/auth.ts';
import type { Settings } from '../daemon/config.ts';
import { silentLog } from '../daemon/log.ts';
import { openStore, type Store } from '../daemon/store.ts';
import { createSeal } from '../daemon/wire/seal.ts';
import { cpuMillis } from './cpu.ts';
import { until } from './harness.ts';

const folder = mkdtempSync(join(tmpdir(), 'cwmail-auth-'));
const settings = {
  host_domain: ['main.test', 'other.test'],
  vdomain: [],
  signup: 'open',
  user_quota: 5000,
} as Partial<Settings> as Settings;
let store: Store;
let auth: Auth;
let now = Date.UTC(2026, 0, 1);

const fresh = () => createAuth({ store, settings, seal: createSeal('key', 'test'), now: () => now, log: silentLog() });
const from = (peer: string) => ({ peer, protocol: 'pop3' as const });
const shown = (v: Verdict) => (v.kind === 'known' ? v.account.address : v.kind);
const check = async (name: string, password: string, peer = '192.0.2.1') =>
  shown(await auth.check(name, password, from(peer)));

beforeAll(async () => {
  store = await openStore({ path: folder, writer: 'inline', fatal: error => Promise.reject(error) });
  const passwordHash = await hashPassword('correct horse');
  for (const address of ['ann@main.test', 'ann@other.test', 'off@main.test'])
    await store.accounts.create({ address, name: '', passwordHash, quota: 0, at: now });
  await store.accounts.create({ address: 'none@main.test', name: '', passwordHash: null, quota: 0, at: now });
  const off = await store.accounts.byAddress('off@main.test');
  await store.accounts.set(off!.id, { disabled: true });
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  now += 2 * 86_400_000;
  auth = fresh();
});

test('check knows an account by every form of its name, and refuses the rest alike', async () => {
  const table: [string, string, string][] = [
    ['ann', 'correct horse', 'ann@main.test'],
    ['ANN@Main.Test', 'correct horse', 'ann@main.test'],
    ['ann@other.test', 'correct horse', 'ann@other.test'],
    ['ann%other.test', 'correct horse', 'ann@other.test'],
    ['ann/other.test', 'correct horse', 'ann@other.test'],
    // wrong password, no password, nobody, no domain of ours, disabled
    ['ann', 'Correct horse', 'refused'],
    ['ann', '', 'refused'],
    ['nobody', 'correct horse', 'refused'],
    ['none', '', 'refused'],
    ['ann@elsewhere.test', 'correct horse', 'refused'],
    ['off', 'correct horse', 'refused'],
    // what an injection would look like
    ["' or 1=1 --", 'correct horse', 'refused'],
    ['ann\0', 'correct horse', 'refused'],
    ['', '', 'refused'],
  ];
  for (const [i, [name, password, verdict]] of table.entries())
    expect([name, await check(name, password, `192.0.2.${i}`)]).toEqual([name, verdict]);
  expect(await check('x'.repeat(1_000_000), 'y'.repeat(1_000_000))).toBe('refused');
});

test('check notes who signed in and who tried, by account, way and address, and a program that asks all the time once', async () => {
  const ann = (await store.accounts.byAddress('ann@other.test'))!;
  const began = now;
  const listed = async () => (await store.signIns.list(ann.id)).filter(one => one.firstAt >= began);
  await check('ann@other.test', 'wrong', '203.0.113.5');
  for (let i = 0; i < 5; i++) await check('ann@other.test', 'correct horse', '203.0.113.6');
  await until('both to be noted', async () => (await listed()).length === 2);
  now += 11 * 60_000;
  await check('ann@other.test', 'correct horse', '203.0.113.6');
  const good = await until('the next note', async () => (await listed()).find(one => one.times === 6));
  expect(good).toEqual({
    ...{ way: 'pop3', address: '203.0.113.6', result: 'in' },
    ...{ firstAt: began, lastAt: now, times: 6 },
  });
});

test('check notes who guesses from many addresses of one network as one', async () => {
  const { id } = (await store.accounts.byAddress('ann@other.test'))!;
  const listed = async () => (await store.signIns.list(id)).filter(one => one.address.startsWith('2001:db8:'));
  for (let i = 0; i < 5; i++) await check('ann@other.test', 'the same guess', `2001:db8:0:7::${i + 1}`);
  await check('ann@other.test', 'the same guess', '2001:db8:0:8::1');
  await until('both to be noted', async () => (await listed()).length >= 2);
  expect((await listed()).map(one => one.address).sort()).toEqual(['2001:db8:0:7::1', '2001:db8:0:8::1']);
});

test('check counts guesses while a provider cannot be asked, and lets in with what was right before', async () => {
  let away = false;
  const atProvider = createProviderCheck({
    ...{ store, settings: { ...settings, webmail_for: null }, seal: createSeal('key', 'test'), now: () => now },
    ask: async (_, password) => {
      if (away) throw new Error('no answer');
      return password === 'right one' ? 'right' : 'wrong';
    },
    renewed: () => {},
    log: silentLog(),
  });
  auth = createAuth({ store, settings, seal: createSeal('key', 'test'), now: () => now, log: silentLog(), atProvider });
  expect(await check('pro', 'right one')).toBe('pro@main.test');
  away = true;
  now += 301_000;
  const guesses = [];
  for (let i = 0; i < 12; i++) guesses.push(await check('pro', `guess ${i}`, '192.0.2.66'));
  expect(guesses).toEqual([...Array(10).fill('unavailable'), 'throttled', 'throttled']);
  expect(await check('pro', 'right one', '192.0.2.67')).toBe('pro@main.test');
  // Of whom nothing is known nothing can be guessed.
  for (let i = 0; i < 12; i++) expect(await check('nobody', `guess ${i}`, '192.0.2.68')).toBe('unavailable');
});

test('check remembers nothing of a password that the provider has refused since, and says when there is another', async () => {
  let right = 'first one';
  let asked = 0;
  const renewed: number[] = [];
  const atProvider = createProviderCheck({
    ...{ store, settings: { ...settings, webmail_for: null }, seal: createSeal('key', 'test'), now: () => now },
    ask: async (_, password) => {
      asked++;
      return password === right ? 'right' : 'wrong';
    },
    renewed: id => renewed.push(id),
    log: silentLog(),
  });
  auth = createAuth({ store, settings, seal: createSeal('key', 'test'), now: () => now, log: silentLog(), atProvider });
  expect(await check('prova', 'first one')).toBe('prova@main.test');
  const { id } = (await store.accounts.byAddress('prova@main.test'))!;
  await check('prova', 'first one');
  const before = asked;
  for (let i = 0; i < 3; i++) expect(await check('prova', 'first one')).toBe('prova@main.test');
  expect([asked, renewed]).toEqual([before, [id]]);
  // The fetcher heard that it is wrong now.
  right = 'second one';
  await store.providerLogins.refuse(id, (await store.providerLogins.of(id))!.sealed);
  expect(await check('prova', 'first one')).toBe('refused');
  expect(await check('prova', 'second one')).toBe('prova@main.test');
  expect(renewed).toEqual([id, id]);
  // Here it is heard at a sign-in, beyond the time a good answer is remembered.
  right = 'third one';
  now += 301_000;
  await store.sessions.create('cookie', { accountId: id, at: now, expiresAt: now + 1e6, address: '', agent: '' });
  expect(await check('prova', 'second one')).toBe('refused');
  expect([await store.providerLogins.of(id), await store.sessions.find('cookie', now)]).toEqual([null, null]);
  expect(await check('prova', 'second one')).toBe('refused');
});

test("finish takes the code of an account that had a password of its own before its mailbox was a provider's", async () => {
  const passwordHash = await hashPassword('of long ago');
  const old = (await store.accounts.create({ address: 'old@main.test', name: '', passwordHash, quota: 0, at: now }))!;
  const seal = createSeal('key', 'test');
  const key = Buffer.from('12345678901234567890');
  const sealed = seal.close(key.toString('base64'), old.address);
  await store.secondFactors.switchOn({ accountId: old.id, sealed, step: 1, recovery: [], at: now });
  const atProvider = async (_: string, password: string) => password === 'right one';
  auth = createAuth({ store, settings, seal, now: () => now, log: silentLog(), atProvider });
  const onSite = { peer: '192.0.2.1', protocol: 'web' as const };
  expect((await auth.check('old', 'of long ago', onSite)).kind).toBe('refused');
  const half = await auth.check('old', 'right one', onSite);
  const ticket = half.kind === 'code' ? half.ticket : '';
  expect((await auth.finish(ticket, '000000', '192.0.2.1')).kind).toBe('refused');
  expect((await auth.finish(ticket, codeAt(key, stepOf(now)), '192.0.2.1')).kind).toBe('known');
});

test('finish counts guesses from where the password alone let in before, and lets in who gave a code there', async () => {
  const passwordHash = await hashPassword('correct horse');
  const key = Buffer.from('12345678901234567890');
  const cut = (await store.accounts.create({ address: 'cut@main.test', name: '', passwordHash, quota: 0, at: now }))!;
  const onSite = (peer: string) => ({ peer, protocol: 'web' as const });
  // Whoever has the password was there with it, from many networks, before its owner wanted more than that.
  const thieves = Array.from({ length: 12 }, (_, i) => `198.51.100.${i + 1}`);
  for (const peer of thieves) expect((await auth.check('cut', 'correct horse', onSite(peer))).kind).toBe('known');
  const sealed = createSeal('key', 'test').close(key.toString('base64'), cut.address);
  await store.secondFactors.switchOn({ accountId: cut.id, sealed, step: 1, recovery: [], at: now });
  const ticketFor = async (peer: string) => {
    const half = await auth.check('cut', 'correct horse', onSite(peer));
    return half.kind === 'code' ? half.ticket : '';
  };
  const finish = async (code: string, peer: string) => (await auth.finish(await ticketFor(peer), code, peer)).kind;
  expect(await finish(codeAt(key, stepOf(now)), '192.0.2.1')).toBe('known');
  const guesses = [];
  for (const peer of thieves) guesses.push(await finish('000000', peer));
  expect(guesses).toEqual([...Array(10).fill('refused'), 'throttled', 'throttled']);
  now += 60_000;
  expect(await finish(codeAt(key, stepOf(now)), '192.0.2.1')).toBe('known');
});

/** Milliseconds of processor time, of the threads that hash too: what else the machine does does not count. */
const cost = async (act: () => Promise<unknown>) => {
  const before = process.cpuUsage();
  await act();
  return cpuMillis(before);
};

test('check costs the same for names that exist and names that do not', async () => {
  const known: number[] = [];
  const unknown: number[] = [];
  for (let i = 0; i < 9; i++) {
    known.push(await cost(() => check('ann', `guess ${i}`, `198.51.100.${i}`)));
    unknown.push(await cost(() => check(`nobody${i}`, `guess ${i}`, `203.0.113.${i}`)));
  }
  const median = (list: number[]) => list.sort((a, b) => a - b)[4]!;
  expect(median(known)).toBeGreaterThan(5);
  expect(median(unknown) / median(known)).toBeGreaterThan(0.6);
  expect(median(unknown) / median(known)).toBeLessThan(1.6);
});

test('check costs a guess of an app password the same whether there are any or not, and a right one no hash', async () => {
  const ann = (await store.accounts.byAddress('ann@main.test'))!;
  const form = { accountId: ann.id, name: 'Phone', password: 'correct horse', peer: '192.0.2.9' };
  const guess = (i: number) => freshSecret().slice(0, -1) + 'bcdfghjkm'[i];
  const withNone: number[] = [];
  const withSome: number[] = [];
  for (let i = 0; i < 9; i++) withNone.push(await cost(() => check('ann@other.test', guess(i), `198.51.100.${i}`)));
  const made = await auth.makeAppPassword({ ...form, key: 'a form' });
  if (!made.ok) throw new Error(made.reason);
  for (let i = 0; i < 9; i++) withSome.push(await cost(() => check('ann', guess(i), `203.0.113.${i}`)));
  const median = (list: number[]) => list.sort((a, b) => a - b)[4]!;
  expect(median(withNone)).toBeGreaterThan(5);
  expect(median(withSome) / median(withNone)).toBeGreaterThan(0.6);
  expect(median(withSome) / median(withNone)).toBeLessThan(1.6);
  expect(await cost(() => check('ann', made.secret, '192.0.2.10'))).toBeLessThan(median(withNone) / 3);
  expect(await check('ann', made.secret)).toBe('ann@main.test');
  expect(shown(await auth.check('ann', made.secret, { peer: '192.0.2.11', protocol: 'web' }))).toBe('refused');
  // Where wrong passwords have used the budget up, a right one of any kind is no way around it.
  for (let i = 0; i < 10; i++) await check('ann', `wrong ${i}`, '192.0.2.12');
  expect(await check('ann', made.secret, '192.0.2.12')).toBe('throttled');
  now += 86_400_000;
  await store.accounts.set(ann.id, { disabled: true });
  expect(await check('ann', made.secret, '192.0.2.13')).toBe('refused');
  await store.accounts.set(ann.id, { disabled: false });
});

test('check tells nobody of a second factor but who has the password', async () => {
  const passwordHash = await hashPassword('correct horse');
  const two = (await store.accounts.create({ address: 'two@main.test', name: '', passwordHash, quota: 0, at: now }))!;
  await store.secondFactors.switchOn({ accountId: two.id, sealed: 'x', step: 1, recovery: [], at: now });
  const kinds = async (password: string) => [
    (await auth.check('two', password, from('192.0.2.1'))).kind,
    (await auth.check('two', password, { peer: '192.0.2.1', protocol: 'smtp' })).kind,
    (await auth.check('two', password, { peer: '192.0.2.1', protocol: 'web' })).kind,
  ];
  expect(await kinds('correct horse')).toEqual(['app-password', 'app-password', 'code']);
  expect(await kinds('wrong horse')).toEqual(['refused', 'refused', 'refused']);
  // A key that another service.key has sealed lets nobody in, and breaks nothing.
  const half = await auth.check('two', 'correct horse', { peer: '192.0.2.1', protocol: 'web' });
  expect(half.kind === 'code' && (await auth.finish(half.ticket, '123456', '192.0.2.1')).kind).toBe('refused');
});

test('check remembers a good answer for five minutes, and not past a new password or a disabled account', async () => {
  await store.accounts.create({
    address: 'cat@main.test',
    name: '',
    passwordHash: await hashPassword('first one'),
    quota: 0,
    at: now,
  });
  const { id } = (await store.accounts.byAddress('cat@main.test'))!;
  const hashing = await cost(() => check('cat', 'first one'));
  expect(await cost(() => check('cat', 'first one'))).toBeLessThan(hashing / 4);
  await auth.setPassword(id, 'second one');
  expect(await check('cat', 'first one')).toBe('refused');
  expect(await check('cat', 'second one')).toBe('cat@main.test');
  await store.accounts.set(id, { disabled: true });
  expect(await check('cat', 'second one')).toBe('refused');
  await store.accounts.set(id, { disabled: false });
  now += 301_000;
  expect(await cost(() => check('cat', 'second one'))).toBeGreaterThan(hashing / 4);
});

test('check counts the same wrong password once, and takes it for right once it is', async () => {
  await store.accounts.create({
    address: 'dog@main.test',
    name: '',
    passwordHash: await hashPassword('before it'),
    quota: 0,
    at: now,
  });
  const { id } = (await store.accounts.byAddress('dog@main.test'))!;
  for (let i = 0; i < 40; i++) expect(await check('dog', 'after that')).toBe('refused');
  expect(await check('ann', 'correct horse')).toBe('ann@main.test');
  await auth.setPassword(id, 'after that');
  expect(await check('dog', 'after that')).toBe('dog@main.test');
});

test('check lets ten guesses of two hundred through, over all protocols and a restart, and the owner in elsewhere', async () => {
  const kinds: string[] = [];
  const protocols = ['smtp', 'pop3', 'web'] as const;
  for (let i = 0; i < 200; i++) {
    const verdict = await auth.check('ann', `guess ${i}`, { peer: '192.0.2.66', protocol: protocols[i % 3]! });
    kinds.push(verdict.kind);
  }
  expect(kinds.filter(k => k === 'refused')).toHaveLength(10);
  expect(kinds.filter(k => k === 'throttled')).toHaveLength(190);
  expect(await auth.check('ann', 'correct horse', from('192.0.2.66'))).toEqual({ kind: 'throttled', seconds: 60 });
  expect(await check('ann', 'correct horse', '192.0.2.67')).toBe('ann@main.test');
  const saved = auth.snapshot();
  auth = fresh();
  auth.restore(saved);
  expect(await check('ann', 'correct horse', '192.0.2.66')).toBe('throttled');
  now += 60_001;
  expect(await check('ann', 'correct horse', '192.0.2.66')).toBe('ann@main.test');
});

test('check lets no parallel guess past the budget, and two hundred right sign-ins in', async () => {
  const tally = async (list: Promise<string>[]) => {
    const seen = await Promise.all(list);
    return [
      seen.filter(k => k === 'refused').length,
      seen.filter(k => k === 'throttled').length,
      seen.filter(k => k.includes('@')).length,
    ];
  };
  const twoHundred = Array.from({ length: 200 }, (_, i) => i);
  expect(await tally(twoHundred.map(i => check('ann', `guess ${i}`, '192.0.2.71')))).toEqual([10, 190, 0]);
  expect(await tally(twoHundred.map(() => check('ann', 'correct horse', '192.0.2.72')))).toEqual([0, 0, 200]);
});

test('check answers unavailable when the store cannot answer, and spends nothing', async () => {
  const broken = {
    ...store,
    accounts: { ...store.accounts, byAddress: () => Promise.reject(new Error('the disk is gone')) },
  };
  const lines: string[] = [];
  const log = { ...silentLog(), error: (event: string) => void lines.push(event) };
  const other = createAuth({ store: broken, settings, seal: createSeal('key', 'test'), now: () => now, log });
  for (let i = 0; i < 20; i++)
    expect(await other.check('ann', `guess ${i}`, from('192.0.2.1'))).toEqual({ kind: 'unavailable' });
  expect(lines).toHaveLength(20);
});

const form = { username: 'eve', domain: 'main.test', name: 'Eve', password: 'long enough' };

test('signup says what is wrong, with the field it is in', async () => {
  const table: [Partial<typeof form>, string, string][] = [
    [{ username: 'ab' }, 'username', 'signup.short'],
    [{ username: 'x'.repeat(41) }, 'username', 'signup.long'],
    [{ username: 'b@d' }, 'username', 'signup.characters'],
    [{ username: 'Postmaster' }, 'username', 'signup.reserved'],
    [{ username: ' ANN ' }, 'username', 'signup.taken'],
    [{ domain: 'elsewhere.test' }, 'username', 'signup.domain'],
    [{ password: 'short' }, 'password', 'signup.password_short'],
    [{ password: 'x'.repeat(2000) }, 'password', 'signup.password_long'],
    [{ password: 'line\r\nbreak' }, 'password', 'signup.password_characters'],
    [{ username: 'evelyn.smith', password: 'Evelyn.Smith' }, 'password', 'signup.password_is_name'],
    [{ name: 'x'.repeat(101) }, 'name', 'signup.name_long'],
    [{ name: 'a\r\nBcc: b' }, 'name', 'signup.name_characters'],
  ];
  for (const [part, field, reason] of table)
    expect([part, await auth.signup({ ...form, ...part }, '192.0.2.1')]).toEqual([part, { ok: false, field, reason }]);
  const closed = createAuth({
    store,
    settings: { ...settings, signup: 'closed' },
    seal: createSeal('key', 'test'),
    now: () => now,
    log: silentLog(),
  });
  expect(await closed.signup(form, '192.0.2.1')).toEqual({ ok: false, field: 'form', reason: 'signup.closed' });
});

test('signup makes an account that can sign in, whose name is then taken in any spelling', async () => {
  expect(await auth.available('EVE', '')).toBeNull();
  const made = await auth.signup({ ...form, username: ' EVE ', domain: '', name: ' Eve Ärmel ' }, '192.0.2.1');
  expect(made).toMatchObject({ ok: true, address: 'eve@main.test' });
  expect(await store.accounts.byAddress('eve@main.test')).toMatchObject({
    name: 'Eve Ärmel',
    quota: 5000,
    createdAt: now,
  });
  expect(await check('eve', 'long enough')).toBe('eve@main.test');
  expect(await auth.available('eve', 'main.test')).toBe('signup.taken');
  expect(await auth.available('eve', 'other.test')).toBeNull();
  expect(await auth.available('eve', 'elsewhere.test')).toBe('signup.domain');
  expect(await auth.available('root', 'main.test')).toBe('signup.reserved');
});

test('signup gives a name wanted by fifty at once to exactly one', async () => {
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, i) => auth.signup({ ...form, username: 'wanted' }, `192.0.2.${i}`)),
  );
  expect(answers.filter(a => a.ok)).toHaveLength(1);
  expect(answers.filter(a => !a.ok && a.reason === 'signup.taken')).toHaveLength(49);
});

test('signup lets one peer have ten accounts an hour, over a restart, a /64 being one peer', async () => {
  const many = (prefix: string) =>
    Promise.all(
      Array.from({ length: 12 }, (_, i) => auth.signup({ ...form, username: `${prefix}${i}` }, `2001:db8::${i}`)),
    );
  const answers = await many('first');
  expect(answers.filter(a => a.ok)).toHaveLength(10);
  expect(answers.filter(a => !a.ok && a.reason === 'signup.too_many' && a.field === 'form')).toHaveLength(2);
  const saved = auth.snapshot();
  auth = fresh();
  auth.restore(saved);
  expect(await auth.signup({ ...form, username: 'second' }, '2001:db8::ffff')).toMatchObject({
    ok: false,
    reason: 'signup.too_many',
  });
  expect(await auth.signup({ ...form, username: 'second' }, '2001:db8:0:1::1')).toMatchObject({ ok: true });
  now += 3_600_001;
  expect(await auth.signup({ ...form, username: 'third' }, '2001:db8::1')).toMatchObject({ ok: true });
});

const corpus = process.env.MAIL_CORPUS ?? (existsSync('../shared/corpus') ? '../shared/corpus' : 'test/corpus');
const naughty = join(corpus, 'protocol/signup/blns.json');

test.skipIf(!existsSync(naughty))(
  `signup and check take every string of ${naughty} in any field without an exception`,
  async () => {
    const strings: string[] = JSON.parse(readFileSync(naughty, 'utf8'));
    const reasons = new Set<string>();
    for (const s of strings) {
      const part = await auth.signup({ ...form, username: s, password: 'short' }, '192.0.2.9');
      if (!part.ok) reasons.add(part.reason);
      expect(part.ok).toBe(false);
      expect(await auth.signup({ ...form, name: s, domain: s || 'x', password: s }, '192.0.2.9')).toMatchObject({
        ok: false,
      });
      expect(typeof (await auth.available(s, 'main.test'))).toMatch(/string|object/);
    }
    console.log(`${strings.length} strings: ${[...reasons].join(', ')}`);
    for (const s of strings.slice(0, 60)) expect(await check(s, s, `127.0.0.${strings.indexOf(s)}`)).not.toContain('@');
  },
);

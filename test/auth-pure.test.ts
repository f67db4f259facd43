import { expect, test } from 'vitest';
import { createBudget } from '../daemon/auth/budget.ts';
import { hashPassword, isPassword, nobodysHash, parsePhc } from '../daemon/auth/local.ts';
import { loginAddress, nameProblem, passwordProblem } from '../daemon/auth/names.ts';
import { createRecall } from '../daemon/auth/recall.ts';
import { createThrottle, type Throttle } from '../daemon/auth/throttle.ts';
import { networkOf } from '../daemon/wire/ip.ts';

const names: Record<string, string[]> = {
  '': [
    'bob',
    'b0b',
    'bob.smith',
    'bob_smith',
    'bob-smith',
    'b--b',
    'x'.repeat(40),
    '2cool',
    'adminton',
    'ernst',
    'null-island',
  ],
  'signup.short': ['', 'a', 'ab'],
  'signup.long': ['x'.repeat(41), 'x'.repeat(100_000)],
  // shape, and every sign with a meaning of its own somewhere
  'signup.characters': [
    ...['.bob', 'bob.', '-bob', 'bob-', '_bob', 'bob_', 'b..b', '...', 'b b', 'b\tb', 'b\0b', 'b\nb', 'bob\r\nx'],
    ...[
      'bob+x',
      'bob@x',
      'bob%x',
      'bob/x',
      'bob\\x',
      'bob"x',
      "bob'x",
      'bob<x>',
      'bob;x',
      'bob,x',
      'bob:x',
      'bob*x',
      'bob?x',
    ],
    // letters that look like ours, and those that are nobody's to type
    ...[
      'b\u043eb',
      'b\u00f6b',
      '\uff42\uff4f\uff42',
      'bob\u200b',
      '\u202ebob',
      'bob\u0301',
      'b\u0131b',
      '\ud83d\ude00bob',
      'BOB',
    ],
  ],
  // roles, in the spellings that read the same
  'signup.reserved': [
    ...[
      'postmaster',
      'abuse',
      'admin',
      'root',
      'hostmaster',
      'webmaster',
      'mailer-daemon',
      'noreply',
      'no-reply',
      'security',
      'support',
    ],
    ...[
      'post.master',
      'post_master',
      'mailerdaemon',
      'mailer_daemon',
      'n-o-r-e-p-l-y',
      'p0stmaster',
      'adm1n',
      'admln',
      'r00t',
      'adrnin',
    ],
    ...['5upport', '5ecur1ty', 'he1p', 'vveb', 'localhost', 'autoconfig', 'mx1', 'ns12', 'null', 'undefined', 'cwmail'],
  ],
};

test('nameProblem knows which names can be had', () => {
  for (const [problem, list] of Object.entries(names))
    for (const name of list) expect([name, nameProblem(name) ?? '']).toEqual([name, problem]);
});

const passwords: [string, string | null][] = [
  ['correct horse', null],
  [`\u{1f511}${'\u{1f600}'.repeat(7)}`, null],
  [`${'x'.repeat(1023)}y`, null],
  ['password horse', null],
  ['20260101 ist morgen', null],
  ['hellobello', null],
  ['', 'signup.password_short'],
  ['1234567', 'signup.password_short'],
  ['\u{1f511}'.repeat(7), 'signup.password_short'],
  ['x'.repeat(1025), 'signup.password_long'],
  ['\u00e9'.repeat(513), 'signup.password_long'],
  ['pass\0word', 'signup.password_characters'],
  ['password\r\n', 'signup.password_characters'],
  ['bob.smith', 'signup.password_is_name'],
  ['BOB.Smith', 'signup.password_is_name'],
  ['bob.smith@example.org', 'signup.password_is_name'],
  ...[
    ...['12345678', '87654321', 'Password', 'P@ssw0rd', 'password123', 'Summer2026!', 'hunter2000', 'IloveYou'],
    ...[
      'qwertzuiop',
      'POIUYTREWQ',
      'abcdefgh',
      '11111111',
      'abcabcabc',
      'xyxyxyxyx'.slice(1),
      'Passwort1',
      'x'.repeat(1024),
    ],
  ].map((word): [string, string] => [word, 'signup.password_common']),
];

test('passwordProblem asks for length, and for none of those guessed first, and for no more', () => {
  for (const [password, problem] of passwords)
    expect([password, passwordProblem(password, 'bob.smith')]).toEqual([password, problem]);
});

// By suffix, by the dialled address, by the whole address.
test.each([
  ['fred/xdom', '', 'fred@vir.test'],
  ['FRED/XDOM', '10.0.0.2', 'fred@vir.test'],
  ['fred/xdom/ydom', '', 'fred/xdom@y.test'],
  ['fred@vir.test', '10.0.0.3', 'fred@vir.test'],
  ['fred%vir.test', '', 'fred@vir.test'],
  ['fred@main.test', '10.0.0.3', 'fred@main.test'],
  ['fred', '10.0.0.3', 'fred@ip.test'],
  ['fred', '::ffff:10.0.0.3', 'fred@ip.test'],
  ['fred', '2001:db8:0::1', 'fred@six.test'],
  ['fred', '10.0.0.4', 'fred@main.test'],
  ['fred', '', 'fred@main.test'],
  ['/xdom', '', '@xdom'],
])('loginAddress finds the vdomain of %s on %s', (typed, local, address) => {
  const suffix = (text: string, domain: string) => ({
    prefix: 'p',
    by: { kind: 'suffix' as const, suffix: text },
    domain,
  });
  const ip = (text: string, domain: string) => ({ prefix: 'p', by: { kind: 'ip' as const, ip: text }, domain });
  const vdomain = [
    suffix('/xdom', 'vir.test'),
    suffix('/ydom', 'y.test'),
    ip('10.0.0.3', 'ip.test'),
    ip('2001:db8::1', 'six.test'),
  ];
  expect(loginAddress(typed, { host_domain: ['main.test'], vdomain }, local)).toBe(address);
});

test('loginAddress reads a bare name and the forms of clients without an at sign', () => {
  const table: [string, string][] = [
    ['bob', 'bob@main.test'],
    [' Bob ', 'bob@main.test'],
    ['bob@other.test', 'bob@other.test'],
    ['BOB@OTHER.TEST', 'bob@other.test'],
    ['bob%other.test', 'bob@other.test'],
    ['bob/other.test', 'bob@other.test'],
    ['bob%x@other.test', 'bob%x@other.test'],
    ['', '@main.test'],
  ];
  const domains = { host_domain: ['main.test', 'other.test'], vdomain: [] };
  for (const [typed, address] of table) expect([typed, loginAddress(typed, domains, '')]).toEqual([typed, address]);
});

test('isPassword reads hashes of any cost within bounds, and takes nothing else for one', async () => {
  // Known answer of the Argon2 reference implementation.
  const known = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
  expect(await isPassword('password', known)).toBe(true);
  expect(await isPassword('Password', known)).toBe(false);
  const ours = await hashPassword('caf\u00e9');
  expect(ours).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  expect(await isPassword('cafe\u0301', ours)).toBe(true);
  const tail = '$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
  const others = [
    '',
    '*',
    'password',
    '$1$abc$def',
    known.replace('argon2id', 'argon2i'),
    known.replace('v=19', 'v=16'),
  ];
  const dear = [
    `$argon2id$v=19$m=9999999,t=2,p=1${tail}`,
    `$argon2id$v=19$m=65536,t=999,p=1${tail}`,
    `$argon2id$v=19$m=4,t=1,p=1${tail}`,
  ];
  for (const text of [...others, ...dear, `${known}!`, `${known}\n`])
    expect([text, parsePhc(text)]).toEqual([text, null]);
  expect(await isPassword('', '')).toBe(false);
  expect(nobodysHash()).not.toBe(nobodysHash());
});

test('networkOf counts an IPv6 customer as one, and an IPv4 address over IPv6 as itself', () => {
  const table: [string, string][] = [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:0:1::5', '2001:db8:0:1::/64'],
    ['2001:0DB8:0000:0001:ffff::9', '2001:db8:0:1::/64'],
    ['2001:db8:0:2::5', '2001:db8:0:2::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['', ''],
  ];
  for (const [peer, network] of table) expect([peer, networkOf(peer)]).toEqual([peer, network]);
});

test('createBudget holds every limit in any window, counts what is pending, and forgets the oldest key', () => {
  const budget = createBudget(
    [
      { count: 2, ms: 100 },
      { count: 3, ms: 1000 },
    ],
    10,
  );
  expect([budget.wait('a', 0), budget.wait('a', 0, 1), budget.wait('a', 0, 2)]).toEqual([0, 0, 100]);
  budget.count('a', 0);
  budget.count('a', 90);
  expect([budget.wait('a', 95), budget.wait('a', 100), budget.wait('b', 95)]).toEqual([5, 0, 0]);
  budget.count('a', 100);
  expect([budget.wait('a', 101), budget.wait('a', 999), budget.wait('a', 1000)]).toEqual([899, 1, 0]);
  // The clock set back must not lock anybody out.
  expect(budget.wait('a', -5000)).toBe(0);
  const copy = createBudget(
    [
      { count: 2, ms: 100 },
      { count: 3, ms: 1000 },
    ],
    10,
  );
  copy.load(budget.save(101));
  expect(copy.wait('a', 101)).toBe(899);
  for (let i = 0; i < 100; i++) budget.count(`k${i}`, 200);
  expect(budget.wait('a', 201)).toBe(0);
  expect(budget.save(201).length).toBeLessThanOrEqual(10);
});

test('createRecall forgets after its time and beyond its number', () => {
  const recall = createRecall(100, 3);
  recall.remember('a', 0);
  expect([recall.has('a', 99), recall.has('a', 100), recall.has('a', -50), recall.has('b', 1)]).toEqual([
    true,
    false,
    false,
    false,
  ]);
  for (const mark of ['b', 'c', 'd']) recall.remember(mark, 0);
  expect([recall.has('a', 1), recall.has('b', 1), recall.has('d', 1)]).toEqual([false, true, true]);
});

async function fail(throttle: Throttle, peer: string, account: string): Promise<string> {
  const entry = await throttle.enter(peer, account);
  if (entry.kind === 'entered') entry.done(true);
  return entry.kind;
}

test('createThrottle stops a peer after 10 failures a minute and 50 a day, whatever the names', async () => {
  let now = 1_000_000;
  const throttle = createThrottle(() => now);
  const tried = async () => {
    let entered = 0;
    for (let i = 0; i < 15; i++) if ((await fail(throttle, '192.0.2.1', `n${now}.${i}`)) === 'entered') entered++;
    return entered;
  };
  const minutes: number[] = [];
  for (let m = 0; m < 7; m++, now += 60_000) minutes.push(await tried());
  expect(minutes).toEqual([10, 10, 10, 10, 10, 0, 0]);
  expect(throttle.wait('192.0.2.1', 'x')).toBeGreaterThan(23 * 3_600_000);
  expect(throttle.wait('192.0.2.2', 'x')).toBe(0);
  now += 86_400_000;
  expect(await tried()).toBe(10);
});

test('createThrottle counts an IPv6 /64 as one peer', async () => {
  const throttle = createThrottle(() => 5000);
  for (let i = 0; i < 10; i++) await fail(throttle, `2001:db8::${i}`, `n${i}`);
  expect(throttle.wait('2001:db8::ffff', 'x')).toBeGreaterThan(0);
  expect(throttle.wait('2001:db8:0:1::1', 'x')).toBe(0);
});

test('createThrottle stops guesses at one account from many peers, but not its owner where she signs in', async () => {
  const throttle = createThrottle(() => 5000);
  throttle.welcome('198.51.100.7', 'ann', 'password');
  let entered = 0;
  for (let i = 0; i < 200; i++) if ((await fail(throttle, `127.0.${i}.1`, 'ann')) === 'entered') entered++;
  expect(entered).toBe(20);
  expect(throttle.wait('198.51.100.7', 'ann')).toBe(0);
  expect(throttle.wait('198.51.100.8', 'ann')).toBe(60_000);
  expect(throttle.wait('127.0.1.1', 'bob')).toBe(0);
});

test('createThrottle lets no parallel guess past the budget, and holds nobody up who is right', async () => {
  const throttle = createThrottle(() => 5000);
  const all = (fails: boolean, peer: string) =>
    Promise.all(
      Array.from({ length: 100 }, async (_, i) => {
        const entry = await throttle.enter(peer, `n${i}`);
        if (entry.kind !== 'entered') return entry.kind;
        await new Promise(resolve => setImmediate(resolve));
        entry.done(fails);
        return entry.kind;
      }),
    );
  const kinds = (list: string[]) =>
    Object.fromEntries(
      Map.groupBy(list, k => k)
        .entries()
        .map(([k, v]) => [k, v.length]),
    );
  expect(kinds(await all(true, '192.0.2.1'))).toEqual({ entered: 10, throttled: 90 });
  expect(kinds(await all(false, '192.0.2.2'))).toEqual({ entered: 100 });
});

test('createThrottle gives a success nothing back of what failures spent', async () => {
  const throttle = createThrottle(() => 5000);
  for (let i = 0; i < 9; i++) await fail(throttle, '192.0.2.1', `n${i}`);
  const right = await throttle.enter('192.0.2.1', 'mine');
  if (right.kind === 'entered') right.done(false);
  expect(await fail(throttle, '192.0.2.1', 'n9')).toBe('entered');
  expect(await fail(throttle, '192.0.2.1', 'mine')).toBe('throttled');
});

test('createThrottle keeps its state over a restart, and begins anew from one it cannot read', async () => {
  const throttle = createThrottle(() => 5000);
  for (let i = 0; i < 10; i++) await fail(throttle, '192.0.2.1', `n${i}`);
  for (let i = 0; i < 10; i++) throttle.enterSignup('192.0.2.1')?.done(false);
  const next = createThrottle(() => 6000);
  next.restore(throttle.snapshot());
  expect(next.wait('192.0.2.1', 'x')).toBe(59_000);
  expect(next.enterSignup('192.0.2.1')).toBeNull();
  for (const bad of ['', '{', 'null', '[]', '{"peers":7}', '{"peers":[["192.0.2.1",["x"]],[1],null]}']) {
    const fresh = createThrottle(() => 6000);
    fresh.restore(bad);
    expect([bad, fresh.wait('192.0.2.1', 'x')]).toEqual([bad, 0]);
  }
});

test('enterCode lets thirty wrong codes a day through to an account, from wherever, and its owner from where she is known', async () => {
  let now = 5000;
  const throttle = createThrottle(() => now);
  let peer = 0;
  const wrongCode = async () => {
    const entry = await throttle.enterCode(`10.${peer >> 8}.${peer++ & 255}.1`, 'ann');
    if (entry.kind === 'entered') entry.done(true);
    return entry.kind;
  };
  let entered = 0;
  for (; now < 80_000_000; now += 600_000) if ((await wrongCode()) === 'entered') entered++;
  expect(entered).toBe(30);
  expect((await throttle.enterCode('192.0.2.1', 'ann')).kind).toBe('throttled');
  const next = createThrottle(() => now);
  next.restore(throttle.snapshot());
  expect((await next.enterCode('192.0.2.1', 'ann')).kind).toBe('throttled');
  // Passwords, and other accounts, have budgets of their own.
  expect((await next.enter('192.0.2.1', 'ann')).kind).toBe('entered');
  expect((await next.enterCode('192.0.2.1', 'bob')).kind).toBe('entered');
  next.welcome('192.0.2.7', 'ann', 'password');
  expect((await next.enterCode('192.0.2.7', 'ann')).kind).toBe('throttled');
  next.welcome('192.0.2.7', 'ann', 'code');
  expect((await next.enterCode('192.0.2.7', 'ann')).kind).toBe('entered');
});

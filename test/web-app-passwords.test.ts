import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { secretsIn } from './authenticator.ts';
import { openSite, type TestSite } from './site.ts';

let site: TestSite;
const clock = { now: Date.UTC(2026, 10, 26, 9) };
beforeAll(async () => {
  site = await openSite({ host_domain: ['example.org'] }, clock);
  await site.account('ann');
  await site.account('bob');
});
afterAll(() => site.close());

const password = 'correct horse';
const home = '/settings/app-passwords';
const signedIn = async (name: string) => {
  const b = site.browser();
  expect((await b.login(name)).status).toBe(303);
  return b;
};
const keyIn = (html: string) => /name="key" value="([\w-]+)"/.exec(html)![1]!;
const all = async (name: string) =>
  site.store.appPasswords.list((await site.store.accounts.byAddress(`${name}@example.org`))!.id);

describe('app passwords', () => {
  test('are made with the password, shown once, and listed with their use', async () => {
    const b = await signedIn('ann');
    const empty = (await b.page(home)).html;
    expect(empty).toContain('None yet.');
    expect((await b.page('/settings')).html).toContain(`href="${home}"`);
    const made = await b.post(home, { name: ' Thunderbird <laptop> ', password, key: keyIn(empty) });
    expect([made.status, made.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(secretsIn(made.html)).toHaveLength(1);
    expect(made.html).toContain('Thunderbird &lt;laptop&gt;');
    expect(made.html).toContain('ann@example.org');
    const listed = (await b.page(home)).html;
    expect(listed).toContain('Thunderbird &lt;laptop&gt;');
    expect(listed).toContain('not used yet');
    expect(listed).not.toContain(secretsIn(made.html)[0]!);
    const [one] = await all('ann');
    await site.store.appPasswords.used(one!.id, { way: 'pop3', from: '192.0.2.7', at: clock.now });
    expect((await b.page(home)).html).toMatch(/last fetched mail <time[^>]*>[^<]+<\/time>, from 192\.0\.2\.7/);
    expect((await b.page('/settings')).html).toContain('App passwords go on as they are');
  });

  test('are not made without the right password or a name, and what was typed stays', async () => {
    const b = await signedIn('bob');
    for (const [fields, says] of [
      [{ name: 'Phone', password: 'wrong' }, 'The present password is not right.'],
      [{ name: ' ', password }, 'Say what it is for'],
      [{ name: 'x'.repeat(101), password }, 'up to 100 characters'],
      [{ name: 'a\u2028b', password }, 'no line ends'],
    ] as const) {
      const wrong = await b.post(home, { ...fields, key: 'abcdefgh' });
      expect([wrong.status, secretsIn(wrong.html)]).toEqual([422, []]);
      expect(wrong.html).toContain(says);
      if (fields.name === 'Phone') expect(wrong.html).toContain('value="Phone"');
    }
    expect(await all('bob')).toEqual([]);
  });

  test('sent twice a form makes one, and that is the one shown last', async () => {
    const b = await signedIn('bob');
    const form = { name: 'Phone', password, key: keyIn((await b.page(home)).html) };
    const [first, second] = [await b.post(home, form), await b.post(home, form)];
    expect(secretsIn(first.html)).not.toEqual(secretsIn(second.html));
    const [one, ...more] = await all('bob');
    expect(more).toEqual([]);
    await site.store.appPasswords.used(one!.id, { way: 'smtp', from: '192.0.2.7', at: clock.now });
    const third = await b.post(home, form);
    expect([third.status, secretsIn(third.html)]).toEqual([422, []]);
    expect(third.html).toContain('a program uses it');
  });

  test('are revoked with a word and an undo, and nobody else’s are there', async () => {
    const [a, b] = [await signedIn('ann'), await signedIn('bob')];
    const [mine] = await all('ann');
    for (const path of [`${home}/${mine!.id}/removal`, `${home}/0/removal`, `${home}/x/removal`])
      expect((await b.post(path, {})).status).toBe(404);
    expect((await b.post(`${home}/${mine!.id}/restoration`, {})).status).toBe(404);
    expect(await all('ann')).toHaveLength(1);
    expect((await a.post(`${home}/${mine!.id}/removal`, {})).status).toBe(303);
    expect(await all('ann')).toEqual([]);
    const told = (await a.page(home)).html;
    expect(told).toContain('“Thunderbird &lt;laptop&gt;” is revoked.');
    const undo = /action="([^"]+\/restoration)"/.exec(told)![1]!;
    await b.post(undo, {});
    expect(await all('ann')).toEqual([]);
    expect((await a.post(undo, {})).status).toBe(303);
    expect((await a.page(home)).html).toContain('valid again');
    await a.post(`${home}/${mine!.id}/removal`, {});
    clock.now += 11 * 60_000;
    await a.post(undo, {});
    expect((await a.page(home)).html).toContain('can no longer be undone');
    expect(await all('ann')).toEqual([]);
  });
});

test('a site for the mailboxes of a provider has a second factor, and no app passwords', async () => {
  const settings = { webmail_for: { host: 'pop.isp.test' } } as never;
  const front = await openSite({ host_domain: ['example.org'], ...(settings as object) }, clock);
  try {
    await front.account('ann');
    const b = front.browser();
    await b.login('ann');
    const page = (await b.page('/settings')).html;
    expect(page).toContain('href="/settings/second-factor"');
    expect(page).not.toContain(home);
    expect((await b.page(home)).status).toBe(404);
    expect((await b.post(home, { name: 'x', password, key: 'abcdefgh' })).status).toBe(404);
    const factor = (await b.page('/settings/second-factor')).html;
    expect(factor).toContain('It guards this site.');
    expect(factor).not.toContain(home);
  } finally {
    await front.close();
  }
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { choiceOf, conflicts, keyIn, keysOf, shortcuts } from '../views/keys.ts';
import { openSite, type TestSite } from './site.ts';

let site: TestSite;
beforeAll(async () => {
  site = await openSite({ host_domain: ['example.org'] });
  await site.account('ann');
});
afterAll(() => site.close());

const first = keysOf({ shortcuts: '' });

test.each([
  ['j', 'j'],
  ['J', 'J'],
  [' # ', '#'],
  ['gi', 'g i'],
  ['g i', 'g i'],
  ['ä', 'ä'],
  ['я', 'я'],
  ['', ''],
  // a space scrolls, control characters are no signs, and three would not be remembered
  ['g  i x', null],
  ['\u0000', null],
  ['\u202e', null],
] as const)('keyIn %j is %j', (typed, key) => {
  expect(keyIn(typed)).toBe(key);
});

test('the keys one comes with can all be told apart', () => {
  expect([...conflicts(first)]).toEqual([]);
  expect([...conflicts({ ...first, junk: 'e' })]).toEqual([
    ['archive', 'junk'],
    ['junk', 'archive'],
  ]);
  // one that begins another would always come first
  expect(conflicts({ ...first, star: 'g' }).get('star')).toBe('inbox');
  expect(conflicts({ ...first, star: '', junk: '' }).size).toBe(0);
});

test('of a choice is kept what differs', () => {
  expect(choiceOf(first, false)).toBe('');
  const own = choiceOf({ ...first, archive: 'y', junk: '' }, false);
  expect(own).toBe('{"keys":{"archive":"y","junk":""},"off":false}');
  expect(keysOf({ shortcuts: own })).toEqual({ ...first, archive: 'y', junk: '' });
});

describe('/settings/keys', () => {
  const signedIn = async () => {
    const b = site.browser();
    await b.login('ann');
    return b;
  };
  const forScript = (html: string) => {
    const [, keys] = /<body [^>]*data-shortcuts="([^"]*)"/.exec(html) ?? [];
    return keys === undefined ? null : JSON.parse(keys.replaceAll('&quot;', '"').replaceAll('&#39;', "'"));
  };

  test('shows a field for each, filled with the key it has', async () => {
    const { html } = await (await signedIn()).page('/settings/keys');
    for (const one of shortcuts) expect(html).toContain(`name="${one}"`);
    expect(html).toMatch(
      /<label for="key-archive">Archive<\/label>\s*<div class="control" dir="ltr"><input [^>]*value="e"/,
    );
    expect(forScript(html)).toMatchObject({ e: 'archive', 'g i': 'inbox', '?': 'help' });
  });

  test('changes a key, for the script and for the list that ? opens', async () => {
    const b = await signedIn();
    const saved = await b.post('/settings/keys', { ...first, on: '1', archive: 'y', junk: '', sent: 'gq' });
    expect(saved.status).toBe(303);
    const { html } = await b.page('/mail/inbox');
    expect(forScript(html)).toMatchObject({ y: 'archive', 'g q': 'sent' });
    expect(Object.values(forScript(html))).not.toContain('junk');
    const help = (await b.page('/settings/keys/help')).html;
    expect(help).toContain('<tr><th scope="row"><kbd>y</kbd> </th><td>Archive</td></tr>');
    await b.post('/settings/keys', { again: '1', archive: 'q' });
    expect(forScript((await b.page('/mail/inbox')).html)).toMatchObject({ e: 'archive', '!': 'junk' });
  });

  test('tells beside each field which other has its key, keeps what was typed, and changes nothing', async () => {
    const b = await signedIn();
    const { status, html } = await b.post('/settings/keys', {
      ...first,
      on: '1',
      archive: 's',
      star: 's',
      open: 'too long',
    });
    expect(status).toBe(422);
    expect(html).toMatch(/id="key-archive"[^>]*aria-invalid="true"[^>]*aria-describedby="key-archive-error"/);
    expect(html).toContain('<p class="error" id="key-archive-error">This key cannot be told from that of “Star”.</p>');
    expect(html).toContain('<p class="error" id="key-star-error">This key cannot be told from that of “Archive”.</p>');
    expect(html).toContain('<p class="error" id="key-open-error">Type one or two signs, without spaces.</p>');
    expect(html).toContain('value="too long"');
    expect(/<input id="([^"]*)"[^>]* autofocus/.exec(html)?.[1]).toBe('key-open');
    expect((await site.store.accounts.byAddress('ann@example.org'))?.shortcuts).toBe('');
  });

  test('switched off there are none, and the list says so', async () => {
    const b = await signedIn();
    await b.post('/settings/keys', { ...first });
    const { html } = await b.page('/mail/inbox');
    expect(forScript(html)).toBe(null);
    expect((await b.page('/settings/keys/help')).html).toContain('Shortcuts are switched off.');
    await b.post('/settings/keys', { ...first, on: '1' });
    expect((await site.store.accounts.byAddress('ann@example.org'))?.shortcuts).toBe('');
  });
});

import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deviceName } from '../views/devices.ts';
import { createWords } from '../views/words.ts';
import { openSite, type TestSite } from './site.ts';

let site: TestSite;
beforeAll(async () => {
  site = await openSite({ host_domain: ['example.org'] });
  await site.account('ann');
  await site.account('bob');
});
afterAll(() => site.close());

async function signedIn(name: string, agent = '') {
  const b = site.browser();
  const form = { username: name, password: 'correct horse' };
  const answer = await b.post('/login', form, agent ? { 'User-Agent': agent } : {});
  expect(answer.status).toBe(303);
  return b;
}

const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';
const iphone =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1';

describe('devices', () => {
  test('are listed, each can be signed out, and all others at once', async () => {
    const here = await signedIn('ann', firefox);
    const phone = await signedIn('ann', iphone);
    const third = await signedIn('ann', '<script>alert(1)</script>');
    const page = await here.page('/settings/devices');
    expect(page.html).toContain('Firefox on Linux');
    expect(page.html).toContain('Safari on iPhone');
    expect(page.html.match(/This device/g)).toHaveLength(1);
    expect(page.html).not.toContain('<script>alert');
    const [, id = ''] = /Safari on iPhone[\s\S]*?name="session" value="(\d+)"/.exec(page.html) ?? [];
    expect((await here.post('/settings/devices/removals', { session: id })).status).toBe(303);
    expect((await phone.page('/mail/inbox')).status).toBe(303);
    expect((await third.page('/mail/inbox')).status).toBe(200);
    expect((await here.page('/settings/devices')).html).toContain('That device is signed out.');
    await here.post('/settings/devices/removals', { others: '1' });
    expect((await third.page('/mail/inbox')).status).toBe(303);
    expect((await here.page('/mail/inbox')).status).toBe(200);
    expect((await here.page('/settings/devices')).html).not.toContain('name="others"');
  });

  test('say that this one is in use, and which others may be', async () => {
    const here = await signedIn('bob', firefox);
    const phone = await signedIn('bob', iphone);
    const lines = async () =>
      [
        ...(await here.page('/settings/devices')).html.matchAll(/<b>(\w+) on [^<]*<\/b>[\s\S]*?<small>(.*?)<\/small>/g),
      ].map(
        ([, name, words]) =>
          `${name} ${words
            ?.split(' · ')[1]
            ?.replace(/<[^>]*>|\d\d:\d\d/g, '')
            .trim()}`,
      );
    const minute = 60_000;
    site.clock.now += 9 * minute;
    expect(await lines()).toEqual(expect.arrayContaining(['Firefox in use now', 'Safari used in the last 10 minutes']));
    site.clock.now += 2 * minute;
    expect((await lines()).find(one => one.startsWith('Safari'))).toMatch(/^Safari last used /);
    expect(await lines()).toContain('Firefox in use now');
    await phone.page('/mail/inbox');
    expect(await lines()).toContain('Safari used in the last 10 minutes');
  });

  test('of others are nobody’s', async () => {
    const ann = await signedIn('ann', firefox);
    const bob = await signedIn('bob');
    const sessions = await site.store.sessions.list(
      (await site.store.accounts.byAddress('ann@example.org'))!.id,
      site.clock.now,
    );
    await bob.post('/settings/devices/removals', { session: String(sessions[0]!.id) });
    expect((await ann.page('/mail/inbox')).status).toBe(200);
  });

  test('beside them stand sign-ins, good and refused', async () => {
    const ann = (await site.store.accounts.byAddress('ann@example.org'))!;
    await site.store.signIns.note(ann.id, { way: 'pop3', address: '192.0.2.9', result: 'in', times: 1 }, 1_000);
    await site.store.signIns.note(ann.id, { way: 'pop3', address: '192.0.2.9', result: 'in', times: 4 }, 9_000);
    await site.store.signIns.note(ann.id, { way: 'smtp', address: '198.51.100.1', result: 'wrong', times: 1 }, 5_000);
    const { html } = await (await signedIn('ann')).page('/settings/devices');
    expect(html).toMatch(
      /to fetch mail[\s\S]*from 192\.0\.2\.9 · 5 times[\s\S]*to send mail[\s\S]*Wrong password[\s\S]*198\.51\.100\.1 · once/,
    );
    expect((await (await signedIn('bob')).page('/settings/devices')).html).not.toContain('192.0.2.9');
  });

  test('keep the latest hundred sign-ins', async () => {
    const bob = (await site.store.accounts.byAddress('bob@example.org'))!;
    for (let i = 0; i < 130; i++)
      await site.store.signIns.note(
        bob.id,
        { way: 'smtp', address: `192.0.2.${i}`, result: 'wrong', times: 1 },
        10_000 + i,
      );
    const kept = await site.store.signIns.list(bob.id);
    expect(kept).toHaveLength(100);
    expect(kept[0]!.address).toBe('192.0.2.129');
    // Guesses push out none that was good.
    await site.store.signIns.note(bob.id, { way: 'pop3', address: '192.0.2.7', result: 'in', times: 1 }, 5_000);
    await site.store.signIns.note(bob.id, { way: 'smtp', address: '192.0.2.200', result: 'wrong', times: 1 }, 20_000);
    const after = await site.store.signIns.list(bob.id);
    expect([after.length, after.at(-1)!.address]).toEqual([101, '192.0.2.7']);
  });

  test.each([
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36 Edg/126.0',
      'Edge on Windows',
    ],
    [
      'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36',
      'Chrome on Android',
    ],
    ['curl/8.0', 'A browser'],
    ['', 'A browser'],
  ])('deviceName of %j', (agent, name) =>
    expect(deviceName(createWords(0, { language: 'en', locale: 'en-GB', zone: 'UTC' }), agent)).toBe(name),
  );
});

describe('export', () => {
  test('gives a folder, or all, as mbox, and nothing of others', async () => {
    const ann = (await site.store.accounts.byAddress('ann@example.org'))!;
    for (let i = 0; i < 250; i++) await site.deliver(ann, `From: x@y.test\nSubject: letter ${i}\n\nFrom here ${i}\n`);
    const inbox = (await site.store.folders.byRole(ann.id, 'inbox')).id;
    const b = await signedIn('ann');
    expect((await b.page('/settings/export')).html).toContain(`href="/folders/${inbox}/messages.mbox"`);
    for (const path of [`/folders/${inbox}/messages.mbox`, '/settings/export/mail.mbox']) {
      const { status, headers, html } = await b.page(path);
      expect(status).toBe(200);
      expect(headers.get('content-disposition')).toMatch(/^attachment; filename="(Inbox|ann_example\.org)\.mbox"/);
      expect(html.match(/^From \S+ \w{3} \w{3} /gm)).toHaveLength(250);
      expect(html.match(/^>From here \d+$/gm)).toHaveLength(250);
    }
    const bob = await signedIn('bob');
    expect((await bob.page(`/folders/${inbox}/messages.mbox`)).status).toBe(404);
    expect((await bob.page('/settings/export/mail.mbox')).html).toBe('');
  });

  test('gives what is there where mail is removed meanwhile', async () => {
    const dan = await site.account('dan');
    const ids: number[] = [];
    for (let i = 0; i < 6; i++)
      ids.push(await site.deliver(dan, `From: x@y.test\nSubject: letter ${i}\n\n${'long '.repeat(60_000)}\n`));
    const b = await signedIn('dan');
    const reader = (await b.request('/settings/export/mail.mbox')).body!.getReader();
    let text = Buffer.from((await reader.read()).value!).toString();
    await site.store.messages.remove(dan.id, [ids[1]!]);
    for (let next = await reader.read(); !next.done; next = await reader.read()) text += Buffer.from(next.value);
    expect(text.match(/^From x@y/gm)).toHaveLength(5);
    expect(text.match(/^Subject: letter \d/gm)).toEqual([5, 4, 3, 2, 0].map(i => `Subject: letter ${i}`));
  });

  test('gives everything as one zip: each folder, contacts, settings; no secrets, and nothing of others', async () => {
    const cy = await site.account('cy');
    await site.deliver(cy, 'From: x@y.test\nSubject: one\n\nFrom here\n');
    const away = await site.deliver(cy, `From: x@y.test\nSubject: two\n\n${'long '.repeat(60_000)}\n`);
    const folder = (await site.store.folders.create(cy.id, 'Garten / 庭', 1))!;
    await site.store.messages.move(cy.id, [away], (folder as { id: number }).id);
    const fields = { name: 'Bo', addresses: [{ label: '', address: 'bo@x.example' }], note: '', groups: [], kept: [] };
    await site.store.contacts.create(cy.id, 'uid-1', fields, 1);
    const identity = { address: cy.address, name: 'Cy', replyTo: '', signature: 'Cy of the garden', isDefault: true };
    await site.store.identities.save(cy.id, identity);
    const draft = {
      to: 'bo@x.example',
      cc: '',
      bcc: '',
      subject: 'Half',
      text: 'a letter',
      relatedId: null,
      relation: null,
    };
    await site.store.drafts.create(cy.id, draft, 1);
    const b = await signedIn('cy');
    expect((await b.page('/settings/export')).html).toContain('href="/settings/export/everything.zip"');
    const answer = await b.request('/settings/export/everything.zip');
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/zip']);
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment; filename="cy_example\.org\.zip"/);
    const files = unzipped(Buffer.from(await answer.arrayBuffer()));
    expect(Object.keys(files)).toEqual([
      'Inbox.mbox',
      'Garten _ 庭.mbox',
      'contacts.vcf',
      'drafts.json',
      'settings.json',
    ]);
    expect(files['Inbox.mbox']).toMatch(/^From x@y\.test .*\n(?:.*\n)*\r?\n>From here\r?\n/);
    expect(files['Garten _ 庭.mbox']!.length).toBeGreaterThan(300_000);
    expect(files['contacts.vcf']).toContain('EMAIL:bo@x.example');
    expect(JSON.parse(files['drafts.json']!)).toMatchObject([
      { to: 'bo@x.example', subject: 'Half', text: 'a letter' },
    ]);
    const settings = JSON.parse(files['settings.json']!);
    expect(settings).toMatchObject({
      account: { address: cy.address },
      identities: [{ signature: 'Cy of the garden' }],
    });
    const { passwordHash } = await site.store.accounts.credentials(cy.id);
    expect(passwordHash).toContain('argon2');
    expect(files['settings.json']).not.toMatch(/argon2|password|secret|session/i);
    expect((await site.browser().request('/settings/export/everything.zip')).headers.get('location')).toContain(
      '/login',
    );
  });
});

/** By Python: the files of a zip by their names. */
function unzipped(zip: Buffer): Record<string, string> {
  const script =
    'import sys, io, json, zipfile; z = zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read())); assert z.testzip() is None; print(json.dumps({i.filename: z.read(i).decode() for i in z.infolist()}))';
  const out = execFileSync('python3', ['-c', script], { input: zip, encoding: 'utf8', maxBuffer: 1e8 });
  return JSON.parse(out);
}

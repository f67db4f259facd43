/**
 * Pictures of every page, to be looked at: `node test/looks.ts DIR [page …]`.
 * 360, 768 and 1280 px wide, light and dark; also what axe finds. LOOKS_LOCALE=ar-EG asks for another language.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { Flag } from '../daemon/store.ts';
import { serveSite } from '../web/app.ts';
import { fits } from './fits.ts';
import { garden } from './garden.ts';
import { untilIndexed } from './harness.ts';
import { holds } from './holding.ts';
import { letters } from './letters.ts';
import { busyPerson } from './looks-incoming.ts';
import { signInShots, trustedCookie } from './looks-sign-in.ts';
import { openSite } from './site.ts';

const [dir = 'test-results/looks', ...only] = process.argv.slice(2);
mkdirSync(dir, { recursive: true });
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const site = await openSite({ host_domain: ['example.org'], user_quota: 0 });
const ann = await site.account('ann');
await site.account('newcomer');
const full = await site.account('full');
await site.store.accounts.set(ann.id, { name: 'Ann Lindqvist', quota: 1_000_000_000 });
const ids: Record<string, number> = {};
const now = site.clock.now;
for (const [i, letter] of letters.entries())
  ids[letter.name] = await site.deliver(ann, letter.source, now - letter.age * 3_600_000 - i);
const talk: number[] = [];
for (const [i, letter] of garden.entries()) {
  const id = await site.deliver(ann, letter.source, now - (garden.length - i) * 1_500_000 - 600_000);
  if (letter.sent) await site.store.messages.move(ann.id, [id], (await site.store.folders.byRole(ann.id, 'sent')).id);
  talk.push(id);
}
await site.store.messages.setFlags(ann.id, talk.slice(0, -2), Flag.seen, 0);
for (let i = 0; i < 130; i++)
  await site.deliver(
    full,
    `From: Shop ${i} <shop${i % 7}@example.net>\nSubject: Offer number ${i} of the week\n\nOnly today.\n`,
    now - 86_400_000 - i * 3_600_000,
  );
await untilIndexed(site.store);
const all = await site.store.messages.page(ann.id, (await site.store.folders.byRole(ann.id, 'inbox')).id, 500);
const read = all.messages.filter((_, i) => i > 3 && i !== 6).map(m => m.id);
await site.store.messages.setFlags(ann.id, read, Flag.seen, 0);
await site.store.messages.setFlags(ann.id, [ids.plain ?? 0, ids.long ?? 0], Flag.answered | Flag.flagged, 0);
await site.store.folders.create(ann.id, 'Allotment', now);
await site.store.folders.create(ann.id, 'Rechnungen und sehr lange Ordnernamen 2026', now);
await site.store.savedSearches.save(ann.id, 'Garden', 'subject:garden');
const labelled = [
  ['Arbeit', 'red', [ids.plain, ids.html, ids.odd]],
  ['عائلة وأصدقاء', 'green', [ids.rtl, ids.plain]],
  ['Verbandsgemeindeverwaltungsangelegenheiten und anderes', 'violet', [ids.odd, ids.short]],
  ['Garden', 'blue', [...talk.slice(0, 3), ids.odd]],
  ['To read', 'yellow', [ids.long, ids.odd]],
] as const;
const labelIds: number[] = [];
for (const [name, colour, some] of labelled) {
  const made = await site.store.labels.create(ann.id, { name, colour });
  if (typeof made === 'string') throw new Error(made);
  labelIds.push(made.id);
  await site.store.labels.put(
    ann.id,
    some.filter(id => id !== undefined),
    made.id,
  );
}
const day = 86_400_000;
const asleep = ['more2', 'more5', 'more7'].map(name => ids[name]!);
for (const [i, id] of asleep.entries())
  await site.store.snoozes.snooze(ann.id, [id], now + [0.2, 2, 40][i]! * day, now);
await site.store.snoozes.snooze(ann.id, [ids.more3!], now - 1000, now - 5000);
await site.store.snoozes.wakeDue(now);
await site.store.messages.move(
  full.id,
  (await site.store.messages.page(full.id, (await site.store.folders.byRole(full.id, 'inbox')).id, 4)).messages.map(
    m => m.id,
  ),
  (await site.store.folders.byRole(full.id, 'trash')).id,
);
const draft = await fits(
  site.store.drafts.create(
    ann.id,
    {
      to: 'Bo Ek <bo@example.net>',
      cc: '',
      bcc: '',
      subject: 'Saturday',
      text: 'Dear Bo,\n\nshall we say ten?\n',
      relatedId: null,
      relation: null,
    },
    now,
  ),
);

await site.store.choices.set(ann.id, { kind: 'images', key: 'news@garden.example', value: 'checked', at: now - 1e8 });
await site.store.choices.set(ann.id, {
  ...{ kind: 'version', key: 'a.very.long.address.of.a.newsletter@a-very-long-domain-name.example', value: 'text' },
  at: now - 2e8,
});

const goal = (await site.store.folders.byRole(full.id, 'archive')).id;
const running = () =>
  site.acts.begin(
    full.id,
    { kind: 'move', to: goal },
    Array.from({ length: 2_000_000 }, (_, i) => 1e9 + i),
    '/mail/inbox',
  );
const ended = site.acts.begin(full.id, { kind: 'move', to: goal }, [1e9], '/mail/inbox');
ended.way = { from: new Map([[1, [1e9]]]), untils: new Map(), put: new Map(), taken: new Map() };
const people: [string, string[], string[]][] = [
  ['Åke Ström', ['ake@example.net'], ['Choir']],
  ['Bo Ek', ['bo@example.net', 'bo.ek@firm.example'], ['Choir', 'Neighbours']],
  [
    'Donaudampfschifffahrtsgesellschaftskapitänswitwe Wilhelmine von und zu Hohenlohe',
    ['wilhelmine.von.und.zu.hohenlohe-langenburg@a-very-long-domain-name.example'],
    ['Rechnungen und sehr lange Gruppennamen'],
  ],
  ['فاطمة الزهراء', ['fatima@example.net'], []],
  ['山田 太郎 🌸', ['taro@example.jp'], ['Neighbours']],
  ['Nobody With An Address', [], []],
];
for (const [i, [name, addresses, groups]] of people.entries())
  await site.store.contacts.create(
    ann.id,
    `p${i}`,
    {
      name,
      addresses: addresses.map((address, n) => ({ label: n === 0 ? 'home' : 'work', address })),
      note: i === 1 ? 'Plays the cello.' : '',
      groups,
      kept: i === 1 ? ['TEL;TYPE=home:+46 8 123 45', 'ORG:Firm;Sales', 'BDAY:1970-01-31'] : [],
    },
    now,
  );
await site.store.correspondents.wroteTo(
  ann.id,
  [
    { name: 'Bodil', address: 'bodil@example.net' },
    { name: '', address: 'bob@example.com' },
  ],
  now - 1e7,
);
await site.store.identities.save(ann.id, {
  address: 'ann@example.org',
  name: '',
  replyTo: '',
  signature: 'Ann Lindqvist\n+46 8 123 45',
  isDefault: false,
});
await site.store.identities.save(ann.id, {
  address: 'committee.of.the.allotment.association@example.org',
  name: 'Allotment Association, Committee',
  replyTo: '',
  signature: 'For the committee',
  isDefault: false,
});
const book = (await site.store.contacts.page(ann.id, { limit: 9 })).contacts;
const bo = book.find(c => c.name === 'Bo Ek')?.id;
const [choir] = await site.store.contacts.groups(ann.id);

const newcomer = (await site.store.accounts.byAddress('newcomer@example.org'))!;
const outside = ['delayed@far.example', 'failed@far.example', 'zoe@far.example'];
const text =
  'From: Ann Lindqvist <ann@example.org>\r\nTo: newcomer@example.org, delayed@far.example, failed@far.example\r\nSubject: Minutes, final\r\n\r\nHere they are.\r\n';
await site.deliver(newcomer, text, now - 5e6, { author: ann, others: outside });
const due = await site.store.deliveries.claim(1e15, 9, []);
const fate = { at: now - 4e6, hop: 'mx.far.example' };
for (const d of due)
  if (d.recipient === 'delayed@far.example')
    await site.store.deliveries.settle(
      [
        {
          ...fate,
          id: d.id,
          kind: 'later',
          reply: '451 4.7.1 Greylisted, please come back in five minutes',
          nextAt: now + 3e5,
          reason: '',
          delayed: false,
        },
      ],
      [],
    );
  else if (d.recipient === 'failed@far.example')
    await site.store.deliveries.settle([{ ...fate, id: d.id, kind: 'failed', reply: '550 5.1.1 No such user' }], []);
  else await site.store.deliveries.settle([{ ...fate, id: d.id, kind: 'delivered', reply: '250 Ok' }], []);
const [sent] = (await site.store.messages.page(ann.id, (await site.store.folders.byRole(ann.id, 'sent')).id, 1))
  .messages;

const writer = site.browser();
await writer.login('ann');
holds(site, ann);
for (const [i, [to, subject, later]] of [
  [
    'Bo Ek <bo@example.net>, zoe@far.example, kim@far.example, lee@far.example, ake@example.net',
    'Minutes of Monday',
    'hour',
  ],
  [
    'wilhelmine.von.und.zu.hohenlohe-langenburg@a-very-long-domain-name.example',
    'Donaudampfschifffahrtsgesellschaftskapitänswitwenrente und was daraus folgt 🌸',
    'morning',
  ],
  ['taro@example.jp', 'اجتماع يوم السبت', 'monday'],
].entries())
  await writer.post('/drafts/submissions', {
    key: `looks-out-${i}`,
    to: to!,
    subject: subject!,
    later: later!,
    cc: '',
    bcc: '',
    text: 'Dear all,\n\nhere they are.\n\nAnn\n',
  });
const [waits] = await site.store.heldSubmissions.list(ann.id, 1);
const later = async (page: Page) => {
  await page.click('.later > summary');
  await page.waitForTimeout(100);
};
if (sent) await site.store.snoozes.remind(ann.id, sent.id, now + 3 * day);

const formatted = await fits(
  site.store.drafts.create(
    ann.id,
    {
      ...{ to: 'Bo Ek <bo@example.net>', cc: '', bcc: '', subject: 'Saturday', relatedId: null, relation: null },
      text: 'Dear Bo,\n\nthis is what we need:\n',
      html: '<div>Dear <b>Bo</b>,</div><div><br></div><h3>Saturday</h3><div>this is what we need, as <i>Åke</i> said:</div><ul><li>spades</li><li>a <a href="https://example.net/tent">tent</a></li></ul><blockquote class="quote"><div>On Friday it will <u>rain</u>.</div></blockquote><div>فاطمة تأتي أيضا 🌸</div><div class="signature"><div>-- </div><div><b>Ann Lindqvist</b></div></div>',
    },
    now,
  ),
);
for (const [name, text] of [
  ['Opening hours', 'We open at ten, and close at six. On Sundays the garden is closed.'],
  ['Danke, eine sehr lange Bezeichnung für eine kurze Antwort', 'Vielen Dank!'],
])
  await site.store.cannedReplies.save(ann.id, null, { name: name!, text: text!, html: null });
const canned = await site.store.cannedReplies.list(ann.id);

const { http } = serveSite({ app: site.app });
await new Promise<void>(resolve => http.listen(0, '127.0.0.1', () => resolve()));
const base = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;

type Shot = {
  name: string;
  path: string;
  who?: 'ann' | 'newcomer' | 'full' | 'busy' | 'stepper';
  act?: (page: Page) => Promise<void>;
};
const editorOpen = async (page: Page) => {
  await page.frameLocator('.compose-text iframe').locator('#letter div').first().waitFor();
  await page.waitForTimeout(400);
};
const shots: Shot[] = [
  { name: 'signup', path: '/signup' },
  {
    name: 'signup-typed',
    path: '/signup',
    act: async page => {
      await page.fill('#name', 'Ann Again');
      await page.fill('#username', 'ann');
      await page.locator('.address-state.danger').waitFor();
      await page.click('button[type=submit]');
      await page.locator('.flash').waitFor();
    },
  },
  { name: 'login', path: '/login' },
  { name: 'inbox', path: '/mail/inbox', who: 'ann' },
  {
    name: 'selected',
    path: '/mail/inbox',
    who: 'ann',
    act: async page => {
      await page.locator('.tick input').nth(1).check();
      await page.locator('.tick input').nth(2).check();
    },
  },
  { name: 'empty', path: '/mail/inbox', who: 'newcomer' },
  { name: 'every', path: '/mail/inbox', who: 'full', act: async page => void (await page.click('[data-all]')) },
  { name: 'act-ended', path: `/acts/${ended.id}`, who: 'full' },
  {
    name: 'act',
    path: '/mail/inbox',
    who: 'full',
    act: async page => {
      const act = running();
      await page.goto(`${base}/acts/${act.id}`);
      await page.waitForTimeout(1500);
      site.acts.stop(act);
    },
  },
  {
    name: 'conversation-open',
    path: `/mail/inbox/${talk.at(-1)}`,
    who: 'ann',
    act: async page => {
      await page.click('.folded-more summary');
      await page.locator('.folded-more .folded').nth(1).click();
      await page.locator('.folded-more .letter').waitFor();
      await page.locator('.own-tools .menu summary').first().click();
    },
  },
  { name: 'message', path: `/mail/inbox/${ids.plain}`, who: 'ann' },
  { name: 'conversation', path: `/mail/inbox/${talk.at(-1)}`, who: 'ann' },
  {
    name: 'compact',
    path: `/mail/inbox/${talk.at(-1)}`,
    who: 'ann',
    act: page => page.evaluate("document.documentElement.dataset.density = 'compact'"),
  },
  {
    name: 'compact-list',
    path: '/mail/inbox',
    who: 'ann',
    act: page => page.evaluate("document.documentElement.dataset.density = 'compact'"),
  },
  {
    name: 'more',
    path: `/mail/inbox/${talk.at(-1)}`,
    who: 'ann',
    act: page => page.click('.message-tools .more summary'),
  },
  { name: 'html', path: `/mail/inbox/${ids.html}`, who: 'ann' },
  { name: 'odd', path: `/mail/inbox/${ids.odd}`, who: 'ann' },
  { name: 'rtl', path: `/mail/inbox/${ids.rtl}`, who: 'ann' },
  { name: 'invitation', path: `/mail/inbox/${ids.invitation}`, who: 'ann' },
  { name: 'doubtful', path: `/mail/inbox/${ids.doubtful}`, who: 'ann' },
  { name: 'html-light', path: `/mail/inbox/${ids.html}?light=1`, who: 'ann' },
  { name: 'headers', path: `/messages/${ids.html}/headers`, who: 'ann' },
  { name: 'print', path: `/messages/${ids.html}/print`, who: 'ann' },
  { name: 'senders', path: '/settings/senders', who: 'ann' },
  { name: 'compose', path: '/compose', who: 'ann' },
  { name: 'draft', path: `/drafts/${draft.id}`, who: 'ann' },
  { name: 'reply', path: `/compose?reply=${ids.plain}`, who: 'ann' },
  {
    name: 'chips',
    path: '/compose?to=Bo+Ek+<bo@example.net>,nonsense',
    who: 'ann',
    act: async page => {
      await page.locator('.compose-row input[role=combobox]').first().pressSequentially('bo');
      await page.locator('.offers [role=option]').first().waitFor();
    },
  },
  { name: 'choose', path: `/drafts/${draft.id}/recipients`, who: 'ann' },
  { name: 'contacts', path: '/contacts', who: 'ann' },
  {
    name: 'contacts-chosen',
    path: `/contacts?group=${choir?.id}`,
    who: 'ann',
    act: async page => void (await page.locator('.person .tick input').first().check()),
  },
  { name: 'contacts-empty', path: '/contacts', who: 'newcomer' },
  { name: 'contact', path: `/contacts/${bo}`, who: 'ann' },
  { name: 'contact-new', path: '/contacts/new', who: 'ann' },
  { name: 'correspondents', path: '/correspondents', who: 'ann' },
  {
    name: 'doubt',
    path: `/compose?reply=${ids.plain}`,
    who: 'ann',
    act: async page => {
      await page.locator('.compose-text textarea').first().fill('The plan is attached.');
      await page.locator('[data-key=sendarchive]').click();
      await page.locator('.question[role=alert]').waitFor();
    },
  },
  { name: 'sent', path: `/mail/sent/${sent?.id}`, who: 'ann' },
  { name: 'later', path: '/compose?to=bo@example.net', who: 'ann', act: later },
  {
    name: 'later-wrong',
    path: '/compose?to=bo@example.net',
    who: 'ann',
    act: async page => {
      await later(page);
      await page.fill('input[name=day]', '2099-01-01');
      await page.click('.later-at button');
      await page.locator('#later-error').waitFor();
    },
  },
  {
    name: 'undo',
    path: '/compose?to=bo@example.net&subject=Saturday&body=Ten',
    who: 'ann',
    act: async page => {
      await page.getByRole('button', { name: 'Send', exact: true }).click();
      await page.locator('.toast').waitFor();
    },
  },
  {
    name: 'two-versions',
    path: `/drafts/${draft.id}`,
    who: 'ann',
    act: async page => {
      const known = (await site.store.drafts.get(ann.id, draft.id))!;
      await site.store.drafts.save(ann.id, draft.id, null, known, now);
      await page.getByLabel('Subject').fill('Saturday, or Sunday');
      await page.locator('.choice-of-two').waitFor();
    },
  },
  {
    name: 'signed-out',
    path: '/compose?to=bo@example.net',
    who: 'ann',
    act: async page => {
      await page.context().clearCookies();
      await page.getByRole('button', { name: 'Send', exact: true }).click();
      await page.locator('#password').waitFor();
      await page.context().request.post(`${base}/login`, {
        form: { username: 'ann', password: 'correct horse' },
        headers: { Origin: base },
      });
    },
  },
  {
    name: 'undone',
    path: '/compose?to=bo@example.net&subject=Saturday&body=Ten',
    who: 'ann',
    act: async page => {
      await page.getByRole('button', { name: 'Send', exact: true }).click();
      await page.locator('.toast [data-key=undo]').click();
      await page.locator('.compose-page .flash').waitFor();
    },
  },
  {
    name: 'kept',
    path: '/compose',
    who: 'ann',
    act: async page => {
      await page.route('**/drafts', route => route.abort());
      await page.getByLabel('Subject').fill('Before the crash');
      await page.getByLabel('Message', { exact: true }).fill('What one had typed when the light went out');
      await page.waitForTimeout(600);
      const next = await page.context().newPage();
      await page.goto('about:blank');
      await next.close();
      await page.goto(`${base}/compose`);
      await page.locator('[data-forget]').waitFor();
    },
  },
  { name: 'outbox', path: '/outbox', who: 'ann' },
  { name: 'outbox-empty', path: '/outbox', who: 'newcomer' },
  { name: 'outbox-one', path: `/outbox/${waits?.contentId}`, who: 'ann' },
  {
    name: 'outbox-times',
    path: `/outbox/${waits?.contentId}`,
    who: 'ann',
    act: page => page.click('.outbox-times > summary'),
  },
  {
    name: 'outbox-late',
    path: '/outbox',
    who: 'ann',
    act: async page => {
      await page.evaluate(
        `(() => { const f = document.querySelector('.outbox-rows form'); f.action = '/outbox/${sent?.contentId}/releases'; f.submit(); })()`,
      );
      await page.locator('[role=alert]').waitFor();
    },
  },
  { name: 'identities', path: '/settings/identities', who: 'ann' },
  { name: 'formatted', path: `/drafts/${formatted.id}`, who: 'ann', act: editorOpen },
  {
    name: 'formatted-link',
    path: `/drafts/${formatted.id}`,
    who: 'ann',
    act: async page => {
      await editorOpen(page);
      const editor = page.frameLocator('.compose-text iframe');
      await editor.locator('[data-does=link]').click();
      await editor.locator('#url').fill('not a page');
      await page.keyboard.press('Enter');
    },
  },
  {
    name: 'formatted-reply',
    path: `/compose?reply=${ids.html}`,
    who: 'ann',
    act: async page => {
      await page.click('[data-rich-toggle]');
      await editorOpen(page);
    },
  },
  {
    name: 'uploading',
    path: '/compose?to=bo@example.net,ann@example.org',
    who: 'ann',
    act: async page => {
      await page.route('**/drafts/files', () => {});
      const file = (name: string, size: number) => ({ name, mimeType: 'text/plain', buffer: Buffer.alloc(size) });
      await page.evaluate("document.querySelector('.files-kept').dataset.room = '700000'");
      await page
        .locator('input[type=file]')
        .setInputFiles([file('Minutes of the committee.txt', 600_000), file('Too large.txt', 900_000)]);
      await page.locator('.uploading .error').waitFor();
    },
  },
  {
    name: 'slip',
    path: '/compose?to=bo@gmial.com&subject=Hello&body=Hello',
    who: 'ann',
    act: async page => {
      await page.getByRole('button', { name: 'Send', exact: true }).click();
      await page.locator('.question[role=alert]').waitFor();
    },
  },
  {
    name: 'blank',
    path: '/compose?to=bo@example.net',
    who: 'ann',
    act: async page => {
      await page.getByRole('button', { name: 'Send', exact: true }).click();
      await page.locator('.question[role=alert]').waitFor();
    },
  },
  { name: 'replies', path: '/settings/replies', who: 'ann' },
  { name: 'replies-none', path: '/settings/replies', who: 'newcomer' },
  { name: 'reply-edit', path: `/settings/replies/${canned[0]?.id}`, who: 'ann' },
  { name: 'identities-new', path: '/settings/identities', who: 'newcomer' },
  { name: 'import', path: '/contacts/imports', who: 'ann' },
  { name: 'drafts', path: '/mail/drafts', who: 'ann' },
  { name: 'labels', path: '/labels', who: 'ann' },
  { name: 'labels-none', path: '/labels', who: 'newcomer' },
  { name: 'label', path: `/search?q=${encodeURIComponent('label:Arbeit')}`, who: 'ann' },
  { name: 'label-removal', path: `/labels/${labelIds[0]}/removal`, who: 'ann' },
  { name: 'labelled', path: `/mail/inbox/${ids.odd}`, who: 'ann' },
  ...(['move', 'label', 'snooze'] as const).map(
    (wish): Shot => ({
      name: `choose-${wish}`,
      path: '/mail/inbox',
      who: 'ann',
      act: async page => {
        await page.locator('.tick input').nth(1).check();
        await page.locator('.tick input').nth(2).check();
        await page.locator(`#list [data-key=${wish}]`).click();
        await page.locator('#chooser #choices').waitFor();
      },
    }),
  ),
  ...(['move', 'label'] as const).map(
    (wish): Shot => ({
      name: `choose-new-${wish}`,
      path: '/mail/inbox',
      who: 'ann',
      act: async page => {
        await page.locator('.tick input').nth(1).check();
        await page.locator(`#list [data-key=${wish}]`).click();
        await page.locator('#chooser #choices').waitFor();
        await page.fill('#choices-name', 'Gard');
      },
    }),
  ),
  { name: 'snoozed', path: '/mail/snoozed', who: 'ann' },
  { name: 'reminders', path: '/reminders', who: 'ann' },
  { name: 'reminders-none', path: '/reminders', who: 'newcomer' },
  { name: 'trash', path: '/mail/trash', who: 'full' },
  { name: 'emptying', path: '/mail/trash/emptying', who: 'full' },
  { name: 'storage', path: '/settings/storage', who: 'ann' },
  { name: 'storage-none', path: '/settings/storage', who: 'newcomer' },
  { name: 'sorted', path: '/mail/inbox?sort=sender', who: 'full', act: page => page.click('.sort > summary') },
  { name: 'search', path: '/search?q=garden', who: 'ann' },
  {
    name: 'search-wrong',
    path: `/search?q=${encodeURIComponent('garden before:soon label:work larger:1k')}`,
    who: 'ann',
  },
  {
    name: 'search-options',
    path: `/search?q=${encodeURIComponent('from:bo in:inbox garden')}`,
    who: 'ann',
    act: page => page.click('.search-options > summary'),
  },
  { name: 'search-save', path: '/search?q=is%3Aunread', who: 'ann', act: page => page.click('.keeping > summary') },
  { name: 'search-saved', path: '/search?q=subject%3Agarden', who: 'ann' },
  { name: 'search-message', path: `/mail/inbox/${ids.plain}?q=garden`, who: 'ann' },
  { name: 'search-html', path: `/mail/inbox/${ids.html}?q=garden`, who: 'ann' },
  { name: 'search-empty', path: '/search?q=zebra', who: 'ann' },
  { name: 'search-page', path: '/search', who: 'ann' },
  { name: 'folders', path: '/folders', who: 'ann' },
  { name: 'settings', path: '/settings', who: 'ann' },
  { name: 'mail-programs', path: '/settings/mail-programs', who: 'ann' },
  { name: 'export', path: '/settings/export', who: 'ann' },
  ...(await busyPerson(site)),
  ...(await signInShots(site, base)),
  { name: 'appearance', path: '/settings/appearance', who: 'ann' },
  { name: 'missing', path: '/mail/inbox/999999', who: 'ann' },
  {
    name: 'moved',
    path: '/mail/archive',
    who: 'ann',
    act: async page => {
      await page.goto(`${base}/mail/inbox`);
      await page.locator('.tick input').nth(9).check();
      await page.click('[data-key=archive]');
      await page.locator('.toast').waitFor();
      await page.click('.toast [data-key=undo]');
      await page.waitForTimeout(300);
      await page.locator('.tick input').nth(9).check();
      await page.click('[data-key=archive]');
      await page.locator('.toast').waitFor();
    },
  },
];

const browser: Browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
});
let trouble = 0;
const say = (text: string) => console.log(text);
for (const scheme of ['light', 'dark'] as const)
  for (const width of [360, 768, 1280]) {
    const context = await browser.newContext({
      viewport: { width, height: width < 700 ? 740 : 820 },
      colorScheme: scheme,
      locale: process.env.LOOKS_LOCALE ?? 'en-GB',
    });
    for (const who of [undefined, 'ann', 'newcomer', 'full', 'busy', 'stepper'] as const) {
      await context.clearCookies();
      await context.addCookies([{ ...trustedCookie, url: base }]);
      if (who)
        await context.request.post(`${base}/login`, {
          form: { username: who, password: 'correct horse' },
          headers: { Origin: base },
        });
      for (const shot of shots.filter(s => s.who === who && (only.length === 0 || only.includes(s.name)))) {
        const page = await context.newPage();
        page.on(
          'console',
          m => m.type() === 'error' && !/status of 4/.test(m.text()) && say(`${shot.name} console: ${m.text()}`),
        );
        page.on('pageerror', e => say(`${shot.name} script: ${e.message}`));
        await page.goto(base + shot.path);
        await shot.act?.(page);
        await page.waitForTimeout(150);
        await page.screenshot({ path: join(dir, `${shot.name}-${width}-${scheme}.png`) });
        // In a sandboxed page no script runs, axe's neither.
        if (shot.name !== 'print') trouble += await axe(page, `${shot.name} ${width} ${scheme}`);
        await page.close();
      }
    }
    await context.close();
  }

async function axe(page: Page, name: string): Promise<number> {
  const wide = await page.evaluate('document.documentElement.scrollWidth > innerWidth + 1');
  if (wide) say(`${name}: wider than the window`);
  // The page's own policy forbids injected script elements; evaluate is the debugger's and may.
  await page.evaluate(axeSource);
  const found = (await page.evaluate('axe.run(document, { iframes: false })')) as {
    violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[];
  };
  for (const v of found.violations)
    say(
      `${name}: ${v.id}\n    ${v.nodes
        .slice(0, 2)
        .map(n => `${n.html.slice(0, 160)} — ${n.failureSummary?.split('\n').slice(1, 3).join(' ')}`)
        .join('\n    ')}`,
    );
  return found.violations.length;
}

say(`${trouble} findings of axe`);
await browser.close();
http.closeAllConnections();
http.close();
await site.close();

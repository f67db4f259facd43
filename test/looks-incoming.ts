import type { Page } from 'playwright-core';
import type { Condition, Deed } from '../daemon/mail/rules.ts';
import { inMemory, noSummary, plainTerms } from './acceptance.ts';
import type { TestSite } from './site.ts';

/** Somebody with rules, who is away: pictures of what is done with mail that comes. */
export async function busyPerson(site: TestSite) {
  const busy = await site.account('busy');
  const now = site.clock.now;
  await site.store.accounts.set(busy.id, { name: 'Bea Usher' });
  const give = (from: string, subject: string, hours: number, more = '') =>
    site.deliver(
      busy,
      `From: ${from}\nTo: busy@example.org\nSubject: ${subject}\n${more}\nDear Bea,\n\nplease see below.\n`,
      now - hours * 3_600_000,
    );
  await give('Water Works <bills@water.example>', 'Your bill for May', 30);
  await give('Water Works <bills@water.example>', 'Your bill for June', 8);
  await give('Åke Ström <ake@example.net>', 'Choir on Thursday', 5);
  const list = await give(
    'Garden News <news@garden.example>',
    'This week: slugs',
    2,
    'List-Id: Garden News <news.garden.example>\nMessage-ID: <g1@garden.example>\n',
  );
  const bills = await site.store.folders.create(busy.id, 'Bills', now);
  const label = await site.store.labels.create(busy.id, { name: 'Household', colour: 'teal' });
  const plain: Deed = { place: null, labels: [], read: false, star: false, forward: null, stop: false };
  const rule = async (name: string, conditions: Condition[], deed: Partial<Deed>, more = {}) =>
    await site.store.mailRules.save(busy.id, null, {
      name,
      active: true,
      rule: { all: true, conditions, deed: { ...plain, ...deed } },
      ...more,
    });
  const first = await rule(
    'Bills',
    [
      { field: 'from', test: 'contains', text: 'bills@' },
      { field: 'subject', test: 'contains', text: 'bill' },
    ],
    { place: { folder: bills?.id ?? 0 }, labels: typeof label === 'string' ? [] : [label.id], stop: true },
  );
  await rule('', [{ field: 'list', test: 'contains', text: 'news.garden.example' }], {
    read: true,
    place: { folder: (await site.store.folders.byRole(busy.id, 'archive')).id },
  });
  await rule(
    'Donaudampfschifffahrtsgesellschaft, alles was länger ist als eine Zeile und trotzdem gelesen werden will',
    [{ field: 'size', test: 'over', octets: 5_000_000 }],
    { forward: { to: 'a.very.long.address.of.somebody@a-very-long-domain-name.example', keep: true } },
    { active: false },
  );
  await site.store.unwanted.block(busy.id, 'spam@far.example', 'junk', now - 1e8);
  const inbox = await site.store.folders.byRole(busy.id, 'inbox');
  for (const m of (await site.store.messages.page(busy.id, inbox.id, 2)).messages)
    await site.store.unwanted.mute(busy.id, m.conversation, now - 2e8);
  await site.store.unwanted.block(
    busy.id,
    '@a-very-long-domain-name-of-a-shop-nobody-asked.example',
    'trash',
    now - 1e9,
  );
  const forwards = ['bea@home.example', 'office@work.example', 'b@old.example', 'bob@example.org'];
  await site.store.accounts.set(busy.id, { forwards, keepsCopy: true });
  await site.store.forwardConsents.free(busy.id, ['bob@example.org'], now);
  const ask = async (address: string, secret: string) =>
    await site.tell.ask('daemon', 'forward.ask', {
      ...{ accountId: busy.id, address, secret, until: now + 7 * 86_400_000, subject: 'Mail for you?', text: secret },
    });
  for (const [address, secret] of [
    ['bea@home.example', 'bea'],
    ['office@work.example', 'office'],
    ['b@old.example', 'old'],
  ] as const)
    await ask(address, secret);
  await site.store.forwardConsents.answer('bea', 'confirmed', now - 3e8);
  await site.store.forwardConsents.answer('old', 'refused', now - 2e8);
  const via = { accountId: busy.id, address: busy.address };
  const goals = ['bea@home.example', 'b@home.example'].map(address => ({ kind: 'relay' as const, address, via }));
  await site.store.accept({
    ...{ ...plainTerms, ...inMemory(Buffer.from('Subject: Flood\r\n\r\nwater\r\n')), receivedAt: now - 3e6 },
    summary: { ...noSummary, subject: 'Flood', fromName: 'Water Works', fromAddress: 'bills@water.example' },
    recipients: [{ address: busy.address, notify: null, orcpt: null, routes: goals }],
    forwardsPerHour: 1,
  });
  await site.store.vacations.save(busy.id, {
    ...{
      active: true,
      from: null,
      until: now + 9 * 86_400_000,
      firstDay: '',
      zone: '',
      subject: 'Away until the 12th',
      everyDays: 7,
    },
    lastDay: new Date(now + 8 * 86_400_000).toISOString().slice(0, 10),
    text: 'Thank you for your message.\n\nI am away and read no mail. Åke Ström <ake@example.net> helps you meanwhile.\n\nBea',
    ownText: 'Ask Åke, or call me.',
  });
  const who = 'busy' as const;
  const click = (name: string) => async (page: Page) => {
    await page.getByRole('button', { name, exact: true }).click();
  };
  return [
    { name: 'incoming', path: '/settings', who },
    { name: 'away-inbox', path: '/mail/inbox', who },
    { name: 'rules', path: '/settings/rules', who },
    { name: 'rules-none', path: '/settings/rules', who: 'newcomer' as const },
    { name: 'rule', path: `/settings/rules/${first}`, who },
    { name: 'rule-new', path: `/settings/rules/new?from=${list}`, who },
    { name: 'rule-search', path: '/settings/rules/new?search=from%3Aann+is%3Aunread+older_than%3A2m', who },
    { name: 'rule-trial', path: `/settings/rules/${first}`, who, act: click('Try it') },
    { name: 'rule-wrong', path: '/settings/rules/new', who, act: click('Save rule') },
    { name: 'forwarding', path: '/settings/forwarding', who },
    {
      name: 'forwarding-sure',
      path: '/settings/forwarding',
      who: 'newcomer' as const,
      act: async (page: Page) => {
        await page.fill('#to', 'me@home.example');
        await page.getByRole('button', { name: 'Next', exact: true }).click();
        await page.locator('.question').waitFor();
      },
    },
    { name: 'confirmation', path: '/forwarding/office' },
    { name: 'confirmation-gone', path: '/forwarding/old' },
    { name: 'away', path: '/settings/away', who },
    { name: 'blocked', path: '/settings/blocked', who },
    { name: 'muted', path: '/search?q=is%3Amuted', who },
    { name: 'search-nothing', path: '/search?q=larger%3Aabc+before%3Asomeday', who },
    { name: 'search-unknown', path: '/search?q=category%3Apromotions+bill', who },
    { name: 'blocked-none', path: '/settings/blocked', who: 'newcomer' as const },
    {
      name: 'sender-acts',
      path: `/mail/inbox/${list}`,
      who,
      act: async (page: Page) => void (await page.locator('.message-tools .more summary').click()),
    },
  ];
}

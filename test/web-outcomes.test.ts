import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Account, SubmissionFacts } from '../daemon/store.ts';
import { outcomesOf } from '../web/outcomes.ts';
import { openSite, type TestSite } from './site.ts';
import { acceptance } from './store-contract.ts';

const accepted = (detail: string) => ({ at: 5, event: 'accepted' as const, recipient: null, detail });
const step = (
  event: 'tried' | 'delivered' | 'failed' | 'removed' | 'routed',
  recipient: string,
  detail: string,
  at = 9,
) => ({ at, event, recipient, detail });
const waiting = (recipient: string, more: Partial<SubmissionFacts['waiting'][number]> = {}) => ({
  ...{
    recipient,
    domain: recipient.split('@')[1]!,
    state: 'waiting' as const,
    holdKind: null,
    attempts: 0,
    nextAt: 50,
    lastReply: null,
  },
  ...more,
});

describe('outcomesOf', () => {
  const to = 'bo@far.example';
  const rows: [string, Partial<SubmissionFacts>, object][] = [
    ['a mailbox here', { steps: [accepted(`${to} -> ${to}`)] }, { kind: 'here', at: 5 }],
    [
      'one that arrived',
      { steps: [accepted(`${to} -> ${to}`), step('delivered', to, 'mx.far.example: 250 Ok')] },
      { kind: 'delivered', at: 9, host: 'mx.far.example' },
    ],
    ['one under way', { steps: [accepted(`${to} -> ${to}`)], waiting: [waiting(to)] }, { kind: 'under way' }],
    [
      'one delayed',
      { waiting: [waiting(to, { attempts: 2, lastReply: '451 4.2.0 later' })] },
      { kind: 'delayed', why: '451 4.2.0 later', next: 50 },
    ],
    [
      'one that failed',
      { steps: [step('tried', to, 'x'), step('failed', to, 'mx: 550 5.1.1 no')] },
      { kind: 'failed', at: 9, why: 'mx: 550 5.1.1 no' },
    ],
    [
      'one held for a time',
      { waiting: [waiting(to, { state: 'held', holdKind: 'future release', nextAt: 70 })] },
      { kind: 'held', why: 'future release', domain: 'far.example', until: 70 },
    ],
    ['one taken out', { steps: [step('removed', to, 'by the administrator')] }, { kind: 'removed', at: 9 }],
    [
      'one released to a mailbox',
      { steps: [accepted(`${to} -> ${to}`), step('routed', to, to, 20)] },
      { kind: 'here', at: 20 },
    ],
    // Whom it is sent on to, and through whom, is not told.
    [
      'a forward that arrived',
      { steps: [accepted(`${to} -> secret@x.example`), step('delivered', 'secret@x.example', 'mx.x.example: 250')] },
      { kind: 'delivered', at: 9, host: null },
    ],
    [
      'a forward that is delayed',
      {
        steps: [accepted(`${to} -> secret@x.example`)],
        waiting: [waiting('secret@x.example', { attempts: 1, lastReply: '451 x.example' })],
      },
      { kind: 'delayed', why: '', next: 50 },
    ],
    [
      'an alias of two, of which one failed',
      { steps: [accepted(`${to} -> a@here.example, b@x.example`), step('failed', 'b@x.example', '550 b@x.example')] },
      { kind: 'failed', at: 9, why: '' },
    ],
  ];
  test.each(rows)('tells of %s', (_, facts, fate) => {
    expect(outcomesOf({ recipients: [to], at: 5, steps: [], waiting: [], ...facts }, [to], [])).toEqual([
      { address: to, blind: false, fate },
    ]);
  });
  test('tells of who was refused with the others', () => {
    const facts = { recipients: [to], at: 5, steps: [], waiting: [] };
    expect(outcomesOf(facts, [to], [{ address: 'no@here.example', why: 'No such user here' }])).toEqual([
      { address: to, blind: false, fate: { kind: 'here', at: 5 } },
      { address: 'no@here.example', blind: true, fate: { kind: 'failed', at: 5, why: 'No such user here' } },
    ]);
  });

  test('finds each recipient’s own course among many', () => {
    const steps = [
      accepted('a@x.example -> a@x.example; aa@x.example -> c@y.example'),
      step('failed', 'c@y.example', 'no'),
    ];
    const all = outcomesOf(
      { recipients: ['a@x.example', 'aa@x.example'], at: 5, steps, waiting: [] },
      ['A@X.example'],
      [],
    );
    expect(all.map(o => [o.fate.kind, o.blind])).toEqual([
      ['here', false],
      ['failed', true],
    ]);
  });
});

describe('a sent message', () => {
  let site: TestSite;
  let ann: Account;
  let bob: Account;
  beforeAll(async () => {
    site = await openSite({ host_domain: ['example.org'] });
    ann = await site.account('ann');
    bob = await site.account('bob');
  });
  afterAll(() => site.close());

  test('tells its author, and nobody else, what became of each recipient', async () => {
    const relay = { kind: 'relay' as const, address: 'zoe@far.example' };
    const box = { kind: 'mailbox' as const, accountId: bob.id, address: bob.address };
    const given = acceptance('Course', [box, relay], 10, {
      accountId: ann.id,
      fileSent: true,
      origin: 'webmail',
      reversePath: ann.address,
    });
    await site.store.accept(given);
    const [due] = await site.store.deliveries.claim(1e15, 1, []);
    await site.store.deliveries.settle(
      [
        {
          id: due!.id,
          at: 20,
          kind: 'later',
          reply: '451 4.7.1 <b>greylisted</b>',
          hop: 'mx.far.example',
          nextAt: 30,
          reason: 'x',
          delayed: false,
        },
      ],
      [],
    );
    const open = async (who: Account, role: 'sent' | 'inbox') => {
      const b = site.browser();
      await b.login(who.address);
      const folder = await site.store.folders.byRole(who.id, role);
      const [m] = (await site.store.messages.page(who.id, folder.id, 1)).messages;
      return (await b.page(`/mail/${role}/${m!.id}`)).html;
    };
    const sent = await open(ann, 'sent');
    expect(sent).toContain('Delivered to 1 of 2 recipients');
    expect(sent).toContain('Delayed, because the other side said: 451 4.7.1 &lt;b&gt;greylisted&lt;/b&gt;.');
    expect(sent).toMatch(/bob@example\.org<\/bdi><\/b>.*Delivered here/);
    const got = await open(bob, 'inbox');
    expect(got).not.toContain('class="outcomes"');
    expect(got).not.toContain('greylisted');
  });
});

import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDsnRig, type DsnRig } from './dsn-rig.ts';

/** A site for the mailboxes of a provider (`webmail_smtp`): what leaves it, and what stays. */
let rig: DsnRig;
beforeEach(async () => {
  rig = await createDsnRig();
  rig.rules.webmail_smtp = { host: '127.0.0.1', port: 9, tls: 'off' };
});
afterEach(() => rig.close());

test('route takes what a user writes to the provider, and what a program of the machine says to a mailbox here', async () => {
  const account = await rig.store.accounts.byId(rig.ann);
  const kinds = async (origin: 'webmail' | 'local') =>
    (
      await rig.intake.route(
        { origin, account: origin === 'local' ? null : account, address: '127.0.0.1' },
        'ann@us.test',
      )
    ).routes.map(route => route.kind);
  expect(await kinds('webmail')).toEqual(['relay']);
  expect(await kinds('local')).toEqual(['mailbox']);
});

test('what a rule sends on goes to the provider as its owner’s, who hears where that fails', async () => {
  const hop = await rig.hop({ answers: { RCPT: '550 5.1.1 Nobody of that name' } });
  const deed = {
    place: null,
    labels: [],
    read: false,
    star: false,
    forward: { to: 'a@far.test', keep: true },
    stop: false,
  };
  const conditions = [{ field: 'subject' as const, test: 'contains' as const, text: 'e' }];
  await rig.store.mailRules.save(rig.ann, null, { name: 'on', active: true, rule: { all: true, conditions, deed } });
  await rig.store.forwardConsents.free(rig.ann, ['a@far.test'], 1);
  rig.settings.webmail_smtp = rig.rules.webmail_smtp;
  const authorsGateway = async (author: number | null) => {
    if (author !== rig.ann) throw new Error('it is nobody’s');
    return { domain: '*', host: '127.0.0.1', port: hop.port };
  };
  await rig.submit([{ address: 'ann@us.test' }], { from: 'peer', reversePath: 'eve@else.test' });
  await rig.carry({ authorsGateway });
  await rig.settled();
  expect(hop.heard).toContainEqual(expect.stringMatching(/^MAIL FROM:<ann@us\.test>/));
  // Of the report, which the rule sends on too, there is none.
  expect(await rig.reports()).toHaveLength(1);
});

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

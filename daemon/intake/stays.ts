import { addressKey } from '../mail/address.ts';
import { readHeader } from '../mail/header.ts';
import type { Delivery, Stay, Store } from '../store.ts';
import { contentOf, mostKept, summaryOf } from './release.ts';

type Deps = { store: Store; now: () => number };

/**
 * Mail that was sent on and is not taken there goes into the mailbox that sent it on, as if it had stayed there. Null:
 * that is gone, or full, or nobody sent it on.
 */
export function createStays({ store, now }: Deps) {
  return async (d: Delivery): Promise<Stay | null> => {
    const [passed] = readHeader(Buffer.from(d.fields)).all('delivered-to');
    const account = passed === undefined ? null : await store.accounts.byAddress(addressKey(passed));
    if (!account || account.disabled || (account.quota > 0 && account.used >= account.quota)) return null;
    const content = await contentOf(d.contentId, store);
    const { id: accountId, address } = account;
    const filing = {
      ...{ receivedAt: now(), origin: d.origin, accountId: d.accountId, reversePath: d.sender, hold: null },
      ...{ ret: null, envid: null, eightBit: d.eightBit, smtpUtf8: d.smtpUtf8 },
      ...{ summary: await summaryOf(content), content: { size: d.size } },
      // What has been there is not sent on again by its rules.
      ...{ passed: d.fields, header: content.header.toString('latin1', 0, mostKept) },
    };
    const routes = [{ kind: 'mailbox' as const, accountId, address }];
    return { contentId: d.contentId, accountId, filing, recipients: [{ address, notify: null, orcpt: null, routes }] };
  };
}

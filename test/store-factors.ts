import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Account, mostAppPasswords, type Store } from '../daemon/store.ts';
import type { Engine } from './store-contract.ts';

const minute = 60_000;

/** What else than a password signs in: app passwords, the second factor, trusted browsers. */
export function factorContract(name: string, engine: Engine): void {
  describe(`app passwords and the second factor, on ${name}`, () => {
    let store: Store;
    let ann: Account;
    let bob: Account;
    const account = async (address: string) =>
      (await store.accounts.create({ address, name: '', passwordHash: 'phc', quota: 0, at: 1 }))!;
    const make = (key: string, hash: string, at = 10, accountId = ann.id) =>
      store.appPasswords.make({ accountId, name: `for ${key}`, key, hash, at });
    beforeAll(async () => {
      store = await engine.open();
      ann = await account('ann@two.test');
      bob = await account('bob@two.test');
    });
    afterAll(() => engine.close(store));

    test('an app password is found by its hash, for its account alone', async () => {
      const id = await make('a', 'hash-a');
      expect(await store.appPasswords.find(ann.id, 'hash-a')).toEqual({
        ...{ id, name: 'for a', madeAt: 10, usedAt: null, usedWay: null, usedFrom: '' },
      });
      expect(await store.appPasswords.find(bob.id, 'hash-a')).toBeNull();
      expect(await store.appPasswords.find(ann.id, 'hash-b')).toBeNull();
    });

    test('the same form makes one app password: the latest, until a program has it', async () => {
      const id = (await make('twice', 'first')) as number;
      expect(await make('twice', 'second')).toBe(id);
      expect(await store.appPasswords.find(ann.id, 'first')).toBeNull();
      await store.appPasswords.used(id, { way: 'pop3', from: '192.0.2.1', at: 20 });
      expect(await make('twice', 'third')).toBe('used');
      expect(await store.appPasswords.find(ann.id, 'second')).toMatchObject({
        ...{ usedAt: 20, usedWay: 'pop3', usedFrom: '192.0.2.1' },
      });
      expect((await store.appPasswords.list(ann.id)).map(a => a.name)).toEqual(['for twice', 'for a']);
      expect(await store.appPasswords.list(bob.id)).toEqual([]);
    });

    test('a revoked app password is none, and comes back only at once and to its owner', async () => {
      const id = (await make('lost', 'hash-lost')) as number;
      expect(await store.appPasswords.revoke(bob.id, id, 100)).toBeNull();
      expect(await store.appPasswords.revoke(ann.id, id, 100)).toBe('for lost');
      expect(await store.appPasswords.revoke(ann.id, id, 100)).toBeNull();
      expect(await store.appPasswords.find(ann.id, 'hash-lost')).toBeNull();
      expect(await store.appPasswords.restore(bob.id, id, 200)).toBeNull();
      expect(await store.appPasswords.restore(ann.id, id, 100 + 11 * minute)).toBe(false);
      expect(await store.appPasswords.restore(ann.id, id, 100 + 9 * minute)).toBe(true);
      expect(await store.appPasswords.find(ann.id, 'hash-lost')).toMatchObject({ id });
      await store.appPasswords.revoke(ann.id, id, 200);
      // What the form answers, sent again, is shown as one that opens mail.
      expect(await make('lost', 'hash-again', 150)).toBe(id);
      expect(await store.appPasswords.find(ann.id, 'hash-again')).toMatchObject({ id });
      await store.appPasswords.revoke(ann.id, id, 200);
      // The next that is made removes those nobody can have back.
      await make('after', 'hash-after', 201 + 10 * minute);
      expect(await store.appPasswords.restore(ann.id, id, 202)).toBeNull();
    });

    test('there are only so many app passwords, and all can be revoked at once', async () => {
      for (let i = 0; i < mostAppPasswords; i++)
        expect(await make(`${i}`, `bob-${i}`, 10, bob.id)).toBeTypeOf('number');
      expect(await make('more', 'bob-more', 10, bob.id)).toBe('full');
      expect(await store.appPasswords.revokeAll(bob.id)).toBe(mostAppPasswords);
      expect(await store.appPasswords.list(bob.id)).toEqual([]);
      expect(await store.appPasswords.find(ann.id, 'hash-a')).not.toBeNull();
    });

    test('the second factor is switched on once, and its codes are taken in order, each once', async () => {
      const on = { accountId: ann.id, sealed: 'sealed', step: 1000, recovery: ['r1', 'r2'], at: 5 };
      expect(await store.accounts.credentials(ann.id)).toEqual({ passwordHash: 'phc', secondFactor: false });
      expect(await store.secondFactors.get(ann.id)).toBeNull();
      expect(await store.secondFactors.switchOn(on)).toBe(true);
      expect(await store.secondFactors.switchOn({ ...on, sealed: 'other', recovery: ['r9'] })).toBe(false);
      expect(await store.secondFactors.get(ann.id)).toEqual({ sealed: 'sealed', since: 5, recoveryCodes: 2 });
      expect(await store.accounts.credentials(ann.id)).toEqual({ passwordHash: 'phc', secondFactor: true });
      expect(await store.accounts.credentials(bob.id)).toEqual({ passwordHash: 'phc', secondFactor: false });
      const steps = [1000, 1001, 1001, 999, 1002];
      const taken = await Promise.all(steps.map(step => store.secondFactors.takeStep(ann.id, step)));
      expect(taken).toEqual([false, true, false, false, true]);
      expect(await store.secondFactors.takeStep(bob.id, 1002)).toBe(false);
      // Somebody set the clock back: no code that counts now can have been taken.
      expect(await store.secondFactors.takeStep(ann.id, 1000)).toBe(false);
      expect(await store.secondFactors.takeStep(ann.id, 500)).toBe(true);
      expect(await store.secondFactors.takeStep(ann.id, 500)).toBe(false);
    });

    test('a recovery code is taken once, and new ones stand in place of those left', async () => {
      expect(await store.secondFactors.takeRecovery(bob.id, 'r1')).toBeNull();
      const taken = await Promise.all(['r1', 'r1'].map(hash => store.secondFactors.takeRecovery(ann.id, hash)));
      expect(taken).toEqual([1, null]);
      await store.secondFactors.renewRecovery(ann.id, ['n1', 'n2', 'n3']);
      expect(await store.secondFactors.takeRecovery(ann.id, 'r2')).toBeNull();
      expect(await store.secondFactors.takeRecovery(ann.id, 'n3')).toBe(2);
      await store.secondFactors.renewRecovery(bob.id, ['b1']);
      expect(await store.secondFactors.takeRecovery(bob.id, 'b1')).toBeNull();
    });

    test('a trusted browser is trusted with its account, until its time', async () => {
      const trust = { accountId: ann.id, sessionId: 0, at: 10, expiresAt: 100, address: '::1', agent: 'a' };
      await store.trustedBrowsers.trust('t1', trust);
      const id = await store.trustedBrowsers.find(ann.id, ['x', 't1'], 50);
      expect(await store.trustedBrowsers.list(ann.id, 50)).toEqual([
        { id, at: 10, expiresAt: 100, address: '::1', agent: 'a' },
      ]);
      expect(await store.trustedBrowsers.find(bob.id, ['t1'], 50)).toBeNull();
      expect(await store.trustedBrowsers.find(ann.id, ['x'], 50)).toBeNull();
      expect(await store.trustedBrowsers.find(ann.id, [], 50)).toBeNull();
      expect(await store.trustedBrowsers.find(ann.id, ['t1'], 100)).toBeNull();
      expect(await store.trustedBrowsers.list(ann.id, 100)).toEqual([]);
      await store.trustedBrowsers.forgetAll(bob.id);
      expect(await store.trustedBrowsers.find(ann.id, ['t1'], 50)).toBe(id);
      await store.trustedBrowsers.forgetAll(ann.id);
      expect(await store.trustedBrowsers.find(ann.id, ['t1'], 50)).toBeNull();
    });

    test('a session by the password alone is not made where a second factor is on, but in a browser that is trusted', async () => {
      const session = { accountId: ann.id, at: 1, expiresAt: 1000, address: '', agent: '' };
      const made = async (secret: string, trusted: string[], accountId = ann.id) =>
        (await store.sessions.createByPassword(secret, { ...session, accountId }, trusted)) !== null;
      const trust = { accountId: ann.id, sessionId: 0, at: 0, address: '', agent: '' };
      await store.trustedBrowsers.trust('t-now', { ...trust, expiresAt: 100 });
      await store.trustedBrowsers.trust('t-past', { ...trust, expiresAt: 1 });
      expect([await made('p1', []), await made('p2', ['x', 't-past'])]).toEqual([false, false]);
      expect([await made('p3', ['x', 't-now']), await made('p4', [], bob.id)]).toEqual([true, true]);
      expect(await made('p5', ['t-now'], bob.id)).toBe(true);
      const found = await Promise.all(['p1', 'p2', 'p3', 'p4'].map(secret => store.sessions.find(secret, 10)));
      expect(found.map(s => s?.accountId)).toEqual([undefined, undefined, ann.id, bob.id]);
      await store.sessions.removeAll(ann.id);
    });

    test('the end of a session from elsewhere is the end of the trust in its browser', async () => {
      const session = { accountId: ann.id, at: 1, expiresAt: 1000, address: '', agent: '' };
      const [here, there, far] = await Promise.all(
        ['here', 'there', 'far'].map(secret => store.sessions.create(secret, session)),
      );
      const known = async () => {
        const all = ['here', 'there', 'far'].map(s => store.trustedBrowsers.find(ann.id, [`t-${s}`], 50));
        return (await Promise.all(all)).map(id => id !== null);
      };
      const trust = (secret: string, sessionId: number) =>
        store.trustedBrowsers.trust(`t-${secret}`, {
          ...{ accountId: ann.id, sessionId, at: 10, expiresAt: 100, address: '', agent: '' },
        });
      await trust('here', 0);
      await trust('there', there!);
      await trust('far', far!);
      await store.trustedBrowsers.signedIn(ann.id, ['t-here'], here!);
      // Who signs out on the device itself comes back without a code.
      await store.sessions.remove('far');
      expect(await known()).toEqual([true, true, true]);
      await store.sessions.end(ann.id, there!);
      expect(await known()).toEqual([true, false, true]);
      await store.sessions.endOthers(ann.id, here!);
      expect(await known()).toEqual([true, false, false]);
      await store.sessions.removeAll(ann.id);
      expect(await known()).toEqual([false, false, false]);
    });

    test('switching off takes recovery codes and trust along, and leaves app passwords', async () => {
      const trust = { accountId: ann.id, sessionId: 0, at: 10, expiresAt: 100, address: '', agent: '' };
      await store.trustedBrowsers.trust('t9', trust);
      expect(await store.secondFactors.switchOff(ann.id)).toBe(true);
      expect(await store.secondFactors.switchOff(ann.id)).toBe(false);
      expect(await store.secondFactors.get(ann.id)).toBeNull();
      expect(await store.trustedBrowsers.find(ann.id, ['t9'], 50)).toBeNull();
      await store.secondFactors.switchOn({ accountId: ann.id, sealed: 's', step: 1, recovery: [], at: 5 });
      expect(await store.secondFactors.takeRecovery(ann.id, 'n1')).toBeNull();
      expect(await store.appPasswords.find(ann.id, 'hash-a')).not.toBeNull();
    });
  });
}

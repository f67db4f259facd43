import { createHash } from 'node:crypto';
import type { Auth, AuthDeps, Standing } from '../auth.ts';

export function createStanding({
  store,
  atProvider,
}: Pick<AuthDeps, 'store' | 'atProvider'>): Pick<Auth, 'standing' | 'stands'> {
  const ownOf = async (accountId: number): Promise<string> => {
    const { passwordHash, secondFactor } = await store.accounts.credentials(accountId);
    const password = atProvider ? (await store.providerLogins.of(accountId))?.sealed : passwordHash;
    return createHash('sha256')
      .update(JSON.stringify([password ?? null, secondFactor]))
      .digest('base64');
  };
  const appsOf = async (accountId: number) => (await store.appPasswords.list(accountId)).map(a => a.id);
  const standing = async (accountId: number): Promise<Standing> => ({
    accountId,
    own: await ownOf(accountId),
    apps: await appsOf(accountId),
  });
  return {
    standing,
    async stands(before) {
      const now = await standing(before.accountId);
      return now.own === before.own && before.apps.every(id => now.apps.includes(id));
    },
  };
}

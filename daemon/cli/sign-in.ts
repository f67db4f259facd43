import type { AppPassword } from '../store.ts';
import { addressIn, type CommandContext, existing, print, withStore } from './command.ts';

/** Shows whether an account has a second factor, or switches it off for who is locked out. */
export async function secondFactor(context: CommandContext): Promise<number> {
  const address = addressIn(context.args[0] ?? '');
  return await withStore(context, async store => {
    const { id } = await existing(store, address);
    const factor = await store.secondFactors.get(id);
    if (factor === null) print(`${address} has no second factor`);
    else if (context.options.off) {
      await store.secondFactors.switchOff(id);
      print(`${address} has no second factor any more; the password is enough`);
    } else {
      const since = new Date(factor.since).toISOString();
      print(`${address} has a second factor since ${since}, and ${counted(factor.recoveryCodes, 'recovery code')}`);
    }
    return 0;
  });
}

/** Lists the passwords of an account's mail programs, or revokes them all. */
export async function appPasswords(context: CommandContext): Promise<number> {
  const address = addressIn(context.args[0] ?? '');
  return await withStore(context, async store => {
    const { id } = await existing(store, address);
    if (context.options.revoke) {
      print(`${address}: ${counted(await store.appPasswords.revokeAll(id), 'app password')} revoked`);
      return 0;
    }
    const all = await store.appPasswords.list(id);
    if (all.length === 0) print(`${address} has no app passwords`);
    for (const one of all) print(line(one));
    return 0;
  });
}

const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

function line({ name, madeAt, usedAt, usedWay, usedFrom }: AppPassword): string {
  const when = (at: number) => new Date(at).toISOString();
  const use = usedAt === null ? 'not used' : `used ${when(usedAt)} by ${usedWay} from ${usedFrom}`;
  return [name, `made ${when(madeAt)}`, use].join('  ');
}

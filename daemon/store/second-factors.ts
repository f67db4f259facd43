import { mustRow, row, run, type Work } from './sql.ts';
import type { Read, Write } from './verbs.ts';

/** What is asked for at sign-in besides the password. */
export type SecondFactor = {
  /** The key of the codes, as wire/seal.ts closes it. */
  sealed: string;
  since: number;
  /** Recovery codes that are left. */
  recoveryCodes: number;
};

/** Codes of so many steps count at a time, less one. */
const countedSteps = 2;

export type NewSecondFactor = {
  accountId: number;
  sealed: string;
  /** The time step of the code that confirmed it: taken, like any other (RFC 6238 §5.2). */
  step: number;
  /** SHA-256 of the recovery codes, in hex. */
  recovery: string[];
  at: number;
};

export type SecondFactors = {
  /** Null: the password is enough. */
  get(accountId: number): Promise<SecondFactor | null>;
  /** False: it is on already. */
  switchOn(fresh: NewSecondFactor): Promise<boolean>;
  /** With it go recovery codes and trusted browsers. False: it was not on. */
  switchOff(accountId: number): Promise<boolean>;
  /** Takes the code of a time step, once and none before it again. False: it was taken. */
  takeStep(accountId: number, step: number): Promise<boolean>;
  /** Takes a recovery code, once; answers how many are left. Null: there is no such code. */
  takeRecovery(accountId: number, hash: string): Promise<number | null>;
  /** In place of those that are left. */
  renewRecovery(accountId: number, recovery: string[]): Promise<void>;
};

function* keepCodes(accountId: number, recovery: string[]): Work<void> {
  yield* run('delete from recovery_code where account_id = ?', accountId);
  for (const hash of recovery) yield* run('insert into recovery_code (account_id, hash) values (?,?)', accountId, hash);
}

function* codesLeft(accountId: number): Work<number> {
  return (yield* mustRow<{ n: number }>('select count(*) as n from recovery_code where account_id = ?', accountId)).n;
}

function* factor(accountId: number): Work<SecondFactor | null> {
  const found = yield* row<{ sealed: string; since: number }>(
    'select sealed, since from second_factor where account_id = ?',
    accountId,
  );
  return found ? { ...found, recoveryCodes: yield* codesLeft(accountId) } : null;
}

export const secondFactorVerbs = {
  *switchFactorOn({ accountId, sealed, step, recovery, at }: NewSecondFactor): Work<boolean> {
    const made = yield* run(
      'insert into second_factor (account_id, sealed, since, last_step) values (?,?,?,?) on conflict do nothing',
      ...[accountId, sealed, at, step],
    );
    if (made > 0) yield* keepCodes(accountId, recovery);
    return made > 0;
  },
  *switchFactorOff({ accountId }: { accountId: number }): Work<boolean> {
    yield* run('delete from recovery_code where account_id = ?', accountId);
    yield* run('delete from trusted_browser where account_id = ?', accountId);
    return (yield* run('delete from second_factor where account_id = ?', accountId)) > 0;
  },
  *takeFactorStep({ accountId, step }: { accountId: number; step: number }): Work<boolean> {
    // One further on than any code that counts now was taken before somebody set the clock back.
    const taken = yield* run(
      'update second_factor set last_step = ? where account_id = ? and (last_step < ? or last_step > ?)',
      ...[step, accountId, step, step + countedSteps],
    );
    return taken > 0;
  },
  *takeRecoveryCode({ accountId, hash }: { accountId: number; hash: string }): Work<number | null> {
    const taken = yield* run('delete from recovery_code where account_id = ? and hash = ?', accountId, hash);
    return taken > 0 ? yield* codesLeft(accountId) : null;
  },
  *renewRecoveryCodes({ accountId, recovery }: { accountId: number; recovery: string[] }): Work<void> {
    // Not of an account whose factor was switched off meanwhile.
    if (yield* factor(accountId)) yield* keepCodes(accountId, recovery);
  },
};

export function createSecondFactors(read: Read, write: Write): SecondFactors {
  return {
    get: accountId => read(factor(accountId)),
    switchOn: fresh => write('switchFactorOn', fresh),
    switchOff: accountId => write('switchFactorOff', { accountId }),
    takeStep: (accountId, step) => write('takeFactorStep', { accountId, step }),
    takeRecovery: (accountId, hash) => write('takeRecoveryCode', { accountId, hash }),
    renewRecovery: (accountId, recovery) => write('renewRecoveryCodes', { accountId, recovery }),
  };
}

import type { Account } from './shapes.ts';

export type Accounts = {
  /** By id or by exact address (lower case); null: there is none. */
  byId(id: number): Promise<Account | null>;
  byAddress(address: string): Promise<Account | null>;
  /** The PHC string to check a password against; null: the account has none and cannot sign in. */
  passwordHash(id: number): Promise<string | null>;
  list(): Promise<Account[]>;
  /** Makes the account and its folders. Null: the address is taken (or was, and is kept from re-use). */
  create(a: {
    address: string;
    name: string;
    passwordHash: string | null;
    quota: number;
    at: number;
  }): Promise<Account | null>;
  setPassword(id: number, passwordHash: string): Promise<void>;
  set(id: number, fields: Partial<Pick<Account, 'name' | 'quota' | 'pop3' | 'disabled'>>): Promise<void>;
  /** Removes the account with all it holds; its address stays reserved. False: there was none. */
  remove(id: number, at: number): Promise<boolean>;
  /** False when an account has it or had it. */
  isFree(address: string): Promise<boolean>;
};

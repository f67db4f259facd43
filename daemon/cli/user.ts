import { hashPassword, passwordProblem } from '../auth.ts';
import { ownDomains, type Settings } from '../config.ts';
import { domainOf, localOf } from '../mail/address.ts';
import type { Account } from '../store.ts';
import { inBytes } from './bytes.ts';
import { addressIn, type CommandContext, existing, PlainError, print, secretFromStdin, withStore } from './command.ts';

export async function add(context: CommandContext): Promise<number> {
  const address = addressOf(context);
  const password = await passwordFor(address);
  return await withStore(context, async (store, settings) => {
    const domain = domainOf(address);
    if (!ownDomains(settings).includes(domain))
      throw new PlainError(`${domain} is none of ours: ${domainsInWords(settings)}`);
    const made = await store.accounts.create({
      address,
      name: context.options.name ?? '',
      passwordHash: await hashPassword(password),
      quota: settings.user_quota,
      at: Date.now(),
    });
    if (!made) throw new PlainError(`${address} is taken, or was somebody's and is kept from re-use`);
    print(`${address} is made`);
    return 0;
  });
}

export async function passwd(context: CommandContext): Promise<number> {
  const address = addressOf(context);
  const password = await passwordFor(address);
  return await withStore(context, async store => {
    const account = await existing(store, address);
    await store.accounts.setPassword(account.id, await hashPassword(password));
    await store.sessions.removeAll(account.id);
    print(`${address} has a new password; its sessions are ended`);
    const others = (await store.appPasswords.list(account.id)).length;
    if (others > 0) print(`app passwords that go on: ${others} (cwmail user app-passwords ${address})`);
    return 0;
  });
}

export async function list(context: CommandContext): Promise<number> {
  return await withStore(context, async store => {
    const accounts = (await store.accounts.list()).map(shown);
    if (context.options.json) print(JSON.stringify(accounts, null, 2));
    else for (const a of accounts) print(line(a));
    return 0;
  });
}

export async function del(context: CommandContext): Promise<number> {
  const address = addressOf(context);
  return await withStore(context, async store => {
    // Also one whose removal broke off.
    const account = await store.accounts.byAddress(address);
    if (!account) throw new PlainError(`there is no account ${address}`);
    await store.accounts.remove(account.id, Date.now());
    print(`${address} is gone, with its mail; the address is kept from re-use`);
    return 0;
  });
}

function domainsInWords({ host_domain, vdomain }: Settings): string {
  const further = vdomain.length ? `, vdomain has ${vdomain.map(v => v.domain).join(',')}` : '';
  return `host_domain is ${host_domain.join(',')}${further}`;
}

const line = ({ address, used, quota, pop3, disabled }: ReturnType<typeof shown>): string => {
  const room = `${inBytes(used)}${quota === null ? '' : ` of ${inBytes(quota)}`}`;
  return [address, room, pop3 ? '' : 'no POP3', disabled ? 'disabled' : ''].filter(Boolean).join('  ');
};

/** Null quota: no limit. */
const shown = (a: Account) => ({
  address: a.address,
  created: new Date(a.createdAt).toISOString(),
  quota: a.quota === 0 ? null : a.quota,
  used: a.used,
  pop3: a.pop3,
  disabled: a.disabled,
});

const addressOf = ({ args }: CommandContext): string => addressIn(args[0] ?? '');

async function passwordFor(address: string): Promise<string> {
  const password = await secretFromStdin();
  const problem = passwordProblem(password, localOf(address));
  if (problem) throw new PlainError(problemInWords[problem] ?? `the password cannot be taken (${problem})`);
  return password;
}

const problemInWords: Record<string, string> = {
  'signup.password_short': 'the password is too short: it needs at least 8 characters',
  'signup.password_long': 'the password is too long',
  'signup.password_is_name': 'the password must not be the user name',
  'signup.password_common': 'the password is among the first that are guessed: take another, such as a few words',
};

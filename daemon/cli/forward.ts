import { addressKey, parseAddress } from '../mail/address.ts';
import { targetProblem } from '../mail/aliases.ts';
import type { Account, ConsentState } from '../store.ts';
import { addressIn, type CommandContext, existing, PlainError, print, UsageError, withStore } from './command.ts';

/** As much as the user databases of old could say in one reply. */
const mostForwards = 20;
const mostOctets = 1000;

/** Where an account's mail goes; without addresses it is shown. */
export async function forward({ args, options }: CommandContext): Promise<number> {
  const [name = '', ...targets] = args;
  const address = addressIn(name);
  const forwards = [...new Set(targets.map(target))];
  if (options.off && forwards.length) throw new UsageError('--off ends all forwards: it takes no address');
  if (forwards.length > mostForwards)
    throw new PlainError(
      `at most ${mostForwards} addresses, not ${forwards.length}: for more, an alias of many makes a group`,
    );
  const octets = Buffer.byteLength(forwards.join(','));
  if (octets > mostOctets) throw new PlainError(`all addresses together may have ${mostOctets} octets, not ${octets}`);
  return await withStore({ args, options }, async (store, settings) => {
    const account = await existing(store, address);
    if (options.off || forwards.length)
      await store.accounts.set(account.id, { forwards, keepsCopy: options.keep === true });
    // Who runs the house answers for it: nobody is asked.
    await store.forwardConsents.free(account.id, forwards, Date.now());
    const now = (await store.accounts.byId(account.id))!;
    print(shown(now));
    for (const c of await store.forwardConsents.list(account.id))
      if (now.forwards.includes(c.address) && unsaid[c.state] && (settings.forward_confirm || c.state === 'refused'))
        print(`  ${c.address} ${unsaid[c.state]}`);
    return 0;
  });
}

/** What a user set on the site, and does not hold. */
const unsaid: Record<ConsentState, string> = {
  waiting: 'is asked whether it wants that: until then mail stays here',
  refused: 'does not want that: mail stays here',
  confirmed: '',
  free: '',
};

function target(text: string): string {
  const problem = targetProblem(text);
  if (problem) throw new PlainError(problem);
  const parsed = parseAddress(text);
  if (!parsed) throw new UsageError(`"${text}" is no address`);
  return addressKey(parsed);
}

function shown({ address, forwards, keepsCopy }: Account): string {
  if (forwards.length === 0) return `mail for ${address} stays here`;
  return `mail for ${address} goes to ${forwards.join(', ')}${keepsCopy ? ', and a copy stays here' : ''}`;
}

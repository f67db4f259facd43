import type { Settings } from '../config.ts';
import { addressKey, domainOf, formatAddress, localOf, subaddress } from '../mail/address.ts';
import { authorsOf } from '../mail/authors.ts';
import { type Reply, reply } from '../mail/reply.ts';
import type { Account, Store } from '../store.ts';
import { isSubmission, type Visitor } from './policy.ts';
import type { AliasFileSettings, AliasFiles } from './recipient/alias-files.ts';
import { type DomainSettings, fallbackOf, isLocal, isSynonym, maySendAs, targetsOf } from './tables.ts';

/** As whom may a visitor send? Peers and the fetcher bring mail of anybody. */
export type Senders = {
  /** Null: who signed in has the address, or an administrator lets it be used; a program's is of our domains. */
  refuseReversePath(visitor: Visitor, reversePath: string | null): Promise<Reply | null>;
  /** The same for whom the header of a submission names. */
  refuseHeader(visitor: Visitor, head: Buffer): Promise<Reply | null>;
  /** The same for one address, asked beforehand. */
  refuseAs(account: Account, address: string): Promise<Reply | null>;
  /** Addresses that lead to the account, or that it is let send as, besides its own: those of lines without wildcards. */
  addressesOf(account: Account): Promise<string[]>;
};

export type SenderSettings = Pick<Settings, 'alias' | 'send_as' | 'fallback_address'> &
  DomainSettings &
  AliasFileSettings;

/** Aliases of aliases, as many as an honest site has. */
const mostAddresses = 500;

/** Reports of what fails come back to it. */
const foreign = reply(550, '7.1', 'Programs of this machine send with addresses of its own domains only');
const disabled = reply(550, '2.1', 'This account is disabled');
const unreadable = reply(451, '3.5', 'The aliases of this domain cannot be read just now, try again later');

export function createSenders({
  store,
  settings,
  aliasFiles,
}: {
  store: Store;
  settings: SenderSettings;
  aliasFiles: AliasFiles;
}): Senders {
  return {
    async refuseReversePath(visitor, reversePath) {
      if (await isClosed(visitor.account)) return disabled;
      if (reversePath === null) return null;
      if (visitor.origin === 'local') return isLocal(domainOf(addressKey(reversePath)), settings) ? null : foreign;
      return isSubmission(visitor) ? await refuse(visitor.account, reversePath) : null;
    },
    refuseHeader: async (visitor, head) => (isSubmission(visitor) ? await refuseAuthors(visitor.account, head) : null),
    refuseAs: (account, address) => refuse(account, address),
    async addressesOf(account) {
      const found = new Set([account.address]);
      for (let before = 0; before < found.size && found.size < mostAddresses; ) {
        before = found.size;
        const lines = settings.alias.filter(({ to }) => found.has(to));
        for (const key of [...lines.map(l => l.from), ...(await aliasFiles.leadingTo(found))]) found.add(key);
      }
      for (const { account: who, address } of settings.send_as)
        if (who === account.address && !/[*?]/.test(address)) found.add(address);
      found.delete(account.address);
      // What a line says and what holds may differ: another line may stand before it.
      const held: string[] = [];
      for (const address of [...found].slice(0, mostAddresses))
        if (address.includes('@') && (await refuse(account, address)) === null) held.push(address);
      return held.sort();
    },
  };

  /** A session may be open for hours after its account was disabled or removed. */
  async function isClosed(account: Account | null): Promise<boolean> {
    return account !== null && (await store.accounts.byAddress(account.address))?.disabled !== false;
  }

  async function refuse(account: Account | null, address: string): Promise<Reply | null> {
    if (account === null) return notYours(address, null);
    const seen = new Set([addressKey(address)]);
    for (const key of seen) {
      if (isOwn(account, key) || maySendAs(settings.send_as, account.address, key)) return null;
      const others = seen.size < mostAddresses ? await otherNames(key) : [];
      if (others === null) return unreadable;
      for (const other of others) seen.add(other);
    }
    return notYours(address, account);
  }

  /** Forwards are no names of an account: who gets copies of a domain's mail is not everybody in it. */
  async function otherNames(key: string): Promise<string[] | null> {
    const inFiles = settings.alias_file.length > 0 ? await aliasFiles.targets(key) : [];
    if (inFiles === null) return null;
    const aliases = [...targetsOf(settings.alias, [key]), ...inFiles];
    return aliases.length > 0 ? aliases : await synonymOf(key);
  }

  async function synonymOf(key: string): Promise<string[]> {
    const domain = domainOf(key);
    if (!isSynonym(domain, settings) || fallbackOf(settings.fallback_address, domain)) return [];
    if (await store.accounts.byAddress(untagged(key))) return [];
    return [formatAddress({ local: localOf(key), domain: settings.host_domain[0]! })];
  }

  async function refuseAuthors(account: Account | null, head: Buffer): Promise<Reply | null> {
    const authors = authorsOf(head);
    if (authors === null) return null;
    if ('wrong' in authors)
      return reply(550, '7.1', `${authors.wrong}: say whom the message is from in one From field`);
    // Who sends a message on as it is names the own address in Resent-From; the author stays, but never one of ours.
    const mustBeOwn = authors.resent.length
      ? [...authors.resent, ...authors.written.filter(a => isLocal(domainOf(addressKey(a)), settings))]
      : authors.written;
    for (const address of mustBeOwn) {
      const refusal = await refuse(account, address);
      if (refusal) return refusal;
    }
    return null;
  }
}

const isOwn = (account: Account, key: string): boolean => key === account.address || untagged(key) === account.address;

function untagged(key: string): string {
  return key.includes('+') ? formatAddress({ local: subaddress(localOf(key)).user, domain: domainOf(key) }) : key;
}

const notYours = (address: string, account: Account | null): Reply =>
  reply(
    550,
    '7.1',
    `You may send with your own addresses only${account ? ` (${account.address})` : ''}, not as ${address.slice(0, 254)}`,
  );

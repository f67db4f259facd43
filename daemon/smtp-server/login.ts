import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Auth, Standing, Verdict } from '../auth.ts';
import { type Reply, reply } from '../mail/reply.ts';
import type { Account, Store } from '../store.ts';
import { isLoopback } from '../wire/ip.ts';
import type { Service } from './session.ts';

export type Credentials = {
  method?: string;
  username?: string;
  password?: string;
  authzid?: string;
  /** CRAM-MD5: is this the secret the answer was made with? */
  validatePassword?: (secret: string) => boolean;
};
export type SignedIn = {
  service: Service | null;
  account: Account | null;
  name: string;
  /** What opened the account when it was let in; null: a key of this house did, or a secret of the settings. */
  standing: Standing | null;
};

export type LoginOptions = {
  auth: Auth;
  store: Store;
  serviceKey: string;
  /** The address of ours that was dialled. */
  local: string;
  /** The secret of an account for CRAM-MD5; null: it has none. */
  odmrSecret: (address: string) => string | null;
  /** service_ip of the settings. */
  mayServe: (address: string) => boolean;
};

/** Only whoever has the right password hears it. */
const needsAppPassword = reply(
  535,
  '7.8',
  'This account asks for a second factor: make an app password on the site, under Settings, and use that here',
);
const siteOnly = reply(535, '7.8', 'This account asks for a second factor: a mail program signs in at the provider');
const wrongPassword = reply(535, '7.8', 'The name or the password is wrong');

/** SASL PLAIN and LOGIN: users by their password; services by their key, acting for a user (RFC 4616 authzid). */
export async function login(given: Credentials, peer: string, options: LoginOptions): Promise<SignedIn | Reply> {
  const { username = '', password = '', authzid = '' } = given;
  const { auth, local } = options;
  if (given.method === 'CRAM-MD5')
    return answerOf(await auth.challenge(username, byChallenge(given, options), { peer, local }));
  if (username === 'webmail' || username === 'fetcher' || username === 'local')
    return await loginService(username, password, authzid, peer, options);
  // To act for somebody else is the services' alone.
  if (authzid !== '' && authzid.toLowerCase() !== username.toLowerCase()) return wrongPassword;
  const answer = answerOf(await auth.check(username, password, { peer, protocol: 'smtp', local }));
  if ('code' in answer || !answer.account) return answer;
  return { ...answer, standing: await auth.standing(answer.account.id) };
}

/** RFC 2195, for who may take parked mail: a stored hash could not be compared with the answer. */
function byChallenge({ validatePassword }: Credentials, { odmrSecret }: LoginOptions): (address: string) => boolean {
  return address => {
    const secret = odmrSecret(address);
    return validatePassword?.(secret ?? randomBytes(16).toString('hex')) === true && secret !== null;
  };
}

function answerOf(verdict: Verdict): SignedIn | Reply {
  switch (verdict.kind) {
    case 'known':
      return { service: null, account: verdict.account, name: verdict.account.address, standing: null };
    case 'app-password':
      return needsAppPassword;
    case 'site-only':
      return siteOnly;
    case 'throttled':
      return reply(454, '7.0', `Too many wrong passwords: try again in ${Math.ceil(verdict.seconds)} seconds`);
    case 'unavailable':
      return reply(454, '7.0', 'Passwords cannot be checked now, try again later');
    default:
      return wrongPassword;
  }
}

async function loginService(
  service: Service,
  password: string,
  authzid: string,
  peer: string,
  { store, serviceKey, mayServe }: LoginOptions,
): Promise<SignedIn | Reply> {
  const from = isLoopback(peer) || mayServe(peer);
  if (!from || !sameSecret(password, serviceKey)) return wrongPassword;
  if (authzid === '')
    return service === 'webmail' ? wrongPassword : { service, account: null, name: service, standing: null };
  // A program of this machine is nobody's: whom it sends as is the policy's to say.
  if (service === 'local') return wrongPassword;
  const account = await store.accounts.byAddress(authzid.toLowerCase());
  if (!account || account.disabled) return wrongPassword;
  return { service, account, name: account.address, standing: null };
}

/** Compared in constant time. */
export function sameSecret(given: string, secret: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(secret);
  return a.length === b.length && timingSafeEqual(a, b);
}

import type { SignupAnswer } from '../auth.ts';
import { ownDomains, type Settings } from '../config.ts';
import type { Store } from '../store.ts';
import { hashPassword } from './local.ts';
import { nameProblem, passwordProblem } from './names.ts';
import type { Throttle } from './throttle.ts';

export type SignupForm = { username: string; domain: string; name: string; password: string };

type Deps = { store: Store; settings: Settings; now: () => number; throttle: Throttle };
type Refusal = Extract<SignupAnswer, { ok: false }>;

const refusal = (field: Refusal['field'], reason: string): Refusal => ({ ok: false, field, reason });

/** What a person is called, as typed; longer is no name, and a control character would break lines elsewhere. */
const longestFullName = 100;

export function createSignup({ store, settings, now, throttle }: Deps) {
  /** Names being given away now: of many who want one at once, one hash is made. */
  const underWay = new Map<string, Promise<unknown>>();

  const available = async (username: string, domain: string): Promise<string | null> => {
    const wanted = addressOf(username, domain, settings);
    if (wanted === null) return 'signup.domain';
    const problem = nameProblem(normalName(username));
    if (problem) return problem;
    return (await store.accounts.isFree(wanted)) ? null : 'signup.taken';
  };

  const create = async (form: SignupForm, address: string, peer: string): Promise<SignupAnswer> => {
    if (!(await store.accounts.isFree(address))) return refusal('username', 'signup.taken');
    const entry = throttle.enterSignup(peer);
    if (!entry) return refusal('form', 'signup.too_many');
    let made = false;
    try {
      const passwordHash = await hashPassword(form.password);
      const name = form.name.trim();
      const account = await store.accounts.create({
        address,
        name,
        passwordHash,
        quota: settings.user_quota,
        at: now(),
      });
      if (!account) return refusal('username', 'signup.taken');
      made = true;
      throttle.welcome(peer, address, 'password');
      return { ok: true, accountId: account.id, address };
    } finally {
      entry.done(!made);
    }
  };

  const signup = async (form: SignupForm, peer: string): Promise<SignupAnswer> => {
    if (settings.signup === 'closed') return refusal('form', 'signup.closed');
    const address = addressOf(form.username, form.domain, settings);
    if (address === null) return refusal('username', 'signup.domain');
    const problem = formProblem(form);
    if (problem) return problem;
    const before = underWay.get(address) ?? Promise.resolve();
    const mine = before.then(() => create(form, address, peer));
    const settled = mine.catch(() => {});
    underWay.set(address, settled);
    void settled.then(() => underWay.get(address) === settled && underWay.delete(address));
    return mine;
  };
  return { signup, available };
}

const normalName = (username: string): string => username.trim().toLowerCase();

/** Null: the domain is none of ours. An empty one is the main domain. */
function addressOf(username: string, domain: string, settings: Settings): string | null {
  const wanted = domain.trim().toLowerCase() || settings.host_domain[0]!;
  return ownDomains(settings).includes(wanted) ? `${normalName(username)}@${wanted}` : null;
}

function formProblem({ username, name, password }: SignupForm): Refusal | null {
  const wrongName = nameProblem(normalName(username));
  if (wrongName) return refusal('username', wrongName);
  if (name.trim().length > longestFullName) return refusal('name', 'signup.name_long');
  if (/[\p{Cc}\u2028\u2029]/u.test(name)) return refusal('name', 'signup.name_characters');
  const wrongPassword = passwordProblem(password, normalName(username));
  return wrongPassword ? refusal('password', wrongPassword) : null;
}

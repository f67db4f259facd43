import { mailboxProvider, sendingProvider } from '../provider-line.ts';
import { type Declarations, single } from './declaration.ts';
import type { FetchAccount } from './fetching.ts';

/** The host of the mailboxes that the site shows; who may sign in there may sign in here. */
export type MailboxProvider = Pick<FetchAccount, 'host' | 'port' | 'implicitTls' | 'tls' | 'every' | 'after'> & {
  /** What it calls its users: by the whole address, or by what stands before the `@`. */
  user: 'address' | 'name';
};

/** The host that takes what users write, from each by their own name. */
export type SendingProvider = { host: string; port: number; tls: 'required' | 'implicit' | 'try' | 'off' };

export type ProviderSettings = {
  /** Null: the site shows mailboxes of its own. */
  webmail_for: MailboxProvider | null;
  /** Null: what is written goes its usual way. */
  webmail_smtp: SendingProvider | null;
};

/** What no line alone can be wrong about. */
export function providerMistakes(s: ProviderSettings & { signup: string; online: string }): string[] {
  const wrong: string[] = [];
  if ((s.webmail_for === null) !== (s.webmail_smtp === null))
    wrong.push('webmail_for and webmail_smtp go together: one of them is missing');
  if (s.webmail_for && s.signup === 'open')
    wrong.push('webmail_for: the provider makes the accounts, so say signup closed');
  if (s.webmail_for && s.online === 'never') wrong.push('webmail_for: nobody can sign in with online never');
  return wrong;
}

export const providerSettings: Declarations<ProviderSettings> = {
  webmail_for: single<MailboxProvider | null>({
    doc: 'The site shows mailboxes that lie at a provider: who signs in is checked there, by POP3, and the mail is fetched while they are signed in. Names are of the first host_domain. Options: user=address|name (what the provider calls its users), every=5m, keep or keep=14d or delete (keep is the default), tls=required|off. Empty: the mailboxes are here.',
    form: 'pop3[s]://HOST[:PORT] [OPTION…]',
    group: 'Fetching',
    initial: null,
    restart: true,
    parse: mailboxProvider,
  }),
  webmail_smtp: single<SendingProvider | null>({
    doc: 'Goes with webmail_for: the provider’s host that takes what users write, each signed in by their own name. Options: tls=required|implicit|off.',
    form: 'HOST[:PORT] [OPTION…]',
    group: 'Fetching',
    initial: null,
    restart: true,
    parse: sendingProvider,
  }),
};

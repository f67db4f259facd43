import type { Settings } from '../config.ts';
import { sameAddress } from '../wire/ip.ts';
import { isCommonPassword } from './common-passwords.ts';

/** RFC 2142, and what programs, certificate authorities and people take for the voice of the house. */
const reserved = `
  abuse hostmaster info marketing news noc postmaster sales security support usenet uucp webmaster www ftp
  bounce bounces daemon dmarc donotreply email etrn fetcher imap imaps list listmaster listserv mail mailbox mailer
  mailer-daemon mailman majordomo newsletter noreply no-reply null owner pop pop3 pop3s reply request smtp smtps spam
  submission tlsrpt unsubscribe virus webmail
  account accounts admin administration administrator administrators alert alerts auth authentication billing cert
  compliance contact customer directory feedback finance help helpdesk helpmaster hr invoice is it legal licensing login
  master media moderator notification notifications office official operator orders owner passwd password payment payments
  policy poweruser press privacy refund refunds register registration root rootuser secure service services signin signup
  ssladmin ssladministrator sslwebmaster staff sudo super superuser sysadmin sysadministrator sysop system team terms trust
  verify
  anonymous backup bin dovecot everybody everyone games guest lp nobody nouser postfix sync sys toor www-data
  api autoconfig autodiscover broadcasthost cdn dns domain isatap local localdomain localhost mta-sts mx network ns server static
  vpn web wpad
  false nan nil none true undefined void
  cwmail dmail popfetch dsmtp dpop dlist dwatch netauth`;

/** Hosts are numbered: mail2, ns1. */
const numberedHost = /^(?:mail|mx|ns|dns|www|smtp|pop|imap|web|server)\d+$/;

/** What looks alike in lower-case ASCII becomes one letter, and what a hurried eye passes over is left out. */
function skeleton(name: string): string {
  return name
    .replace(/[._-]/g, '')
    .replaceAll('rn', 'm')
    .replaceAll('vv', 'w')
    .replace(
      /[0l134578]/g,
      c => ({ '0': 'o', l: 'i', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '8': 'b' })[c]!,
    );
}

const reservedSkeletons = new Set(reserved.trim().split(/\s+/).map(skeleton));

export const shortestName = 3;
export const longestName = 40;

/** Why nobody may have this name (lower case), as a key of views/words; null: it is a fine name. */
export function nameProblem(name: string): string | null {
  if (name.length < shortestName) return 'signup.short';
  if (name.length > longestName) return 'signup.long';
  if (!/^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/.test(name) || name.includes('..')) return 'signup.characters';
  return numberedHost.test(name) || reservedSkeletons.has(skeleton(name)) ? 'signup.reserved' : null;
}

const shortestPassword = 8;
/** Octets. */
const longestPassword = 1024;

/** Why this password will not do, as a key of views/words. No rule but length, and that it is not guessed first: other rules make passwords worse (NIST SP 800-63B). */
export function passwordProblem(password: string, name: string): string | null {
  const lower = password.toLowerCase();
  if ([...password].length < shortestPassword) return 'signup.password_short';
  if (Buffer.byteLength(password) > longestPassword) return 'signup.password_long';
  // A line end or NUL can be typed into no POP3 or SASL login.
  if (/\p{Cc}/u.test(password)) return 'signup.password_characters';
  if (lower === name || lower.startsWith(`${name}@`)) return 'signup.password_is_name';
  return isCommonPassword(password) ? 'signup.password_common' : null;
}

type Domains = Pick<Settings, 'host_domain' | 'vdomain'>;

/**
 * The address meant by what somebody typed to sign in. The end of the name may say the domain: the suffix of a
 * vdomain, or what is behind `@`, or behind the `%` or `/` that old clients write in its place; no name of ours has
 * such signs. A bare name belongs to the vdomain of the address of ours that was dialled, else to the main domain.
 * `local`: that address; empty: none that counts.
 */
export function loginAddress(typed: string, { host_domain, vdomain }: Domains, local: string): string {
  const lower = typed.trim().toLowerCase();
  let best: { suffix: string; domain: string } | null = null;
  for (const { by, domain } of vdomain)
    if (by.kind === 'suffix' && lower.endsWith(by.suffix) && by.suffix.length > (best?.suffix.length ?? 0))
      best = { suffix: by.suffix, domain };
  if (best && lower.length > best.suffix.length) return `${lower.slice(0, -best.suffix.length)}@${best.domain}`;
  if (lower.includes('@')) return lower;
  const parts = /^(.*)[%/](.*)$/.exec(lower);
  if (parts) return `${parts[1]}@${parts[2]}`;
  const dialled = local === '' ? undefined : vdomain.find(v => v.by.kind === 'ip' && sameAddress(v.by.ip, local));
  return `${lower}@${dialled?.domain ?? host_domain[0]!}`;
}

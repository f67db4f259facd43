import { addressKey, parseAddress } from '../mail/address.ts';

/**
 * What becomes of a setting of an old dmail.conf that is not declared here: lines of ours in its place, or nothing,
 * for a reason. A name that is declared is kept, and its entry here is not looked at.
 */
export type Original =
  | { kind: 'mapped'; lines(value: string, mainDomain: string): Mapped }
  | { kind: 'ignored'; why: string };

/** Lines in the place of one, or why there are none. `how`: the note the operator reads. */
export type Mapped = { how: string; lines: [name: string, value: string][] };

const ignored = (why: string, ...names: string[]): [string, Original][] =>
  names.map(name => [name, { kind: 'ignored', why }]);
const mapped = (name: string, lines: (value: string, mainDomain: string) => Mapped): [string, Original][] => [
  [name, { kind: 'mapped', lines }],
];
const renamed = (name: string, to: string): [string, Original][] =>
  mapped(name, value => ({ how: `it is spelled ${to}`, lines: [[to, value]] }));

export const originals = new Map<string, Original>([
  // Place.
  ...ignored(
    'mail, queue and logs lie below data_path',
    ...['dsmtp_path', 'dpop_path', 'work_path', 'drop_path', 'alt_drop_path', 'bin_path'],
  ),
  ...ignored(
    'mailboxes are no files, so there are none to place, name or convert',
    ...['drop_prefix', 'drop_users', 'use_drop', 'hash_spool', 'hash_bindir', 'bin_pfull', 'allow_dds', 'slave_number'],
  ),
  ...renamed('drop_prefixes', 'drop_prefix'),
  ...ignored('what a mailbox may hold is user_quota', 'drop_max'),
  ...ignored('read and unread are kept beside the message, which stays as it came', 'add_status'),
  ...ignored('the data folder is locked by the servers themselves', 'lock_id'),
  ...ignored('cwmail start keeps its processes alive by itself', 'dwatch_path'),
  ...ignored('the name of this server is the first host_domain', 'dpop_host'),

  // Accounts.
  ...ignored(
    'accounts are kept in the store; cwmail user add makes them',
    ...['authent_method', 'authent_process', 'authent_number', 'authent_timeout', 'authent_cache', 'auth_nocache'],
  ),
  ...ignored(
    'people sign in by their whole address, or by the name alone for the first host_domain (and as vdomain lines say)',
    'authent_domain',
  ),
  ...ignored('APOP needs passwords kept in clear; TLS protects them on the way instead', 'apop_enable'),
  ...ignored(
    'the servers are managed over a socket of this machine that only their own user may open',
    ...['manager_ip_address', 'manager_ip_name', 'manager_password'],
  ),
  ...renamed('manger_ip_address', 'manager_ip_address'),

  // Who gets what.
  ...mapped('sysadmin', (value, mainDomain) => postmaster(value, mainDomain)),
  ...ignored('an alias takes its address for itself; what no line takes goes to the mailbox', 'alias_fallthrough'),
  ...mapped('alias_file_domain', value => {
    const [domain = '', file = '', ...more] = value.trim().split(/\s+/);
    const line = [file, domain, ...more].join(' ').trim();
    return { how: `read as: alias_file ${line}`, lines: [['alias_file', line]] };
  }),
  ...ignored('no text is added to mail, which would break its signatures', 'add_footer'),

  // Relaying and abuse.
  ...ignored("a sender's domain is anybody's to write; people sign in to relay", 'forward_from', 'forward_user'),
  ...ignored('a look at the mail does not open the relay: people sign in to send', 'hide_auth'),
  ...ignored(
    'nobody is refused by lists of addresses; rules of msg_filter refuse by what stands in the header',
    ...['ban_ip', 'ban_ip_except', 'ban_mailfrom', 'ban_rcptto'],
  ),
  ...ignored(
    'messages are not compared; fromip_ and user_ settings limit how many come from an address and an account',
    ...['bomb_dec', 'bomb_dir', 'bomb_entries', 'bomb_max'],
    ...['bomb_exception_from', 'bomb_exception_ip', 'bomb_exception_to'],
  ),

  // Queue.
  ...ignored(
    'a report carries the message, or its header where it is long or the sender wants no more (RFC 3461)',
    'bounce_body',
  ),
  ...ignored('a look-up may take ten seconds', 'dns_timeout'),

  // Log.
  ...ignored('content is never logged', 'log_data'),
  ...ignored(
    'the log is turned at 10 MB, and five old files are kept',
    ...['max_loglen', 'max_log_size', 'rotated_logs', 'dlist_rotate'],
  ),
  ...ignored('the log has one line an event, as JSON, to count from', 'stats_path', 'oneline_stats'),

  // What there is none of.
  ...ignored('there are no bulletins', 'bulletin_path', 'bulletin_from', 'hide_old_bulls'),
  ...ignored(
    'there are no mailing lists',
    ...['dlist_path', 'dlist_domain', 'dlist_loglvl', 'dlist_smtp_host', 'archive_batch'],
  ),
  ...ignored('no programs are started for mail', 'robot_defaultuser', 'domain_chroot'),
  ...ignored('there is no such thing here', 'hide', 'allowdup'),
]);

/** The original's postmaster: who reads what is sent to the main domain's. */
function postmaster(value: string, mainDomain: string): Mapped {
  const address = parseAddress(value.includes('@') ? value : `${value}@${mainDomain}`);
  const own = `postmaster@${mainDomain}`;
  if (address !== null && addressKey(address) === own) return { how: `${own} is an account like others`, lines: [] };
  const line = `${own} ${address ? addressKey(address) : value}`;
  return { how: `read as: alias ${line}`, lines: [['alias', line]] };
}

/** Defaults of the original that differ from ours, for who brings a file of it. */
export const otherDefaults: [name: string, theirs: string][] = [
  ['smtp_port', '25'],
  ['pop_port', '110'],
  ['listen', 'every interface'],
];

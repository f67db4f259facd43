import { createHash } from 'node:crypto';

/** Written by POP3 servers and mailbox formats after arrival, so they differ from one poll to the next. */
const volatile =
  /^(status|x-status|x-uidl|x-uid|x-keywords|x-imap|x-imapbase|lines|content-length|x-mozilla-\S*)[ \t]*:/i;

/**
 * The second name of an upstream message: a hash of its header as it arrived. A UIDL may be missing, given twice,
 * renewed each session or given to another message (RFC 1939 §7 forbids it, servers do it); the header tells them apart.
 */
export function markOf(header: Buffer): string {
  const hash = createHash('sha256');
  let kept = false;
  for (const line of header.toString('latin1').split(/\r?\n/)) {
    if (line === '') break;
    if (!/^[ \t]/.test(line)) kept = !volatile.test(line);
    if (kept) hash.update(`${line}\n`, 'latin1');
  }
  return hash.digest('hex').slice(0, 32);
}

import { randomBytes } from 'node:crypto';
import { formatDate } from '../mail/date.ts';
import type { Old } from './watch.ts';

/** A letter to postmaster about mail that lies too long. Domains in the queue are A-labels: it is plain ASCII. */
export function parkingNotice(old: Old[], { host, to, at }: { host: string; to: string; at: number }): Buffer {
  const parked = old.filter(o => o.expires === null);
  const returned = old.filter(o => o.expires !== null);
  const lines = [
    `From: Mail Delivery System <postmaster@${host}>`,
    `To: <${to}>`,
    'Subject: Mail is waiting to be collected',
    `Date: ${formatDate(at)}`,
    `Message-ID: <${randomBytes(12).toString('hex')}@${host}>`,
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=us-ascii',
    '',
    `This is the mail system at ${host}.`,
    ...section('Nobody has asked for the parked mail of these domains; it never expires, it only grows:', parked),
    ...section('These domains cannot be reached; their mail goes back to its senders at the time given:', returned),
    '',
    '`cwmail queue domains` shows all domains with mail, and who called for it last.',
    '',
  ];
  return Buffer.from(lines.join('\r\n'));
}

/** A letter for people: the first fifty tell enough. */
const most = 50;

function section(head: string, old: Old[]): string[] {
  if (old.length === 0) return [];
  const lines = old.slice(0, most).map(o => {
    const since = `oldest of ${formatDate(o.oldest)}`;
    return `  ${o.domain}  ${since}${o.expires === null ? '' : `, returned ${formatDate(o.expires)}`}`;
  });
  return ['', head, '', ...lines, ...(old.length > most ? [`  and ${old.length - most} more`] : [])];
}

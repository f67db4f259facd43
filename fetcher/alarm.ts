/**
 * Says so when an upstream has let us have nothing for long: in the log, and once a day to postmaster, since what the
 * upstream keeps may go back to its senders one day. It knows of failures since this process began, and tries nothing.
 */

import type { Settings } from '../daemon/config.ts';
import type { Log } from '../daemon/log.ts';
import { formatDate } from '../daemon/mail/date.ts';
import { cleanText } from '../daemon/mail/header.ts';
import { isPositive, replyLine } from '../daemon/mail/reply.ts';
import type { Submitter } from '../daemon/smtp-client.ts';

export type Alarm = {
  /** How a visit to an upstream of this name ended; `error` null: well. */
  heard(name: string, error: string | null): void;
};

type Options = {
  settings: Pick<Settings, 'fetch_warn' | 'host_domain'>;
  submitter: Pick<Submitter, 'send'>;
  log: Log;
  now: () => number;
};

const day = 86_400_000;

export function createAlarm({ settings, submitter, log, now }: Options): Alarm {
  const failing = new Map<string, { since: number; toldAt: number | null }>();

  async function tell(name: string, since: number, error: string): Promise<void> {
    log.warn('nothing fetched for long', { upstream: name, since: new Date(since).toISOString(), error });
    const host = settings.host_domain[0] ?? 'localhost';
    const bytes = letter({ name, since, error, host, at: now() });
    const [reply] = await submitter.send(null, {
      ...{ reversePath: null, recipients: [{ address: `postmaster@${host}` }], size: bytes.length },
      ...{
        key: `alarm:${name}:${now()}`,
        content: () =>
          (async function* () {
            yield bytes;
          })(),
      },
    });
    if (reply && !isPositive(reply)) log.warn('postmaster not told', { reply: replyLine(reply) });
  }

  return {
    heard(name, error) {
      if (error === null) return void failing.delete(name);
      const known = failing.get(name) ?? { since: now(), toldAt: null };
      failing.set(name, known);
      const isLong = settings.fetch_warn > 0 && now() - known.since >= settings.fetch_warn;
      if (!isLong || (known.toldAt !== null && now() - known.toldAt < day)) return;
      known.toldAt = now();
      void tell(name, known.since, error);
    },
  };
}

type Told = { name: string; since: number; error: string; host: string; at: number };

function letter({ name, since, error, host, at }: Told): Buffer {
  const lines = [
    `From: Mail Delivery System <postmaster@${host}>`,
    `To: <postmaster@${host}>`,
    'Subject: Mail elsewhere cannot be fetched',
    `Date: ${formatDate(at)}`,
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    '',
    `Nothing has come from ${cleanText(name)} since ${formatDate(since)}:`,
    '',
    `  ${cleanText(error)}`,
    '',
    'What lies there may go back to its senders, or be deleted, if that goes on.',
    '',
  ];
  return Buffer.from(lines.join('\r\n'));
}

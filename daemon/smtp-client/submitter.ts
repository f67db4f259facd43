import type { Socket } from 'node:net';
import { type Reply, reply } from '../mail/reply.ts';
import type { SmtpClient, Submission, SubmissionResult } from '../smtp-client.ts';
import { ConnectError, connectSmtp } from './connect.ts';
import { tidy } from './replies.ts';
import type { ClientTimeouts } from './session.ts';

/** Hands mail to our own daemon as one of its services; keeps connections open for a few seconds. */
export type Submitter = {
  /**
   * `account`: the address the service acts for; null: for nobody (mail from outside). Never throws: a daemon that
   * cannot be reached, or does not know us, is a temporary Reply for every recipient.
   */
  send(account: string | null, s: Submission): Promise<SubmissionResult>;
  close(): Promise<void>;
};

export type Service = 'webmail' | 'fetcher';

type Options = {
  host: string;
  port: number;
  /** What we call ourselves in EHLO. */
  name: string;
  service: Service;
  /** `data_path/service.key`. */
  password: string;
  timeouts?: Partial<ClientTimeouts>;
  /** Opens the connections; none: to host:port, plainly. */
  dial?: () => Promise<Socket>;
  /** Milliseconds an unused connection is kept. */
  idle?: number;
  /** Connections at most; more wait their turn. */
  most?: number;
};

type Idle = { account: string | null; client: SmtpClient; timer: NodeJS.Timeout };

export function createSubmitter(options: Options): Submitter {
  const idle: Idle[] = [];
  const waiting: (() => void)[] = [];
  let free = options.most ?? 10;

  async function withSlot<T>(work: () => Promise<T>): Promise<T> {
    if (free > 0) free--;
    else await new Promise<void>(resolve => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  }

  const dismiss = (one: Idle) => {
    clearTimeout(one.timer);
    idle.splice(idle.indexOf(one), 1);
    return one.client.close();
  };

  function take(account: string | null): SmtpClient | null {
    for (const one of idle.filter(i => !i.client.usable)) void dismiss(one);
    const found = idle.find(i => i.account === account);
    if (!found) return null;
    clearTimeout(found.timer);
    idle.splice(idle.indexOf(found), 1);
    return found.client;
  }

  function keep(account: string | null, client: SmtpClient): void {
    if (!client.usable) return;
    const one: Idle = { account, client, timer: setTimeout(() => void dismiss(one), options.idle ?? 5_000) };
    idle.push(one);
  }

  async function sendOver(client: SmtpClient, account: string | null, s: Submission): Promise<SubmissionResult> {
    const result = await client.send(s);
    keep(account, client);
    return result;
  }

  /** A kept connection may have died with a restarted daemon; the key makes a second try harmless. */
  async function sendOnce(account: string | null, s: Submission): Promise<SubmissionResult> {
    const kept = take(account);
    if (kept) {
      const result = await sendOver(kept, account, s);
      if (kept.usable || typeof s.content !== 'function' || s.key == null) return result;
    }
    return sendOver(await connect(account), account, s);
  }

  const connect = (account: string | null) =>
    connectSmtp({
      host: options.host,
      port: options.port,
      name: options.name,
      // The daemon takes services from loopback or service_ip only; its certificate may be one it made itself.
      tls: 'off',
      login: { user: options.service, password: options.password, authzid: account ?? '' },
      timeouts: { connect: 10_000, ...options.timeouts },
      ...(options.dial && { dial: options.dial }),
    });

  return {
    send: (account, s) =>
      withSlot(() => sendOnce(account, s).catch(error => s.recipients.map(() => unreachable(error)))),
    async close() {
      await Promise.all([...idle].map(dismiss));
    },
  };
}

/** Always temporary, a refused login too: a mistake between our own processes must never return anybody's mail. */
function unreachable(error: unknown): Reply {
  if (!(error instanceof ConnectError)) throw error;
  return reply(451, '3.0', tidy(`The mail daemon cannot take it now: ${error.message}`));
}

/**
 * Asks other hosts by ETRN (RFC 1985) for the mail they keep for our domains: at the start, every `ras_timer`, and
 * when a person says so. What they then send comes in by the relay listener like any mail.
 *
 * It promises one session per host at a time and an answer for each domain, and asks nobody while `online` is `never`.
 */
import { type EtrnSource, ownDomains, type Settings } from '../daemon/config.ts';
import { because, type Log } from '../daemon/log.ts';
import { isPositive, replyLine } from '../daemon/mail/reply.ts';
import { mayGoOut } from '../daemon/online.ts';
import { type ClientOptions, ConnectError, type SmtpClient } from '../daemon/smtp-client.ts';
import { dial, localAddresses } from '../daemon/wire/dial.ts';
import type { Alarm } from './alarm.ts';
import { printable } from './pop3-client.ts';

export type Asked = {
  name: string;
  /** The answer for each domain, as a line. */
  answers: { domain: string; answer: string; good: boolean }[];
  /** Why nobody was asked, for a person; null: somebody was. */
  error: string | null;
};

export type EtrnAsker = {
  /** Asks this host (`host` or `host:port`), or all, now. Rejects for one it does not know. */
  runNow(name?: string): Promise<Asked[]>;
  /** The settings are others. */
  reconsider(): void;
  stop(): void;
};

export type EtrnAskerOptions = {
  settings: Pick<Settings, 'etrn_from' | 'ras_timer' | 'online' | 'host_domain' | 'vdomain' | 'outgoing_ip'>;
  connect: (options: ClientOptions) => Promise<SmtpClient>;
  log: Log;
  now: () => number;
  /** 0 to 1, for the spread of the pauses. */
  random: () => number;
  /** Milliseconds for each answer. */
  timeout?: number;
  ca?: string;
  alarm?: Alarm;
};

/** The first question comes within so many milliseconds: who has just come on line wants the mail now. */
const firstSpread = 2_000;

export function startEtrn(options: EtrnAskerOptions): EtrnAsker {
  const { settings, log, now, random } = options;
  const underWay = new Map<string, Promise<Asked>>();
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  /** One session at a time: who asks again meanwhile gets the same answers. */
  function askOnce(source: EtrnSource): Promise<Asked> {
    const asking = underWay.get(source.name) ?? ask(source, options).finally(() => underWay.delete(source.name));
    underWay.set(source.name, asking);
    return asking;
  }

  async function round(): Promise<void> {
    await Promise.all(settings.etrn_from.map(askOnce));
    plan(settings.ras_timer * (0.95 + 0.1 * random()));
  }

  function plan(after: number): void {
    clearTimeout(timer);
    const idle = settings.etrn_from.length === 0 || settings.ras_timer === 0 || !mayGoOut(settings, now()).yes;
    if (!stopped && !idle) timer = setTimeout(() => void round(), after);
  }

  plan(random() * firstSpread);
  return {
    async runNow(name) {
      const chosen = settings.etrn_from.filter(s => name === undefined || s.name === name || s.host === name);
      if (name !== undefined && chosen.length === 0) throw new Error(`no etrn_from line names ${name}`);
      const outing = mayGoOut(settings, now());
      if (!outing.yes)
        return chosen.map(s => ({ name: s.name, answers: [], error: `nobody is asked: ${outing.reason}` }));
      return await Promise.all(chosen.map(askOnce));
    },
    reconsider: () => plan(random() * firstSpread),
    stop() {
      stopped = true;
      clearTimeout(timer);
      log.debug('etrn ended');
    },
  };
}

/** One ETRN for each of our domains. Never rejects. */
async function ask(source: EtrnSource, options: EtrnAskerOptions): Promise<Asked> {
  const asked: Asked = { name: source.name, answers: [], error: null };
  const secret = source.login?.password ?? '';
  try {
    const client = await options.connect(clientOptions(source, options));
    if (!client.extensions.has('ETRN'))
      asked.error = 'it offers us no ETRN: it may not know us, or keep no mail for us';
    for (const domain of asked.error === null ? ownDomains(options.settings) : []) {
      const reply = await client.ask(`ETRN ${domain}`);
      asked.answers.push({ domain, answer: printable(replyLine(reply), secret), good: isPositive(reply) });
      if (!client.usable) break;
    }
    await client.close();
  } catch (error) {
    if (!(error instanceof ConnectError)) options.log.error('etrn broke', because(error));
    asked.error = printable(error instanceof Error ? error.message : String(error), secret);
  }
  tell(asked, options.log);
  options.alarm?.heard(asked.name, asked.error);
  return asked;
}

function clientOptions({ host, port, login, tls }: EtrnSource, { settings, timeout = 60_000, ca }: EtrnAskerOptions) {
  return {
    ...{ host, port, tls, name: settings.host_domain[0] ?? 'localhost' },
    ...(login && { login }),
    ...(ca === undefined ? {} : { ca }),
    // Whoever keeps our mail may know us by the address we come from.
    dial: () => dial([host], port, timeout, localAddresses(settings.outgoing_ip)),
    timeouts: { connect: timeout, greeting: timeout, command: timeout },
  } satisfies ClientOptions;
}

function tell({ name, answers, error }: Asked, log: Log): void {
  if (error !== null) log.warn('not asked', { host: name, error });
  for (const { domain, answer, good } of answers) log[good ? 'info' : 'warn']('asked', { host: name, domain, answer });
}

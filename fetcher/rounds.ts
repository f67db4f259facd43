/**
 * When each upstream account is visited: every `every`, a little apart from the others, seldomer while it fails, and
 * much seldomer while it refuses the password, so that nobody's account gets locked.
 *
 * It promises one session per account at a time, that one upstream never holds up another, and that `stop` lets the
 * message under way be finished. With `online never` nothing is fetched, also not on demand.
 */
import { isDeepStrictEqual } from 'node:util';
import type { FetchAccount, Settings } from '../daemon/config.ts';
import { because, type Log } from '../daemon/log.ts';
import { mayGoOut } from '../daemon/online.ts';
import type { OurSettings, Submitter } from '../daemon/smtp-client.ts';
import type { Store } from '../daemon/store.ts';
import { anyLocal } from '../daemon/wire/dial.ts';
import { dialBy } from '../daemon/wire/proxy.ts';
import type { Alarm } from './alarm.ts';
import { createFeed } from './feed.ts';
import { fetchByOdmr, type OdmrDeps } from './odmr.ts';
import { connectPop3, type Pop3Client } from './pop3-client.ts';
import { type FetchResult, fetchAccount, nothing } from './popfetch.ts';
import type { Provided } from './provided.ts';
import { isOurs, type OwnPorts, pauseAfter } from './rounds/pause.ts';

export type FetchStatus = {
  name: string;
  running: boolean;
  /** When the last visit ended; null: none yet. */
  lastAt: number | null;
  /** When one last ended without an error; null: none yet. */
  lastGoodAt: number | null;
  /** When the next is due; null: none is. */
  nextAt: number | null;
  /** Visits in a row that failed. */
  failures: number;
  last: FetchResult | null;
  /** Why nothing is fetched; null: it is. */
  idle: string | null;
};

export type Fetcher = {
  /** Visits this account, or all, now; one under way is waited for. Rejects for a name it does not know. */
  runNow(name?: string): Promise<{ name: string; result: FetchResult }[]>;
  status(): FetchStatus[];
  /** The settings are others: accounts come, go and change, and those that did not are left alone. */
  reconsider(): Promise<void>;
  /** Ends the message under way, then the sessions; what is not home after `graceMs` is cut off. */
  stop(graceMs?: number): Promise<void>;
};

export type FetcherOptions = {
  settings: Pick<Settings, 'fetch' | 'online' | 'max_message_size'> & OurSettings & OwnPorts;
  /** By which the relay listener knows us as a service of this house. */
  serviceKey: string;
  alarm?: Alarm;
  store: Pick<Store, 'fetched'>;
  submitter: Pick<Submitter, 'send'>;
  log: Log;
  now: () => number;
  /** 0 to 1, for the spread of the pauses. */
  random: () => number;
  /** Accounts besides those of the settings. */
  provided?: Provided;
  /** Milliseconds for each answer of an upstream. */
  timeout?: number;
  /** PEM trusted besides the usual. */
  ca?: string;
};

/** First visits begin within so many milliseconds. */
const firstSpread = 2_000;
const stopGraceMs = 8_000;

export function startFetcher(options: FetcherOptions): Fetcher {
  const { settings } = options;
  let rounds: Rounds[] = [];
  let stopped = false;
  const begin = (account: FetchAccount) => {
    const round = new Rounds(account, options);
    rounds.push(round);
    round.reconsider();
  };
  const reconsider = async () => {
    const wanted = [...settings.fetch, ...((await options.provided?.accounts()) ?? [])];
    const gone = rounds.filter(r => !wanted.some(a => isDeepStrictEqual(a, r.account)));
    rounds = rounds.filter(r => !gone.includes(r));
    for (const round of rounds) round.reconsider();
    // One session per account at a time: a changed one begins when its old self has ended.
    await Promise.all(gone.map(r => r.stop(stopGraceMs)));
    if (stopped) return;
    for (const account of wanted) if (!rounds.some(r => r.account.name === account.name)) begin(account);
  };
  settings.fetch.forEach(begin);
  /** One after the other: a later list must not be undone by an earlier one. */
  let considered = Promise.resolve();
  return {
    reconsider() {
      considered = considered.then(reconsider, reconsider);
      return considered;
    },
    async runNow(name) {
      const chosen = rounds.filter(r => name === undefined || r.account.name === name);
      if (name !== undefined && chosen.length === 0) throw new Error(`no fetch account is called ${name}`);
      return Promise.all(chosen.map(async r => ({ name: r.account.name, result: await r.visit() })));
    },
    status: () => rounds.map(r => r.status()),
    async stop(graceMs = stopGraceMs) {
      stopped = true;
      await Promise.all(rounds.map(r => r.stop(graceMs)));
    },
  };
}

class Rounds {
  readonly account: FetchAccount;
  readonly #o: FetcherOptions;
  readonly #log: Log;
  #idle: string | null = null;
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #client: Pop3Client | null = null;
  #running: Promise<FetchResult> | null = null;
  #seen = { lastAt: null as number | null, lastGoodAt: null as number | null, nextAt: null as number | null };
  #last: FetchResult | null = null;
  #failures = 0;

  constructor(account: FetchAccount, options: FetcherOptions) {
    this.account = account;
    this.#o = options;
    this.#log = options.log.child({ upstream: account.name });
  }

  /** Looks anew whether it may visit, and plans the next visit, or none. */
  reconsider(): void {
    const before = this.#idle;
    this.#idle = whyNot(this.account, this.#o.settings);
    if (this.#idle !== null && this.#idle !== before) this.#log.warn('not fetched', { why: this.#idle });
    if (this.#idle !== null) this.#cancel();
    else if (this.#seen.nextAt === null && this.#running === null) this.schedule(this.#o.random() * firstSpread);
  }

  #cancel(): void {
    clearTimeout(this.#timer);
    this.#seen.nextAt = null;
  }

  status(): FetchStatus {
    const { name } = this.account;
    const running = this.#running !== null;
    return { name, running, ...this.#seen, failures: this.#failures, last: this.#last, idle: this.#idle };
  }

  schedule(after: number): void {
    if (this.#idle !== null || this.#stopping.signal.aborted) return;
    clearTimeout(this.#timer);
    this.#seen.nextAt = this.#o.now() + Math.round(after);
    this.#timer = setTimeout(() => void this.visit(), after);
  }

  /** The visit under way, or a new one. Never rejects. */
  visit(): Promise<FetchResult> {
    const why = this.#stopping.signal.aborted ? 'the fetcher is stopping' : this.#idle;
    if (why !== null) return Promise.resolve({ ...nothing(), error: why });
    this.#running ??= this.#visitOnce();
    return this.#running;
  }

  async stop(graceMs: number): Promise<void> {
    this.#cancel();
    this.#stopping.abort();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>(resolve => {
      timer = setTimeout(resolve, graceMs);
    });
    await Promise.race([this.#running, late]);
    clearTimeout(timer);
    this.#client?.destroy();
  }

  async #visitOnce(): Promise<FetchResult> {
    this.#cancel();
    const result = await this.#fetch();
    const at = this.#o.now();
    this.#running = null;
    this.#last = result;
    this.#seen.lastAt = at;
    this.#failures = result.failure === null ? 0 : this.#failures + 1;
    if (result.failure === null) this.#seen.lastGoodAt = at;
    this.#log[result.failure === null ? 'info' : 'warn']('visited', result);
    if (result.failure === 'auth') await this.#o.provided?.refused(this.account);
    const isOperators = this.#o.settings.fetch.some(a => a.name === this.account.name);
    if (isOperators)
      this.#o.alarm?.heard(this.account.name, result.failure === null ? null : (result.error ?? result.failure));
    this.schedule(pauseAfter(this.account.every, result.failure, this.#failures, this.#o.random()));
    return result;
  }

  async #fetch(): Promise<FetchResult> {
    const { store, submitter, settings, now } = this.#o;
    try {
      const { to } = this.account;
      if ((await this.#o.provided?.isWanted(this.account)) === false) return nothing();
      if (to.kind === 'odmr') return await this.#fetchByOdmr(to);
      return await fetchAccount({
        account: { ...this.account, to },
        connect: () => this.#connect(),
        fetched: store.fetched,
        feed: createFeed(submitter),
        maxSize: settings.max_message_size,
        now,
        log: this.#log,
        signal: this.#stopping.signal,
      });
    } catch (error) {
      this.#log.error('visit broke', because(error));
      return { ...nothing(), error: 'something is wrong here; the log says what', failure: 'broken' };
    }
  }

  #fetchByOdmr(to: OdmrDeps['account']['to']): Promise<FetchResult> {
    const { settings, serviceKey, timeout = 60_000, ca } = this.#o;
    return fetchByOdmr({
      account: { ...this.account, to },
      name: settings.host_domain[0] ?? 'localhost',
      relay: { settings, serviceKey },
      timeout,
      ...(ca === undefined ? {} : { ca }),
      signal: this.#stopping.signal,
    });
  }

  async #connect(): Promise<Pop3Client> {
    const { host, port, user, password, implicitTls, tls, proxy } = this.account;
    const { timeout = 60_000, ca } = this.#o;
    const to = { host, port, addresses: null };
    const options = {
      ...{ host, port, user, password, implicitTls, tls, timeout },
      ...(ca !== undefined && { ca }),
      ...(proxy && { open: () => dialBy({ proxy, from: anyLocal }, to, timeout / 2) }),
    };
    this.#client = await connectPop3(options);
    return this.#client;
  }
}

/** Why this account is never visited; null: it is. */
function whyNot(account: FetchAccount, settings: FetcherOptions['settings']): string | null {
  const outing = mayGoOut(settings, 0);
  if (!outing.yes) return `nothing is fetched: ${outing.reason}`;
  if (isOurs(account, settings)) return `${account.host}:${account.port} is our own server: mail would go in circles`;
  return null;
}

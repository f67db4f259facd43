import { type Incoming, openIncoming, type Parcel, TooLarge } from '../feed.ts';
import { type Judgement, type Ledger, type Listed, markOf, named, openLedger } from '../ledger.ts';
import { fallbackOf, sortRecipients } from '../multidrop.ts';
import { type Pop3Client, Pop3Failure } from '../pop3-client.ts';
import type { FetchDeps, Visit } from '../popfetch.ts';

const defaultBatch = 200;
/** Our own door said `later` so many times in a row: it is the door, not the messages. */
const mostLater = 3;

/** One connection from login to QUIT. True: another one has more to do. Throws what ended the connection. */
export async function runSession(visit: Visit, deps: FetchDeps): Promise<boolean> {
  const client = await deps.connect();
  try {
    const listed = await listMessages(client, deps);
    const { account, fetched, now } = deps;
    const ledger = await openLedger({ fetched, upstream: account.name, after: account.after, listed, now });
    Object.assign(visit, { left: listed.length, skipped: 0, refused: 0 });
    const session = new Session(visit, deps, client, ledger);
    const rest = await session.goThrough(listed);
    await session.leave(rest === 0);
    const fewer = listed.length < visit.listed;
    visit.listed = listed.length;
    return rest > 0 && fewer && session.dropped.length > 0;
  } finally {
    client.destroy();
  }
}

async function listMessages(client: Pop3Client, { account, log }: FetchDeps): Promise<Listed[]> {
  const list = await client.list();
  const uidls = list.length === 0 ? [] : await client.uidl();
  log.debug('listed', { messages: list.length });
  if (uidls === null && account.after.kind === 'keep')
    throw new Pop3Failure('protocol', 'this upstream knows no UIDL, so mail cannot be kept there: use delete');
  return named(list, uidls);
}

class Session {
  readonly #visit: Visit;
  readonly #deps: FetchDeps;
  readonly #client: Pop3Client;
  readonly #ledger: Ledger;
  /** Marked for deletion upstream; true at QUIT's +OK. */
  readonly dropped: Listed[] = [];
  #taken = 0;
  #hasTop = true;
  #later = 0;
  #stop = false;

  constructor(visit: Visit, deps: FetchDeps, client: Pop3Client, ledger: Ledger) {
    this.#visit = visit;
    this.#deps = deps;
    this.#client = client;
    this.#ledger = ledger;
  }

  /** Answers how many messages were not looked at any more. */
  async goThrough(listed: Listed[]): Promise<number> {
    // Where nothing is deleted there is nothing to undo; and who says LOGIN-DELAY (RFC 2449 §6.5) lets us in once only.
    const once = this.#deps.account.after.kind === 'keep' || this.#client.capabilities.has('LOGIN-DELAY');
    const batch = once ? Infinity : (this.#deps.batch ?? defaultBatch);
    for (const [i, message] of listed.entries()) {
      if (this.#stop || this.#deps.signal?.aborted || this.#taken >= batch) return listed.length - i;
      if (!this.#visit.avoided.has(nameOf(message))) await this.#patiently(message);
    }
    return 0;
  }

  async leave(complete: boolean): Promise<void> {
    const { log } = this.#deps;
    try {
      await this.#client.quit();
      log.debug('quit');
    } catch (error) {
      // Without deletions there is nothing to lose by it.
      if (this.dropped.length > 0) throw error;
    }
    await this.#ledger.deleted(this.dropped);
    this.#visit.deleted += this.dropped.length;
    this.#visit.left -= this.dropped.length;
    log.debug('deleted', { messages: this.dropped.length });
    if (complete) await this.#ledger.forgetRest();
  }

  /** A refusal by the upstream costs this message only; a broken connection costs the session, and the message its turn. */
  async #patiently(message: Listed): Promise<void> {
    try {
      await this.#handle(message);
    } catch (error) {
      if (!(error instanceof Pop3Failure && error.refusal)) {
        if (!this.#client.usable) this.#visit.avoided.add(nameOf(message));
        throw error;
      }
      this.#blame(error.kind, error.message);
      this.#deps.log.warn('upstream refused', { uidl: message.uidl, error: error.message });
    }
  }

  async #handle(message: Listed): Promise<void> {
    const first = this.#ledger.judge(message);
    const judgement = first === 'unsure' ? await this.#lookAt(message) : first;
    if (judgement !== 'take') return this.#settle(message, judgement);
    if (message.size <= this.#deps.maxSize) return this.#take(message);
    this.#visit.skipped++;
    this.#deps.log.warn('too large to fetch', { uidl: message.uidl, size: message.size, limit: this.#deps.maxSize });
  }

  /** By its header, where the upstream shows it without the rest. */
  async #lookAt(message: Listed): Promise<Judgement> {
    const header = this.#hasTop ? await this.#client.top(message.number, 0) : null;
    if (header !== null) return this.#ledger.identify(message, markOf(header));
    this.#hasTop = false;
    return this.#ledger.trusts(message) ? 'drop' : 'take';
  }

  async #settle(message: Listed, judgement: Judgement): Promise<void> {
    if (judgement === 'refused') this.#visit.refused++;
    if (judgement === 'drop') await this.#drop(message);
  }

  async #drop(message: Listed): Promise<void> {
    await this.#client.dele(message.number);
    this.dropped.push(message);
    this.#deps.log.debug('dele', { uidl: message.uidl });
  }

  async #take(message: Listed): Promise<void> {
    const incoming = await this.#retrieve(message);
    const mark = markOf(incoming.header);
    const judgement = await this.#ledger.identify(message, mark);
    if (judgement === 'take') return this.#feed(message, mark, incoming);
    await incoming.drain();
    await this.#settle(message, judgement);
  }

  #retrieve(message: Listed): Promise<Incoming> {
    // Upstreams do lie about sizes; the door says no to what is over its limit, this to what never ends.
    return openIncoming(this.#client.retr(message.number), 2 * this.#deps.maxSize);
  }

  async #feed(message: Listed, mark: string, incoming: Incoming): Promise<void> {
    const { feed, log } = this.#deps;
    let current = incoming;
    const again = async () => {
      await current.drain();
      current = await this.#retrieve(message);
      return current;
    };
    const parcel = this.#parcel(message, mark, incoming.header);
    try {
      const fed = await feed(incoming, parcel, again);
      log.debug('fed', { uidl: message.uidl, kind: fed.kind });
      await current.drain();
      for (const refusal of fed.refusals) log.warn('not taken by our door', { uidl: message.uidl, refusal });
      if (fed.kind === 'accepted') await this.#accepted(message, mark, incoming.size, parcel);
      else if (fed.kind === 'refused') await this.#refused(message, mark, fed.reply);
      else this.#notNow(fed.kind === 'nobody', fed.reply);
    } catch (error) {
      if (!(error instanceof TooLarge)) throw error;
      await this.#refused(message, mark, error.message);
      throw new Pop3Failure('protocol', error.message);
    }
  }

  #parcel(message: Listed, mark: string, header: Buffer): Parcel {
    const { to } = this.#deps.account;
    const key = this.#ledger.keyOf(message, mark);
    if (to.kind === 'address') return { key, recipients: [to.address], fallback: null, size: message.size };
    const { recipients, by } = sortRecipients(to, header);
    if (by === null) this.#deps.log.warn('no envelope recipient', { uidl: message.uidl, to: recipients });
    return { key, recipients, fallback: fallbackOf(to), size: message.size };
  }

  async #accepted(message: Listed, mark: string, size: number, { recipients }: Parcel): Promise<void> {
    const { log, account } = this.#deps;
    await this.#ledger.remember(message, mark, false);
    log.info('fetched', { uidl: message.uidl, size, to: recipients });
    this.#later = 0;
    this.#taken++;
    this.#visit.fetched++;
    this.#visit.bytes += size;
    if (account.after.kind === 'delete') await this.#drop(message);
  }

  async #refused(message: Listed, mark: string, why: string): Promise<void> {
    await this.#ledger.remember(message, mark, true);
    this.#visit.refused++;
    this.#deps.log.warn('refused for good', { uidl: message.uidl, why });
  }

  /** Nothing is written down: the next poll tries it again. */
  #notNow(nobody: boolean, reply: string): void {
    this.#later++;
    this.#stop = nobody || this.#later >= mostLater;
    this.#blame('door', nobody ? `no recipient here: ${reply}` : `our own daemon does not take it now: ${reply}`);
  }

  #blame(failure: Visit['failure'], error: string): void {
    this.#visit.failure = failure;
    this.#visit.error = error;
  }
}

const nameOf = (message: Listed): string => message.uidl ?? ` ${message.number}`;

/**
 * Which upstream messages are new, which are ours already and may go there, which are to be left alone.
 * It promises: what was taken is not taken again, and nothing is dropped upstream that was not taken, also when
 * UIDLs are missing, doubled, renewed or reused. It speaks to the store only, never to the upstream.
 *
 * A message is known by its UIDL and its mark (mark.ts); without a UIDL of its own by its mark and its place
 * among equals. A row of the store reads `uidl mark`, or `uidl mark refused`; `uidl` is empty where there is none.
 */
import { createHash } from 'node:crypto';
import type { FetchAccount } from '../daemon/config.ts';
import type { Fetched, Store } from '../daemon/store.ts';
import type { Listed } from './ledger/listed.ts';

export { type Listed, named } from './ledger/listed.ts';
export { markOf } from './ledger/mark.ts';

export type Judgement =
  /** Not seen before. */
  | 'take'
  /** Ours already, and due to go. */
  | 'drop'
  /** Ours already, stays upstream. */
  | 'leave'
  /** Our own door said no for good: it stays upstream and is not asked for again. */
  | 'refused'
  /** The UIDL alone does not decide. */
  | 'unsure';

type Row = { stored: string; name: string; mark: string; refused: boolean; at: number; deletedAt: number | null };

/** What a message and a mark come to: the row that knows them, and the name they have from now on. */
type Identity = { row: Row | null; name: string; life: string };

type Options = {
  fetched: Store['fetched'];
  upstream: string;
  after: FetchAccount['after'];
  listed: Listed[];
  now: () => number;
};

const day = 86_400_000;

/** One session's view; the upstream's numbers are good for one session only. */
export async function openLedger(options: Options): Promise<Ledger> {
  return new Ledger(options, (await options.fetched.known(options.upstream)).map(readRow));
}

function readRow(row: Fetched): Row {
  const [name = '', mark = '', state = ''] = row.uidl.split(' ');
  return { stored: row.uidl, name, mark, refused: state === 'refused', at: row.at, deletedAt: row.deletedAt };
}

export class Ledger {
  readonly #o: Options;
  readonly #rows: Row[];
  readonly #byName = new Map<string, Row[]>();
  /** Rows still upstream whose UIDL is not listed: a message with a new UIDL, or with none, may be one of them. */
  readonly #lost = new Map<string, Row[]>();
  /** When a nameless message was deleted upstream, by the mark and place it had. */
  readonly #ended = new Map<string, number>();
  readonly #places = new Map<string, number>();
  readonly #identities = new Map<string, Identity>();
  /** The row of each message of this session. */
  readonly #stored = new Map<number, string>();
  readonly #outdated = new Set<string>();

  constructor(options: Options, rows: Row[]) {
    this.#o = options;
    this.#rows = rows;
    const listed = new Set(options.listed.map(m => m.uidl));
    for (const row of rows) {
      if (listed.has(row.name)) add(this.#byName, row.name, row);
      else if (row.deletedAt === null) add(this.#lost, row.mark.split('#')[0] ?? '', row);
      else this.#ended.set(row.mark, row.deletedAt);
    }
  }

  judge(message: Listed): Judgement {
    const rows = this.#byName.get(message.uidl ?? '') ?? [];
    const row = rows[0];
    if (message.uidl === null || rows.length > 1) return 'unsure';
    // Where messages that we took are gone from the list, a new name may be an old message.
    if (row === undefined) return this.#lost.size > 0 ? 'unsure' : 'take';
    this.#stored.set(message.number, row.stored);
    const outcome = this.#outcome(row);
    // Before it goes, and when it went and is back, make sure that the name still means the same message.
    return outcome === 'drop' || row.deletedAt !== null ? 'unsure' : outcome;
  }

  /** For an upstream that shows no header without the body: may the UIDL alone be believed? */
  trusts(message: Listed): boolean {
    const rows = this.#byName.get(message.uidl ?? '') ?? [];
    return rows.length === 1 && rows[0]?.deletedAt === null && !rows[0].refused;
  }

  /** Decides by the mark; a message that only changed its name is written down under the new one. */
  async identify(message: Listed, mark: string): Promise<Exclude<Judgement, 'unsure'>> {
    const { row, name } = this.#identity(message, mark);
    if (row === null) return 'take';
    const outcome = this.#outcome(row);
    if (row.name === name.split(' ')[0] || outcome === 'drop') this.#stored.set(message.number, row.stored);
    else await this.#write(message, row.refused ? `${name} refused` : name, row.at);
    return outcome;
  }

  /** What names this message at our own door: the same again after a crash, another for another message. */
  keyOf(message: Listed, mark: string): string {
    const { name, life } = this.#identity(message, mark);
    return `fetch:${shortName(this.#o.upstream)}:${name.replace(' ', ':')}${life}`;
  }

  async remember(message: Listed, mark: string, refused: boolean): Promise<void> {
    const { name } = this.#identity(message, mark);
    for (const old of this.#byName.get(message.uidl ?? '') ?? []) this.#outdated.add(old.stored);
    await this.#write(message, refused ? `${name} refused` : name, this.#o.now());
  }

  /** The upstream has said yes to the deletion of these, for good. */
  async deleted(messages: Listed[]): Promise<void> {
    const rows = messages.map(m => this.#stored.get(m.number)).filter(s => s !== undefined);
    if (rows.length > 0) await this.#o.fetched.deleted(this.#o.upstream, rows, this.#o.now());
  }

  /** Drops the rows of messages that are no longer upstream; only after all messages of the session were judged. */
  async forgetRest(): Promise<void> {
    const kept = new Set(this.#stored.values());
    const gone = this.#rows
      .filter(row => !kept.has(row.stored))
      .filter(row => !this.#byName.has(row.name) || this.#outdated.has(row.stored))
      .map(row => row.stored);
    if (gone.length > 0) await this.#o.fetched.forget(this.#o.upstream, gone);
  }

  async #write(message: Listed, stored: string, at: number): Promise<void> {
    await this.#o.fetched.remember(this.#o.upstream, stored, at);
    this.#stored.set(message.number, stored);
  }

  #outcome(row: Row): 'drop' | 'leave' | 'refused' {
    if (row.refused) return 'refused';
    const { after, now } = this.#o;
    if (after.kind === 'delete') return 'drop';
    return after.days > 0 && row.at + after.days * day <= now() ? 'drop' : 'leave';
  }

  /** The same answer however often it is asked: a lost row is given to one message only. */
  #identity(message: Listed, mark: string): Identity {
    const asked = `${message.number} ${mark}`;
    const known = this.#identities.get(asked);
    if (known !== undefined) return known;
    const identity = message.uidl === null ? this.#byPlace(mark) : this.#byUidl(message.uidl, mark);
    this.#identities.set(asked, identity);
    return identity;
  }

  #byUidl(uidl: string, mark: string): Identity {
    const own = this.#byName.get(uidl)?.find(row => row.mark === mark);
    return { row: own ?? this.#lost.get(mark)?.shift() ?? null, name: `${uidl} ${mark}`, life: '' };
  }

  #byPlace(mark: string): Identity {
    const place = (this.#places.get(mark) ?? 0) + 1;
    this.#places.set(mark, place);
    const name = ` ${mark}#${place}`;
    const lost = this.#lost.get(mark) ?? [];
    const at = lost.findIndex(row => row.stored.startsWith(name));
    const row = lost.splice(Math.max(at, 0), 1)[0] ?? null;
    // Deleted upstream and there again without a name: its equal rather than itself, so another message to the door.
    const ended = this.#ended.get(`${mark}#${place}`);
    return { row, name, life: row === null && ended !== undefined ? `:${ended}` : '' };
  }
}

/** The door reads no more than 500 octets of a key, and what tells messages apart stands at its end. */
const shortName = (upstream: string): string =>
  upstream.length <= 80 ? upstream : createHash('sha256').update(upstream).digest('hex').slice(0, 40);

function add<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

import type { Store } from '../store.ts';
import { type Answer, type Body, noSuch, refused } from './answer.ts';
import type { Maildrop } from './maildrop.ts';

type DropMessage = Awaited<ReturnType<Store['messages']['drops']>>[number];

/** `octets`: what goes over the wire before stuffing. */
export type Readable = { kind: 'readable'; octets: number; body: Body };

export type MessageReader = {
  read(number: number | null): Answer | Readable | Promise<Answer | Readable>;
  /**
   * While the client takes one message in, the next ones are read: who fetches one by one waits for the wire alone.
   * Answers nothing where they are there already.
   */
  readAhead(): Promise<void> | undefined;
};

/** So young a reading is as good as one made now: a removal in between might as well have come behind the command. */
const freshMs = 5;
const mostAhead = 16;
/** Octets of all read ahead; larger content is not in the row, and streams. */
const mostOctets = 65_536;

const gone = refused('That message was removed or moved meanwhile');

/** Reads the messages of one maildrop; several at a time for a client that takes them quickly and in order. */
export function createReader(store: Store, accountId: number, drop: Maildrop): MessageReader {
  let ahead = { at: -freshMs, messages: new Map<number, DropMessage>() };
  let last = { number: 0, at: -freshMs, isQuick: false };

  const fresh = (id: number) => (performance.now() - ahead.at < freshMs ? ahead.messages.get(id) : undefined);
  const load = async (from: number, most: number) => {
    const found = await store.messages.drops(accountId, idsFrom(drop, from, most));
    ahead = { at: performance.now(), messages: new Map(found.map(m => [m.id, m])) };
  };
  const readable = ({ prefix, content }: DropMessage, octets: number): Readable | Promise<Readable> => {
    const start = Buffer.from(prefix);
    if (content.bytes) return { kind: 'readable', octets, body: [start, content.bytes] };
    return begun(start, store.content.open(content.id)).then(body => ({ kind: 'readable', octets, body }));
  };
  return {
    read(number) {
      const entry = number === null ? null : drop.entry(number);
      if (number === null || !entry) return noSuch;
      const at = performance.now();
      last = { number, at, isQuick: number === last.number + 1 && at - last.at < freshMs };
      const known = fresh(entry.id);
      if (known) return readable(known, entry.size);
      return load(number, last.isQuick ? mostAhead : 1).then(() => {
        const found = ahead.messages.get(entry.id);
        return found ? readable(found, entry.size) : gone;
      });
    },
    readAhead() {
      if (!last.isQuick) return undefined;
      const next = drop.entry(last.number + 1);
      // A failure is told when the message is asked for.
      return next && !fresh(next.id) ? load(last.number + 1, mostAhead).catch(() => {}) : undefined;
    },
  };
}

/** The first one in any case; more while they are small. */
function idsFrom(drop: Maildrop, from: number, most: number): number[] {
  const ids: number[] = [];
  let octets = 0;
  for (let number = from; number < from + most; number++) {
    const entry = drop.entry(number);
    octets += entry?.size ?? mostOctets;
    if (!entry || (ids.length > 0 && octets > mostOctets)) break;
    ids.push(entry.id);
  }
  return ids;
}

/**
 * Prefix and content as they lie in the store. The door has seen to it that content has CRLF line ends and ends in
 * one, so that their size is exact. The beginning is read before anything is said: content that cannot be read is
 * refused, and the session goes on.
 */
async function begun(prefix: Buffer, content: AsyncIterable<Buffer>): Promise<AsyncIterable<Buffer>> {
  const pieces = content[Symbol.asyncIterator]();
  const { value, done } = await pieces.next();
  return streamed(done ? [prefix] : [prefix, value], pieces);
}

async function* streamed(read: Buffer[], rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* read;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    // A client that hangs up in the middle leaves the file open otherwise.
    await rest.return?.();
  }
}

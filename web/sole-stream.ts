/**
 * One long answer at a time for each account, which is read from the store only as fast as it is taken.
 * Its place is free when it ends, fails or is given up, read or not; who stops taking it gives way to the next who asks.
 */

/** Milliseconds without a read after which a stream is taken for left behind. */
const patience = 120_000;

export type SoleStreams = {
  /** `signal`: of who asks. Null: another of this account is on its way. */
  open(accountId: number, bytes: AsyncIterable<Buffer>, signal: AbortSignal): ReadableStream<Uint8Array> | null;
};

type Held = { readAt: number /** Its reader must not take what came for all. */; end(): void };

export function createSoleStreams(now: () => number): SoleStreams {
  const held = new Map<number, Held>();
  return {
    open(accountId, bytes, signal) {
      const before = held.get(accountId);
      if (before && now() - before.readAt < patience) return null;
      before?.end();
      const own: Held = { readAt: now(), end: () => {} };
      const free = () => {
        if (held.get(accountId) === own) held.delete(accountId);
      };
      const { stream, end, leave } = streamFrom(bytes, { read: () => (own.readAt = now()), free });
      own.end = end;
      held.set(accountId, own);
      if (signal.aborted) leave();
      else signal.addEventListener('abort', leave, { once: true });
      return stream;
    },
  };
}

/** A generator that was never begun runs no `finally` when it is given up: the stream itself has to say that it is over. */
function streamFrom(
  bytes: AsyncIterable<Buffer>,
  { read, free }: { read(): void; free(): void },
): { stream: ReadableStream<Uint8Array>; end(): void /** There is no reader any more. */; leave(): void } {
  const octets = bytes[Symbol.asyncIterator]();
  let control: ReadableStreamDefaultController<Uint8Array> | undefined;
  const stop = async () => {
    free();
    await octets.return?.();
  };
  const stream = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        control = controller;
      },
      async pull(controller) {
        read();
        try {
          const next = await octets.next();
          if (!next.done) return controller.enqueue(next.value);
        } catch (error) {
          free();
          throw error;
        }
        free();
        controller.close();
      },
      cancel: stop,
    },
    { highWaterMark: 0 },
  );
  const leave = () => void stop().catch(() => {});
  const end = () => {
    control?.error(new Error('left by its reader'));
    leave();
  };
  return { stream, end, leave };
}

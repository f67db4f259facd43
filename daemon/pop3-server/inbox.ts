import { createLineReader, type Line } from '../wire/lines.ts';

/** Room for a password of 1,024 octets in any form that RFC 5034 gives it. */
const longestLine = 4096;
/** Commands not yet obeyed, in octets; more stay in the kernel, which makes the client wait. */
const mostUnread = 65_536;

export type Inbox = {
  push(chunk: Buffer): void;
  next(): Line | null;
  /** There are octets that `next` has not looked at. */
  readonly waiting: boolean;
  readonly full: boolean;
  /** Forgets all that came and was not read. */
  clear(): void;
};

/** What the client sent and was not answered yet, line by line. LF alone ends one too: people type into this. */
export function createInbox(): Inbox {
  const newReader = () => createLineReader({ limit: longestLine, ending: 'lf' });
  let reader = newReader();
  let chunks: Buffer[] = [];
  let octets = 0;
  return {
    get waiting() {
      return chunks.length > 0;
    },
    get full() {
      return octets > mostUnread;
    },
    push(chunk) {
      chunks.push(chunk);
      octets += chunk.length;
    },
    next() {
      for (;;) {
        const line = reader.next();
        const chunk = line ? undefined : chunks.shift();
        if (!chunk) return line;
        octets -= chunk.length;
        reader.feed(chunk);
      }
    },
    clear() {
      reader = newReader();
      chunks = [];
      octets = 0;
    },
  };
}

import type { Content, NewContent } from './shapes.ts';

export type Contents = {
  /** Small content comes with its bytes. Null: there is no such content any more. */
  get(id: number): Promise<Content | null>;
  /** Streams octets [from, to) whether they lie in a row or in a file. Throws if the content is gone. */
  open(id: number, from?: number, to?: number): AsyncIterable<Buffer>;
  /** Octets [from, to) in memory; for pieces known to be small. */
  read(id: number, from?: number, to?: number): Promise<Buffer>;
  /** A place to write content of any size; up to 64 KB it never touches the disk. */
  create(): ContentWriter;
};

export type ContentWriter = {
  /** Resolves when more may be written. The buffer must not be changed afterwards. */
  write(chunk: Buffer): Promise<void> | void;
  /** Makes it durable (a file is synced and in its final place) and says where it lies. */
  finish(): Promise<NewContent>;
  /** Octets [from, to) of what was written so far, before or after `finish`. */
  read(from: number, to: number): Promise<Buffer>;
  /** Forgets it; safe to call at any time, also after finish when nothing refers to it. */
  discard(): Promise<void>;
  readonly size: number;
};

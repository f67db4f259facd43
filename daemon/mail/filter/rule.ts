/** Who handed a message in: other servers, the fetcher, or our own users and programs. */
export type Giver = 'peers' | 'fetched' | 'submission';

export type FilterRule = {
  /** From 1, in the order of the file; what the log and the counters call it. */
  number: number;
  line: number;
  /** The line as written, with single blanks; counters follow it over a change of the file. */
  text: string;
  action: 'reject' | 'discard' | 'quarantine' | 'tag';
  /** What the sender is told, or the tag says; empty: not given. Printable ASCII. */
  say: string;
  /** Whose mail it looks at. */
  givers: readonly Giver[];
  condition: Condition;
};

export type Condition =
  /** `name` in lower case, `*` for all. */
  | { kind: 'header'; name: string; matches(value: string): boolean }
  /** Found anywhere, in capitals or not. */
  | { kind: 'body'; words: string }
  /** One attachment must satisfy all that is given; null: not given. */
  | {
      kind: 'attachment';
      name: ((name: string) => boolean) | null;
      type: ((type: string) => boolean) | null;
      /** The name of a file inside a zip file. */
      archived: ((name: string) => boolean) | null;
      /** Octets, decoded. */
      largerThan: number | null;
    };

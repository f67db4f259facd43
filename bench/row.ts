/** One line of the table: more is better where a peer is named, unless `less` says otherwise. */
export type Row = {
  what: string;
  ours: string;
  /** Null: not installed, or there is none. */
  peer: string | null;
  peerName: string;
  /** Ours by the peer's, or what else the promise is about. */
  ratio: string;
};

export const perSecond = (n: number): string => `${Math.round(n).toLocaleString('en')}/s`;
export const ms = (n: number): string => `${n < 10 ? n.toFixed(1) : Math.round(n)} ms`;
export const times = (a: number, b: number): string => `${(a / b).toFixed(2)}×`;
export const median = (values: number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

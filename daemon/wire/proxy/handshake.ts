import type { DialFailure } from '../dial.ts';

/** What to do after hearing some octets. `rest`: octets behind the handshake, which belong to the destination's protocol. */
export type Step =
  | { kind: 'wait' }
  | { kind: 'send'; bytes: Buffer }
  | { kind: 'open'; rest: Buffer }
  | { kind: 'failed'; failure: DialFailure; why: string };

/** A pure machine that asks a proxy for one connection. It is heard octets until it says open or failed. */
export type Handshake = {
  /** Sent as soon as the proxy is connected. */
  opening: Buffer;
  hear(octets: Buffer): Step;
  /** What it means that the proxy hung up now. */
  hungUp(): Step & { kind: 'failed' };
};

/** `address` null: the name is the proxy's to look up. */
export type Destination = { name: string; address: string | null; port: number };

export const wait: Step = { kind: 'wait' };
export const failed = (failure: DialFailure, why: string): Step & { kind: 'failed' } => ({
  kind: 'failed',
  failure,
  why,
});

/** A proxy's own words, for a log line: bounded, and without controls. */
export const worded = (text: string): string =>
  text
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, 200);

import { addressKey } from '../../mail/address.ts';

/** One line of the chain's trace: who was looked at, what took it, and what came of it. */
export type ChainStep = {
  depth: number;
  address: string;
  step: string;
  result: string;
  /** The addresses it leads to, or the one it ends at. */
  adds: string[];
};

const redirecting = new Set(['forward', 'alias', 'own forward', 'fallback']);

/** Is it one of our addresses whose mail goes to another? */
export const isRedirected = ({ trace }: { trace: ChainStep[] }): boolean =>
  trace.some(t => t.depth === 0 && redirecting.has(t.step) && t.adds.some(a => a !== addressKey(t.address)));

/** A step as a person reads it: `ann@a -> forward: bob@b`. */
export const stepLine = (t: ChainStep): string => `${t.address} -> ${t.step}: ${t.result}`;

/** The trace as one log field. */
export const traceLine = (trace: ChainStep[]): string => trace.map(stepLine).join(' | ');

/** The trace as the original told it: people search their logs for these words. */
export function chainEvents(address: string, trace: ChainStep[]): { event: string; step?: string }[] {
  const events = trace.flatMap(t =>
    t.adds.length
      ? t.adds.map(to => ({ event: `Adding ${to} to rcpt chain`, step: stepLine(t) }))
      : [{ event: `rcpt chain: ${t.result}`, step: stepLine(t) }],
  );
  return [{ event: `Starting rcpt chain for ${address}` }, ...events];
}

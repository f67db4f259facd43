import type { Acceptance, Accepted, Delivery, Outcome, TimelineStep } from './shapes.ts';

export type Deliveries = {
  /** Waiting deliveries due at `now`, oldest due first, marked `sending` in the same step; none of the named domains. */
  claim(now: number, limit: number, exceptDomains: string[]): Promise<Delivery[]>;
  /** At start: what was `sending` when we died is waiting again, due at once. */
  recover(now: number): Promise<number>;
  /** Earliest time something waiting is due; null: nothing waits. */
  nextDue(): Promise<number | null>;
  /** One transaction: outcomes, the reports they cause, the timeline. The reports' keys make a second call harmless. */
  settle(outcomes: Outcome[], reports: Acceptance[]): Promise<Accepted[]>;
  /** Gives claimed deliveries back untried, due at `nextAt`. */
  release(ids: number[], nextAt: number, reason: string): Promise<void>;
  hold(ids: number[], reason: string, at: number): Promise<void>;
  /** Held ones of a domain (`*`: all) are waiting again, due at once. Answers how many. */
  unhold(domain: string, at: number): Promise<number>;
  /** By id, oldest first, from after `afterId`. */
  list(limit: number, afterId?: number): Promise<Delivery[]>;
  count(): Promise<{ waiting: number; sending: number; held: number }>;
  remove(ids: number[]): Promise<number>;
  /** What happened to a content, oldest first. */
  timeline(contentId: number): Promise<TimelineStep[]>;
};

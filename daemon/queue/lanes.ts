import type { Failure } from './carry.ts';

/** How many connections are open at the same time. */
export type Limits = {
  /** To one hop. */
  perHop: number;
  /** To hops that have lately taken mail, all together. */
  proven: number;
  /** To hops not heard of or lately dead, one each: however many of those there are, the others have their own. */
  unproven: number;
};

type Lane = {
  running: number;
  proven: boolean;
  /** Domains seen going this way. */
  domains: Set<string>;
  /** It was found dead: nothing is dialled before. */
  pausedUntil: number;
  failure: Failure | null;
};

/** What `claim` can be asked to leave out. */
const mostExcepted = 500;

/** Who may open a connection to which hop now: a full or dead hop never takes the place of a live one. */
export class Lanes {
  readonly #lanes = new Map<string, Lane>();
  readonly #limits: () => Limits;

  /** Asked at each use. */
  constructor(limits: () => Limits) {
    this.#limits = limits;
  }

  /** How many connections this hop may open now. */
  room(hop: string): number {
    const lane = this.#lane(hop);
    if (!lane.proven) return lane.running > 0 ? 0 : Math.max(0, Math.min(1, this.#left(false)));
    return Math.max(0, Math.min(this.#limits().perHop - lane.running, this.#left(true)));
  }

  /** The most connections that a hop in use may open besides; null: none in use may. */
  roomiest(): number | null {
    const rooms = [...this.#lanes].filter(([, lane]) => lane.running > 0).map(([hop]) => this.room(hop));
    const most = Math.max(0, ...rooms);
    return most > 0 ? most : null;
  }

  /** The failure for which nothing is dialled now; null: it may be. */
  paused(hop: string, now: number): Failure | null {
    const lane = this.#lane(hop);
    return lane.pausedUntil > now ? lane.failure : null;
  }

  /** Is no other connection to this hop under way? */
  alone(hop: string): boolean {
    return this.#lane(hop).running === 1;
  }

  saw(hop: string, domain: string): void {
    const { domains } = this.#lane(hop);
    if (domains.size < mostExcepted) domains.add(domain);
  }

  begin(hop: string): void {
    this.#lane(hop).running++;
  }

  /** A host of the hop took mail: it may have more connections from now on. True: that is news. */
  prove(hop: string): boolean {
    const lane = this.#lane(hop);
    const news = !lane.proven;
    lane.proven = true;
    return news;
  }

  /**
   * `failure` null: a host of the hop talked with us. `pause`: milliseconds in which the same
   * failure is taken for granted; 0: the next one asks again.
   */
  end(hop: string, failure: Failure | null, pause: number, now: number): void {
    const lane = this.#lane(hop);
    lane.running--;
    lane.proven &&= failure === null;
    lane.failure = failure;
    lane.pausedUntil = failure === null ? 0 : now + pause;
    if (lane.running === 0 && lane.pausedUntil <= now) lane.domains.clear();
    if (this.#lanes.size > 1000) this.#forget(now);
  }

  /** Domains whose hop has no room now; they need not be claimed. */
  busyDomains(): string[] {
    const busy = [...this.#lanes].filter(([hop, lane]) => lane.running > 0 && this.room(hop) === 0);
    return busy.flatMap(([, lane]) => [...lane.domains]).slice(0, mostExcepted);
  }

  /** Domains whose hop was found dead and is not dialled now. */
  pausedDomains(now: number): string[] {
    const paused = [...this.#lanes.values()].filter(lane => lane.pausedUntil > now && lane.failure !== null);
    return paused.flatMap(lane => [...lane.domains]).slice(0, mostExcepted);
  }

  /** Dead ones, of these hops only or of all, may be tried at once. */
  unpause(hops?: ReadonlySet<string>): void {
    for (const [hop, lane] of this.#lanes) if (!hops || hops.has(hop)) lane.pausedUntil = 0;
  }

  status(now: number): { hop: string; connections: number; pausedUntil: number | null }[] {
    return [...this.#lanes]
      .filter(([, lane]) => lane.running > 0 || lane.pausedUntil > now)
      .map(([hop, lane]) => ({
        hop,
        connections: lane.running,
        pausedUntil: lane.pausedUntil > now ? lane.pausedUntil : null,
      }));
  }

  #left(proven: boolean): number {
    let running = 0;
    for (const lane of this.#lanes.values()) if (lane.proven === proven) running += lane.running;
    return (proven ? this.#limits().proven : this.#limits().unproven) - running;
  }

  #lane(hop: string): Lane {
    const known = this.#lanes.get(hop);
    if (known) return known;
    const lane: Lane = { running: 0, proven: false, domains: new Set(), pausedUntil: 0, failure: null };
    this.#lanes.set(hop, lane);
    return lane;
  }

  #forget(now: number): void {
    for (const [hop, lane] of this.#lanes) if (lane.running === 0 && lane.pausedUntil <= now) this.#lanes.delete(hop);
  }
}

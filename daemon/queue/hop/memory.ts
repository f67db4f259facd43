/** What was found out about hosts and proxies by dialling them, kept for minutes. Keys are `host:port` or a proxy's name. */
export type HostMemory = {
  /** Those not known to be dead first; those that refuse our sign-in not at all. */
  inOrder<H>(hosts: H[], keyOf: (host: H) => string, now: number): H[];
  /** Nothing was heard from it: others go first for some minutes. */
  dead(key: string, now: number): void;
  isDead(key: string, now: number): boolean;
  /**
   * It refuses our sign-in: it is left alone, longer each time, since many hosts shut out who goes on trying.
   * True: that is news.
   */
  refused(key: string, now: number): boolean;
  works(key: string): void;
  /** Another list of gateways than the last time: passwords may have been mended, so all is forgotten. */
  under(gateways: object): void;
  /** A person wants all of them tried now. */
  forget(): void;
};

const minute = 60_000;
const deadFor = 5 * minute;
const shortestWait = 5 * minute;
const longestWait = 2 * 60 * minute;
const most = 1_000;

type State = { until: number /** Sign-ins refused in a row; 0: it is dead. */; refusals: number };

export function createHostMemory(): HostMemory {
  const states = new Map<string, State>();
  const current = (key: string, now: number): State | null => {
    const state = states.get(key);
    return state && state.until > now ? state : null;
  };
  const keep = (key: string, state: State) => {
    states.delete(key);
    states.set(key, state);
    // The oldest go first.
    for (const old of states.keys()) if (states.size > most) states.delete(old);
  };
  const forget = () => {
    for (const state of states.values()) state.until = 0;
  };
  let list: object | null = null;
  return {
    inOrder(hosts, keyOf, now) {
      const open = hosts.filter(h => !current(keyOf(h), now)?.refusals);
      const isDead = (h: (typeof hosts)[number]) => current(keyOf(h), now) !== null;
      return [...open.filter(h => !isDead(h)), ...open.filter(isDead)];
    },
    dead: (key, now) => keep(key, { until: now + deadFor, refusals: 0 }),
    isDead: (key, now) => current(key, now)?.refusals === 0,
    refused(key, now) {
      const before = states.get(key)?.refusals ?? 0;
      keep(key, { until: now + Math.min(longestWait, shortestWait * 2 ** before), refusals: before + 1 });
      return before === 0;
    },
    works: key => void states.delete(key),
    under(gateways) {
      if (list !== null && list !== gateways) forget();
      list = gateways;
    },
    forget,
  };
}

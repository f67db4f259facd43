/**
 * Counters of the daemon since its start, and their form for Prometheus (text exposition format 0.0.4).
 *
 * It promises that a counter only grows, and that labels are few and ours: no address or host of a stranger's ever
 * becomes one, so that memory stays bounded. It keeps nothing over a restart, and serves nothing.
 */
const declared = {
  accepted: ['cwmail_accepted_total', 'counter', 'Messages taken at the door, by who brought them.'],
  delivered: ['cwmail_delivered_total', 'counter', 'Deliveries another host took.'],
  deferred: ['cwmail_deferred_total', 'counter', 'Attempts that were put off.'],
  failed: ['cwmail_failed_total', 'counter', 'Deliveries that failed for good, expired ones included.'],
  expired: ['cwmail_expired_total', 'counter', 'Deliveries given up because their time was over.'],
  bounced: ['cwmail_bounced_total', 'counter', 'Reports sent, by what they tell.'],
  released: ['cwmail_released_total', 'counter', 'Held submissions whose time came.'],
  queue: ['cwmail_queue', 'gauge', 'Deliveries in the queue, by state, held ones by why.'],
  connections: ['cwmail_connections', 'gauge', 'Open connections, by listener; out: to other hosts.'],
} as const;

export type CounterName = keyof typeof declared;
export type Sample = { name: CounterName; labels: Record<string, string>; value: number };

export type Counters = {
  /** `by`: at least 0. */
  add(name: CounterName, labels?: Record<string, string>, by?: number): void;
  samples(): Sample[];
};

export function createCounters(): Counters {
  const known = new Map<string, Sample>();
  return {
    add(name, labels = {}, by = 1) {
      const key = name + shown(labels);
      const sample = known.get(key);
      if (sample) sample.value += by;
      else known.set(key, { name, labels, value: by });
    },
    samples: () => [...known.values()],
  };
}

/** All counters, those that never counted too: a rate over an absent series tells nothing. */
export function exposition(samples: Sample[]): string {
  const lines: string[] = [];
  for (const [name, [metric, type, help]] of Object.entries(declared)) {
    const own = samples.filter(s => s.name === name);
    lines.push(`# HELP ${metric} ${help}`, `# TYPE ${metric} ${type}`);
    for (const { labels, value } of own) lines.push(`${metric}${shown(labels)} ${value}`);
    if (own.length === 0) lines.push(`${metric} 0`);
  }
  return `${lines.join('\n')}\n`;
}

function shown(labels: Record<string, string>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value.replace(/[\\"\n]/g, ' ')}"`);
  return pairs.length ? `{${pairs.join(',')}}` : '';
}

import type { DeliveryState } from './shapes.ts';
import { row, rows, run, type Work } from './sql.ts';
import type { Read, Write } from './verbs.ts';

/** What the queue has for one domain. */
export type DomainMail = {
  domain: string;
  waiting: number;
  sending: number;
  /** All that is held, parked mail included. */
  held: number;
  /** Held because the domain is suspended. */
  parked: number;
  octets: number;
  /** When the oldest was accepted. */
  oldest: number;
};

/** Who last called for the mail of a domain. */
export type DomainCall = {
  domain: string;
  at: number;
  verb: 'ETRN' | 'ATRN';
  /** The account, else the address. */
  caller: string;
  /** Our reply line. */
  answer: string;
};

export type Domains = {
  /** Every domain that has mail in the queue, by name. Read from two indexes; no delivery's row is looked at. */
  list(): Promise<DomainMail[]>;
  /** The oldest of each domain only. */
  oldest(): Promise<Pick<DomainMail, 'domain' | 'octets' | 'oldest'>[]>;
  /** Their names only, whatever the length of the queue: one search in an index a name. */
  names(): Promise<string[]>;
  /** Waiting and parked deliveries of a domain, counted up to `most`; and whether any is under way. */
  pending(domain: string, most: number): Promise<{ pending: number; sending: boolean }>;
  calls(): Promise<DomainCall[]>;
  noteCall(call: DomainCall): Promise<void>;
};

const totals = `select domain, count(*) as n, sum(octets) as octets, min(since) as oldest from delivery
  group by domain order by domain`;
// All that is not parked, by three ranges of an index: of what is parked, which may be nearly all, no entry is read.
const others = `select domain, state, count(*) as n from delivery where state in ('waiting', 'sending')
    group by state, domain
  union all select domain, 'held', count(*) from delivery where state = 'held' and hold_kind < 'suspended domain'
    group by domain
  union all select domain, 'held', count(*) from delivery where state = 'held' and hold_kind > 'suspended domain'
    group by domain`;

type Total = { domain: string; n: number; octets: number; oldest: number };
type Other = { domain: string; state: DeliveryState; n: number };

// An expression around a column keeps its index out of it: of one domain's mail, or of what is under way, there is little.
const asked = `domain = ? and (coalesce(state, '') = 'waiting'
  or (coalesce(state, '') = 'held' and coalesce(hold_kind, '') = 'suspended domain'))`;
const underWay = "coalesce(domain, '') = ? and state = 'sending'";
const countOf = (which: string): string =>
  `select count(*) as n from (select 1 from delivery where ${which} limit ?) as some`;

export const domainVerbs = {
  *noteCall(c: DomainCall): Work<number> {
    return yield* run(
      `insert into domain_call (domain, at, verb, caller, answer) values (?,?,?,?,?)
        on conflict (domain) do update set at = excluded.at, verb = excluded.verb, caller = excluded.caller,
          answer = excluded.answer`,
      c.domain,
      c.at,
      c.verb,
      c.caller,
      c.answer,
    );
  },
};

export function createDomains(read: Read, write: Write): Domains {
  return {
    async list() {
      const found = new Map<string, DomainMail>();
      for (const { n, ...total } of await read(rows<Total>(totals)))
        found.set(total.domain, { ...total, waiting: 0, sending: 0, held: n, parked: n });
      for (const { domain, state, n } of await read(rows<Other>(others))) {
        const mail = found.get(domain);
        // What came in between the two statements is told the next time.
        if (!mail || mail.parked < n) continue;
        mail.parked -= n;
        if (state !== 'held') mail.held -= n;
        if (state !== 'held') mail[state] += n;
      }
      return [...found.values()];
    },
    async oldest() {
      return (await read(rows<Total>(totals))).map(({ domain, octets, oldest }) => ({ domain, octets, oldest }));
    },
    async names() {
      const next = '(select min(domain) from delivery where domain > d.domain)';
      const sql = `with recursive d(domain) as (select min(domain) from delivery
        union all select ${next} from d where d.domain is not null) select domain from d where domain is not null`;
      return (await read(rows<{ domain: string }>(sql))).map(r => r.domain);
    },
    async pending(domain, most) {
      const pending = await read(row<{ n: number }>(countOf(asked), domain, most));
      const sending = await read(row<{ n: number }>(countOf(underWay), domain, 1));
      return { pending: pending?.n ?? 0, sending: (sending?.n ?? 0) > 0 };
    },
    calls: () => read(rows<DomainCall>('select domain, at, verb, caller, answer from domain_call order by domain')),
    async noteCall(call) {
      await write('noteCall', call);
    },
  };
}

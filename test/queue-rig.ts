import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Counters, createCounters } from '../daemon/counters.ts';
import { type Fields, type Log, silentLog } from '../daemon/log.ts';
import { createQueue, type Queue, type QueueOptions, type QueueSettings } from '../daemon/queue.ts';
import { connectSmtp } from '../daemon/smtp-client.ts';
import { type Acceptance, type Delivery, openStore, type Store } from '../daemon/store.ts';
import { createResolver } from '../daemon/wire/dns.ts';
import { inMemory, noSummary, plainTerms } from './acceptance.ts';
import { type NextHop, nextHop, type Script } from './next-hop.ts';

/** A real store in a folder of its own, a queue on it, next hops by script, and a clock that can be set. */
export type Rig = {
  store: Store;
  /** The account whose Inbox takes the reports. */
  ann: number;
  clock: { shift: number };
  settings: QueueSettings;
  counters: Counters;
  /** Log lines as `event` with their fields. */
  told: (Fields & { event: string })[];
  hop(script?: Script, port?: number, host?: string): Promise<NextHop>;
  /** Another queue on the same store, which starts unless it is told not to; the one before is stopped. */
  queue(more?: Partial<QueueOptions>, starts?: boolean): Promise<Queue>;
  accept(to: (string | Partial<Acceptance['recipients'][number]>)[], more?: Partial<Acceptance>): Promise<number>;
  /** What lies in ann's Inbox, oldest first. */
  inbox(): Promise<Buffer[]>;
  waiting(): Promise<Delivery[]>;
  close(): Promise<void>;
};

export const quick = { connect: 400, greeting: 400, command: 400, block: 400, final: 400 };

export async function createRig(): Promise<Rig> {
  const path = await mkdtemp(join(tmpdir(), 'cwmail-queue-'));
  const store = await openStore({ path, writer: 'thread', fatal: error => console.error(error) });
  const account = await store.accounts.create({
    address: 'ann@us.test',
    name: 'Ann',
    passwordHash: null,
    quota: 0,
    at: 1,
  });
  const hops: NextHop[] = [];
  const queues: Queue[] = [];
  const clock = { shift: 0 };
  const now = () => Date.now() + clock.shift;
  const told: Rig['told'] = [];
  const settings: QueueSettings = {
    online: 'always',
    gateway: [],
    proxy_domain: [],
    outgoing_ip: [],
    outgoing_ipv6: 'avoid',
    host_domain: ['us.test'],
    vdomain: [],
    smtp_port: 2525,
    retry_interval: 7_200_000,
    max_retrytime: 48 * 3_600_000,
    delay_notice: 0,
    destination_connections: 4,
    suspend_domain: [],
  };
  const counters = createCounters();
  const ann = account?.id ?? 0;

  /** As the door does it: a report for ann comes into her Inbox; nobody else is known. */
  const prepareReport: QueueOptions['prepareReport'] = async ({ to, bytes, key }) => {
    if (to !== 'ann@us.test') return null;
    const recipient = {
      address: to,
      notify: null,
      orcpt: null,
      routes: [{ kind: 'mailbox' as const, accountId: ann, address: to }],
    };
    return { ...acceptance(bytes, now()), origin: 'ourselves', key, recipients: [recipient], reversePath: null };
  };

  return {
    store,
    ann,
    clock,
    settings,
    counters,
    told,
    async hop(script, port, host) {
      const hop = await nextHop(script, port, host);
      hops.push(hop);
      return hop;
    },
    async queue(more, starts = true) {
      await Promise.all(queues.splice(0).map(q => q.stop(0)));
      const queue = createQueue({
        store,
        settings,
        log: listening(told),
        now,
        resolver: createResolver({ servers: ['127.0.0.1:9'], timeout: 50 }),
        connect: connectSmtp,
        prepareReport,
        prepareRelease: () => Promise.reject(new Error('nothing is held for later here')),
        prepareAnswer: () => Promise.reject(new Error('nobody is away here')),
        counters,
        random: () => 0.5,
        timeouts: quick,
        ...more,
      });
      queues.push(queue);
      if (starts) await queue.start();
      return queue;
    },
    async accept(to, more = {}) {
      const recipients = to.map(one => {
        const given = typeof one === 'string' ? { address: one } : one;
        const address = given.address ?? '';
        return { notify: null, orcpt: null, routes: [{ kind: 'relay' as const, address }], ...given, address };
      });
      const accepted = await store.accept({ ...acceptance(Buffer.from(letter), now()), recipients, ...more });
      return accepted.contentId;
    },
    async inbox() {
      const drop = await store.messages.maildrop(ann);
      const messages = await Promise.all(drop.map(d => store.messages.get(ann, d.id)));
      return Promise.all(messages.map(async m => store.content.read(m?.contentId ?? 0)));
    },
    waiting: () => store.deliveries.list(1000),
    async close() {
      await Promise.all(queues.map(q => q.stop(0)));
      await Promise.all(hops.map(h => h.close()));
      await store.close();
      await rm(path, { recursive: true });
    },
  };
}

export const letter = 'From: ann@us.test\r\nTo: bob@hop.test\r\nSubject: Tea\r\n\r\n.\r\nAt five?\r\n';

const acceptance = (bytes: Buffer, at: number): Acceptance => ({
  ...plainTerms,
  ...inMemory(bytes),
  summary: { ...noSummary, subject: 'Tea', fromAddress: 'ann@us.test' },
  receivedAt: at,
  origin: 'submitter',
  reversePath: 'ann@us.test',
});

function listening(told: Rig['told']): Log {
  const note = (event: string, fields: Fields = {}) => void told.push({ event, ...fields });
  return { ...silentLog(), info: note, warn: note, error: note };
}

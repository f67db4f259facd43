import { userInfo } from 'node:os';
import { join } from 'node:path';
import { createCounters, exposition, type Sample } from '../counters.ts';
import { createIntake } from '../intake.ts';
import { createLog, printable, silentLog } from '../log.ts';
import { parseAddress, parseDomain } from '../mail/address.ts';
import { mayGoOut } from '../online.ts';
import { type Command, type Done, type Order, operate } from '../queue.ts';
import type { Delivery, Store, Which } from '../store.ts';
import { lockStore } from '../store-lock.ts';
import { inWords } from './age.ts';
import {
  type CommandContext,
  PlainError,
  print,
  settingsOf,
  UsageError,
  withHouse,
  withStore,
  withTell,
} from './command.ts';

const page = 1000;

export async function list(context: CommandContext): Promise<number> {
  const { json = false, limit, after } = context.options;
  const most = limit === undefined ? Number.POSITIVE_INFINITY : whole(limit, '--limit');
  const which = whichOf(context, { all: true });
  return await withStore(context, async store => {
    let last = after === undefined ? 0 : whole(after, '--after');
    let shown = 0;
    // Page by page: the queue may be longer than the memory.
    for (;;) {
      const some = await store.deliveries.list(Math.min(page, most - shown), last, which);
      for (const d of some) {
        print(json ? `${shown === 0 ? '[' : ','}${JSON.stringify(row(d))}` : line(d));
        shown++;
      }
      last = some.at(-1)?.id ?? last;
      if (some.length < page || shown >= most) break;
    }
    if (json) print(shown === 0 ? '[]' : ']');
    else if (shown === 0)
      print(Object.keys(which).length || last ? 'Nothing like that lies in the queue.' : 'The queue is empty.');
    else if (shown >= most) print(`There may be more: --after ${last}`);
    return 0;
  });
}

const time = (at: number): string => new Date(at).toISOString();

/** These names are published. */
const row = (d: Delivery) => ({
  id: d.id,
  content: d.contentId,
  sender: d.sender,
  recipient: d.recipient,
  state: d.state,
  reason: d.reason,
  attempts: d.attempts,
  next: nextOf(d),
  lastReply: d.lastReply,
  since: time(d.since),
});

/** Null: it is being sent, or held for no certain time. */
const nextOf = (d: Delivery): string | null =>
  d.state === 'waiting' || (d.state === 'held' && d.holdKind === 'future release') ? time(d.nextAt) : null;

function line(d: Delivery): string {
  const age = inWords(Math.max(0, Date.now() - d.since) / 1000);
  const parts = [String(d.id), d.state, `${d.sender ?? '<>'} -> ${d.recipient}`, `for ${age}`];
  const next = (d.nextAt - Date.now()) / 1000;
  if (d.state === 'waiting' && next >= 1) parts.push(`next in ${inWords(next)}`);
  // What was answered last mostly is the reason, or a part of it.
  if (d.lastReply && !d.reason.includes(d.lastReply)) parts.push(d.lastReply);
  if (d.reason && !d.lastReply?.includes(d.reason)) parts.push(`(${d.reason})`);
  return printable(parts.join('  '));
}

export async function show(context: CommandContext): Promise<number> {
  const [id = 0] = idsOf(context);
  return await withStore(context, async store => {
    const d = await store.deliveries.get(id);
    if (!d) throw new PlainError(`there is no delivery ${id}; queue list shows them`);
    if (context.options.content) {
      for await (const chunk of store.content.open(d.contentId)) process.stdout.write(chunk);
      return 0;
    }
    const timeline = await store.deliveries.timeline(d.contentId);
    const header = await headerOf(d, store);
    const steps = timeline.map(s => ({ ...s, at: time(s.at) }));
    if (context.options.json) print(JSON.stringify({ ...row(d), ...envelope(d), timeline: steps, header }, null, 2));
    else for (const text of [...facts(d), '', ...timeline.map(step), '', ...header]) print(text);
    return 0;
  });
}

const envelope = (d: Delivery) => ({
  hold: d.holdKind,
  size: d.size,
  notify: d.notify,
  orcpt: d.orcpt,
  ret: d.ret,
  envid: d.envid,
  origin: d.origin,
});

function facts(d: Delivery): string[] {
  const dsn = [d.notify && `NOTIFY=${d.notify}`, d.orcpt && `ORCPT=${d.orcpt}`, d.ret && `RET=${d.ret}`];
  const asked = [...dsn, d.envid && `ENVID=${d.envid}`].filter(Boolean).join(' ');
  // What its author put off waits for that time, too.
  const later = !d.routed && d.nextAt > Date.now() ? `, then at ${time(d.nextAt)}` : '';
  const whenever = d.state === 'sending' ? 'it is being sent now' : `when it is released${later}`;
  const pairs: [string, string][] = [
    ['delivery', `${d.id}, content ${d.contentId} of ${d.size} octets`],
    ['from', d.sender ?? '<>'],
    ['to', d.recipient],
    ['asked', asked || 'nothing of reports'],
    ['since', time(d.since)],
    ['state', d.holdKind ? `held (${d.holdKind})` : d.state],
    ['why', d.reason || '-'],
    ['attempts', String(d.attempts)],
    ['next', nextOf(d) ?? whenever],
    ['last reply', d.lastReply ?? '-'],
  ];
  return pairs.map(([name, value]) => printable(`${name.padEnd(10)}  ${value}`));
}

const step = (s: { at: number; event: string; recipient: string | null; detail: string }): string =>
  printable(`${time(s.at)}  ${s.event}  ${s.recipient ? `${s.recipient}  ` : ''}${s.detail}`);

const mostHeader = 64 * 1024;

async function headerOf(d: Delivery, store: Store): Promise<string[]> {
  const bytes = await store.content.read(d.contentId, 0, Math.min(d.size, mostHeader));
  const end = bytes.indexOf('\r\n\r\n');
  const text = bytes.subarray(0, end < 0 ? bytes.length : end).toString();
  return text.split('\r\n').map(l => printable(l.replaceAll('\t', '    ')));
}

export const hold = (context: CommandContext): Promise<number> => change(context, 'hold', 'held');
export const release = (context: CommandContext): Promise<number> => change(context, 'release', 'released');
export const retry = (context: CommandContext): Promise<number> => change(context, 'retry', 'due now', { all: true });
export const remove = (context: CommandContext): Promise<number> =>
  context.options.bounce
    ? change(context, 'bounce', 'returned to the sender')
    : change(context, 'delete', 'deleted; nobody is told');

/** 0: it was done, or there was nothing at all to do it to · 1: nothing of what was named, or it is being sent now. */
async function change(context: CommandContext, command: Command, done: string, may = { all: false }): Promise<number> {
  const order: Order = { command, which: whichOf(context, may), by: asker() };
  const result = await withHouse(
    settingsOf(context),
    async tell => (await tell.ask('daemon', 'queue.operate', order)) as Done,
    () => operateStopped(context, order),
  );
  const { changed, first, sending, firstSending } = result;
  const ids = changed > 0 ? `: ${first.join(' ')}${changed > first.length ? ' …' : ''}` : '';
  print(`${changed} ${changed === 1 ? 'delivery is' : 'deliveries are'} ${done}${ids}`);
  if (sending > 0)
    print(
      `${sending} left alone, being sent now: ${firstSending.join(' ')}${sending > firstSending.length ? ' …' : ''}`,
    );
  const named = Object.keys(order.which).length > 0;
  return changed > 0 || (!named && sending === 0) ? 0 : 1;
}

/** Nothing runs: store and log are written here, under the lock that keeps a house from starting meanwhile. */
async function operateStopped(context: CommandContext, order: Order): Promise<Done> {
  return await withStore(context, async (store, settings) => {
    const unlock = lockStore(settings.data_path);
    if (!unlock) throw new PlainError('it is just starting or stopping: try again in a moment');
    try {
      const now = Date.now;
      // What was under way when it ended is not any more.
      await store.deliveries.recover(now());
      const parked = () => {
        const outing = mayGoOut(settings, now());
        return outing.yes ? null : { kind: 'off line' as const, reason: outing.reason, until: null };
      };
      const counters = createCounters();
      const told = { wake: () => {}, changed: () => {} };
      const intake = createIntake({ store, settings, log: silentLog(), now, counters, parked, ...told });
      const { openLogFile } = await import('../supervisor.ts');
      const { write } = openLogFile(join(settings.data_path, 'log'));
      const log = createLog(settings.log_level, write, { process: 'cli' });
      const name = settings.host_domain[0] ?? 'localhost';
      const { prepareReport } = intake;
      return await operate(order, { store, settings, log, now, counters, random: Math.random, name, prepareReport });
    } finally {
      unlock();
    }
  });
}

const asker = (): string => process.env.SUDO_USER ?? userInfo().username;

export async function counters(context: CommandContext): Promise<number> {
  return await withTell(context, async tell => {
    process.stdout.write(exposition((await tell.ask('daemon', 'queue.counters', {})) as Sample[]));
    return 0;
  });
}

/** Ids and the flags, which all must fit. `all`: nothing said is everything. */
function whichOf(context: CommandContext, may: { all: boolean }): Which {
  const { domain, sender, recipient, all } = context.options;
  const which: Which = {};
  if (context.args.length) which.ids = idsOf(context);
  if (domain !== undefined) which.domain = named(parseDomain(domain), '--domain', 'a domain such as example.org');
  if (sender !== undefined) which.sender = sender === '<>' || sender === '' ? null : addressed(sender, '--sender');
  if (recipient !== undefined) which.recipient = addressed(recipient, '--recipient');
  if (Object.keys(which).length === 0 && !all && !may.all)
    throw new UsageError('say which: ids, --domain, --sender, --recipient, or --all');
  return which;
}

function idsOf({ args }: CommandContext): number[] {
  const ids = args.map(Number);
  if (ids.length === 0 || ids.some(id => !Number.isSafeInteger(id) || id < 1))
    throw new UsageError('queue ids are numbers; queue list shows them');
  return ids;
}

function whole(text: string, flag: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new UsageError(`${flag}: a whole number belongs here`);
  return Number(text);
}

const addressed = (text: string, flag: string): string =>
  named(parseAddress(text) && text, flag, 'an address such as ann@example.org');

function named(parsed: string | null, flag: string, what: string): string {
  if (parsed === null) throw new UsageError(`${flag}: ${what} belongs here`);
  return parsed;
}

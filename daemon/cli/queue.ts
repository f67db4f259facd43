import type { Delivery } from '../store.ts';
import { type CommandContext, print, UsageError, withStore, withTell } from './command.ts';

const page = 1000;

export async function list(context: CommandContext): Promise<number> {
  return await withStore(context, async store => {
    const json = context.options.json === true;
    let after = 0;
    let first = true;
    // Page by page: the queue may be longer than the memory.
    for (;;) {
      const some = await store.deliveries.list(page, after);
      for (const d of some) {
        print(json ? `${first ? '[' : ','}${JSON.stringify(shown(d))}` : line(d));
        first = false;
      }
      if (some.length < page) break;
      after = some.at(-1)!.id;
    }
    if (json) print(first ? '[]' : ']');
    else if (first) print('The queue is empty.');
    return 0;
  });
}

const time = (at: number): string => new Date(at).toISOString();

const shown = (d: Delivery) => ({
  id: d.id,
  content: d.contentId,
  sender: d.sender,
  recipient: d.recipient,
  state: d.state,
  reason: d.reason,
  attempts: d.attempts,
  next: d.state === 'waiting' ? time(d.nextAt) : null,
  lastReply: d.lastReply,
  since: time(d.since),
});

const line = (d: Delivery): string =>
  `${d.id}  ${d.state}  ${d.sender ?? '<>'} -> ${d.recipient}  since ${time(d.since)}${d.lastReply ? `  ${d.lastReply}` : ''}${d.reason ? `  (${d.reason})` : ''}`;

export async function retry(context: CommandContext): Promise<number> {
  const ids = context.args.map(Number);
  if (ids.some(id => !Number.isSafeInteger(id) || id < 1))
    throw new UsageError('queue ids are numbers; queue list shows them');
  return await withTell(context, async tell => {
    print(`${await tell.ask('daemon', 'queue.retry', { ids: ids.length ? ids : null })} deliveries are due now`);
    return 0;
  });
}

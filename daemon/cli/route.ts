import type { Reply } from '../mail/reply.ts';
import { replyLine } from '../mail/reply.ts';
import type { Route } from '../store.ts';
import { type CommandContext, print, UsageError, withTell } from './command.ts';

type Answer = { routes: Route[]; trace: string; refusal: Reply | null };

/** Asks the running daemon, so that the answer is what RCPT would get. */
export async function route(context: CommandContext): Promise<number> {
  const [address = ''] = context.args;
  if (!address.includes('@')) throw new UsageError('an address such as ann@example.org belongs here');
  return await withTell(context, async tell => {
    const { routes, trace, refusal } = (await tell.ask('daemon', 'route', { address })) as Answer;
    for (const step of trace.split(' | ')) print(step);
    if (refusal) print(`refused: ${replyLine(refusal)}`);
    else for (const r of routes) print(`${r.kind === 'mailbox' ? 'mailbox' : 'sent on to'} ${r.address}`);
    return refusal ? 1 : 0;
  });
}

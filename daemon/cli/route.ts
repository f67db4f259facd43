import { isIP } from 'node:net';
import { isTemporary, type Reply, replyLine } from '../mail/reply.ts';
import type { Route } from '../store.ts';
import { type CommandContext, print, UsageError, withTell } from './command.ts';

type Step = { depth: number; address: string; step: string; result: string };
type Answer = { routes: Route[]; trace: Step[]; refusal: Reply | null };

/** EX_TEMPFAIL of sysexits: it may be another answer later. */
const temporarily = 75;

/** Asks the running daemon, so that the answer is what RCPT would get. */
export async function route(context: CommandContext): Promise<number> {
  const [address = ''] = context.args;
  if (!address.includes('@')) throw new UsageError('an address such as ann@example.org belongs here');
  const { as, from } = doorOf(context);
  return await withTell(context, async tell => {
    const { routes, trace, refusal } = (await tell.ask('daemon', 'route', { address, as, from })) as Answer;
    for (const t of trace) print(`${t.address} -> ${t.step}: ${t.result}`);
    if (refusal) print(`refused: ${replyLine(refusal)}`);
    else for (const r of routes) print(`${r.kind === 'mailbox' ? 'mailbox' : 'sent on to'} ${r.address}`);
    if (refusal) return isTemporary(refusal) ? temporarily : 1;
    return 0;
  });
}

/** Whose question it is: a user's who signed in, or a stranger's from some address. */
function doorOf({ options }: CommandContext): { as: string; from: string | undefined } {
  const { as = options.from === undefined ? 'submission' : 'relay', from } = options;
  if (as !== 'relay' && as !== 'submission') throw new UsageError('--as is relay or submission');
  if (from !== undefined && !isIP(from)) throw new UsageError('--from is an IP address such as 192.0.2.1');
  return { as, from };
}

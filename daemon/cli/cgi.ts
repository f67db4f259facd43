import { serveCgi } from '../../web/cgi.ts';
import { type CommandContext, UsageError } from './command.ts';

/** Called by a script in a web server's cgi-bin. */
export async function cgi({ args: [socket] }: CommandContext): Promise<number> {
  if (socket === undefined) throw new UsageError('the socket is missing; it is: cwmail cgi SOCKET');
  const { env, stdin: input, stdout: output } = process;
  await serveCgi({ socket, env, input, output, complain: text => void process.stderr.write(`cwmail cgi: ${text}`) });
  return 0;
}

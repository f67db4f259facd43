import { serveCgi } from '../../web/cgi.ts';
import type { CommandContext } from './command.ts';

/** Called by a script in a web server's cgi-bin. */
export async function cgi({ args: [socket = ''] }: CommandContext): Promise<number> {
  const { env, stdin: input, stdout: output } = process;
  await serveCgi({ socket, env, input, output, complain: text => void process.stderr.write(`cwmail cgi: ${text}`) });
  return 0;
}

import { isIPv6, type Socket } from 'node:net';
import { dialOurs, type OurSettings } from '../../daemon/smtp-client.ts';
import { plainAddress } from '../../daemon/wire/ip.ts';
import { createLineReader } from '../../daemon/wire/lines.ts';

type Options = {
  /** Of this house, whose relay listener it is. */
  settings: OurSettings;
  serviceKey: string;
  /** Where the turned connection comes from. */
  client: string;
  timeout: number;
};

const longestLine = 2048;

/**
 * A connection to our relay listener as if it came from `client`: what a trusted address of ours may do, the upstream
 * must not. Its greeting is the next thing to be read. Rejects with a sentence.
 */
export async function openRelay({ settings, serviceKey, client, timeout }: Options): Promise<Socket> {
  const socket = await dialOurs(settings, 'smtp_port', timeout);
  const address = plainAddress(client);
  try {
    await hear(socket, '220', timeout);
    socket.write(`XCWMAIL ${serviceKey}\r\n`);
    await hear(socket, '250', timeout);
    socket.write(`XCLIENT ADDR=${isIPv6(address) ? `IPV6:${address}` : address}\r\n`);
    // The greeting that follows is for the upstream: it is put back.
    socket.unshift(await hear(socket, '220', timeout));
    return socket;
  } catch (error) {
    socket.destroy();
    throw new Error(`our own SMTP server did not take it: ${error instanceof Error ? error.message : error}`);
  }
}

/** One answer of one line that begins so, with its line end. */
function hear(socket: Socket, code: string, timeout: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const lines = createLineReader({ limit: longestLine, ending: 'lf' });
    const done = (error: Error | null, line: Buffer = Buffer.alloc(0)) => {
      clearTimeout(timer);
      socket.off('data', onData).off('close', onEnd).off('end', onEnd).pause();
      if (error) reject(error);
      else resolve(line);
    };
    const onEnd = () => done(new Error('it closed the connection'));
    const onData = (chunk: Buffer) => {
      lines.feed(chunk);
      const line = lines.next();
      if (!line) return;
      const text = line.kind === 'line' ? line.bytes.toString('latin1') : 'a line too long';
      if (!text.startsWith(`${code} `) || lines.rest().length > 0) done(new Error(`it answered ${text.slice(0, 200)}`));
      else done(null, Buffer.from(`${text}\r\n`, 'latin1'));
    };
    const timer = setTimeout(() => done(new Error(`no answer within ${timeout} ms`)), timeout);
    socket.on('data', onData).on('close', onEnd).on('end', onEnd).resume();
  });
}

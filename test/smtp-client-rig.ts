import type { Socket } from 'node:net';
import { expect } from 'vitest';
import { type ClientOptions, ConnectError, connectSmtp, type Submission } from '../daemon/smtp-client.ts';
import { type NextHop, nextHop, type Script } from './next-hop.ts';

/** What a test opened: closed behind it. */
export const open: { close(): Promise<unknown> }[] = [];
export const closeAll = async (): Promise<void> => {
  await Promise.all(open.splice(0).map(one => one.close()));
};

export async function hopFor(script: Script): Promise<NextHop> {
  const hop = await nextHop(script);
  open.push(hop);
  return hop;
}

export const quick = { connect: 500, greeting: 300, command: 300, block: 300, final: 300 };
export const to = (hop: NextHop, more: Partial<ClientOptions> = {}): ClientOptions => ({
  host: '127.0.0.1',
  port: hop.port,
  name: 'us.test',
  tls: 'off',
  timeouts: quick,
  ...more,
});

export async function clientFor(script: Script, more: Partial<ClientOptions> = {}) {
  const hop = await hopFor(script);
  const client = await connectSmtp(to(hop, more));
  open.push(client);
  return { hop, client };
}

export const text = (octets: string) => () => bytes(octets);
async function* bytes(octets: string): AsyncIterable<Buffer> {
  for (let at = 0; at < octets.length; at += 7) yield Buffer.from(octets.slice(at, at + 7), 'latin1');
}

export const mail = (more: Partial<Submission> = {}): Submission => ({
  reversePath: 'ann@us.test',
  recipients: [{ address: 'bob@hop.test' }],
  size: 30,
  content: text('Subject: x\r\n\r\nhello\r\n'),
  ...more,
});
export const three = ['bob@hop.test', 'cat@hop.test', 'dan@hop.test'].map(address => ({ address }));

export const failure = async (hop: NextHop, more: Partial<ClientOptions> = {}): Promise<ConnectError> => {
  const error = await connectSmtp(to(hop, more)).catch(e => e);
  expect(error).toBeInstanceOf(ConnectError);
  return error;
};

export const drip = (socket: Socket, octets: string): void => {
  const timer = setInterval(() => socket.writable && socket.write(octets), 10);
  socket.on('close', () => clearInterval(timer));
};

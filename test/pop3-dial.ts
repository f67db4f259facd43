import { connect } from 'node:net';
import { createDotDecoder } from '../daemon/wire/dot.ts';
import { createLineReader } from '../daemon/wire/lines.ts';
import { password } from './pop3-house.ts';

/** A small POP3 client for tests that count octets. */
export async function dial(port: number) {
  const socket = connect(port, '127.0.0.1').setNoDelay(true);
  const chunks = socket[Symbol.asyncIterator]();
  const reader = createLineReader({ limit: 4096, ending: 'crlf' });
  const more = async () => {
    const { value, done } = await chunks.next();
    if (done) throw new Error('it hung up');
    return value as Buffer;
  };
  const line = async (): Promise<string> => {
    for (;;) {
      const read = reader.next();
      if (read?.kind === 'line') return read.bytes.toString('latin1');
      reader.feed(await more());
    }
  };
  const ask = (command: string): Promise<string> => {
    socket.write(`${command}\r\n`);
    return line();
  };
  const body = async (): Promise<Buffer> => {
    const decoder = createDotDecoder();
    const content: Buffer[] = [];
    for (let chunk = reader.rest(); ; chunk = await more()) {
      const read = decoder.push(chunk);
      content.push(read.content);
      if (!read.rest) continue;
      reader.feed(read.rest);
      return Buffer.concat(content);
    }
  };
  await line();
  return {
    ask,
    body,
    send: (text: string) => socket.write(text),
    line,
    /** The answer's first line must be positive. */
    async fetch(command: string): Promise<Buffer> {
      const answer = await ask(command);
      if (!answer.startsWith('+OK')) throw new Error(answer);
      return body();
    },
    async login(name: string): Promise<string> {
      await ask(`USER ${name}`);
      return ask(`PASS ${password}`);
    },
    socket,
    hangUp: () => socket.destroy(),
  };
}

import { randomInt } from 'node:crypto';
import { connect } from 'node:net';
import { type Answer, answerTo, DnsError, question, type RecordType } from './message.ts';

/** Of a name server. */
export type ServerAddress = { address: string; port: number };

/** Asks the servers in their order over TCP (RFC 7766), `timeout` milliseconds each, until one knows. */
export async function askByTcp(
  servers: ServerAddress[],
  name: string,
  type: RecordType,
  timeout: number,
): Promise<Answer> {
  let last = new DnsError('ECONNREFUSED');
  const asked = question(randomInt(0x10000), name, type);
  for (const server of servers) {
    const answer = await askOne(server, asked, type, timeout).catch(asDnsError);
    if (!(answer instanceof DnsError)) return answer;
    // That there is none is an answer too; trouble is worth another server.
    if (answer.code === 'ENOTFOUND' || answer.code === 'ENODATA') throw answer;
    last = answer;
  }
  throw last;
}

const asDnsError = (error: NodeJS.ErrnoException): DnsError =>
  error instanceof DnsError ? error : new DnsError(error.code === 'ETIMEDOUT' ? 'ETIMEOUT' : 'ECONNREFUSED');

/** One connection a question: look-ups are few, and a kept connection is one more thing that can go stale. */
function askOne({ address, port }: ServerAddress, asked: Buffer, type: RecordType, timeout: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port });
    const timer = setTimeout(() => socket.destroy(new DnsError('ETIMEOUT')), timeout);
    const chunks: Buffer[] = [];
    socket.on('connect', () => socket.write(framed(asked)));
    socket.on('data', chunk => {
      chunks.push(chunk);
      const message = unframed(chunks);
      if (message === null) return;
      socket.destroy();
      try {
        resolve(answerTo(asked, message, type));
      } catch (error) {
        reject(error);
      }
    });
    socket.on('error', reject);
    socket.on('close', () => {
      clearTimeout(timer);
      reject(new DnsError('ECONNREFUSED'));
    });
    socket.on('end', () => socket.destroy());
  });
}

/** Over TCP a message has its length in front: two octets (RFC 1035 §4.2.2). */
const framed = (message: Buffer): Buffer =>
  Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message]);

/** Null: not whole yet. */
function unframed(chunks: Buffer[]): Buffer | null {
  const heard = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
  const end = heard.length < 2 ? Number.POSITIVE_INFINITY : 2 + heard.readUInt16BE(0);
  return heard.length < end ? null : heard.subarray(2, end);
}

import { createConnection, type Socket } from 'node:net';
import type { Channel, Message } from '../tell.ts';

/** JSON lines over a local socket, both ways. A line over 16 MB is nonsense and ends it. */
export function socketChannel(socket: Socket): Channel {
  const onMessage: ((message: Message) => void)[] = [];
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    if (rest.length > 16 * 1024 * 1024) socket.destroy();
    for (const line of lines) {
      const message = parsed(line);
      if (message) for (const listener of onMessage) listener(message);
      else socket.destroy();
    }
  });
  return {
    post: message => void (socket.writable && socket.write(`${JSON.stringify(message)}\n`)),
    onMessage: listener => void onMessage.push(listener),
    onClose: listener => void socket.on('close', listener),
    close: () => void socket.end(),
  };
}

function parsed(line: string): Message | null {
  try {
    return JSON.parse(line) as Message;
  } catch {
    return null;
  }
}

/** Null: nobody listens there, so nothing runs on this data folder. Rejects for who may not ask. */
export function dialControl(path: string): Promise<Channel | null> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    socket.once('connect', () => resolve(socketChannel(socket)));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EACCES' && error.code !== 'EPERM') return resolve(null);
      const message = `only the servers’ own user may open ${path}: run this as that user`;
      reject(Object.assign(new Error(message), { plain: true }));
    });
  });
}

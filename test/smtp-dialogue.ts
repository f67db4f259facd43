import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** One SMTP session, line by line: what is said, and the whole answer to it. */
export type Dialogue = {
  socket: Socket;
  /** The next answer, its lines joined by LF; `(end)` when the server has hung up. */
  hear(): Promise<string>;
  say(line: string): Promise<string>;
  /** EHLO, STARTTLS and, unless it is to be left out, EHLO again. */
  startTls(again?: boolean): Promise<void>;
  close(): void;
};

export async function openDialogue(port: number, from = '127.0.0.1'): Promise<Dialogue> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from });
  await once(socket, 'connect');
  return over(socket);
}

function over(socket: Socket): Dialogue {
  let received = '';
  let ended = false;
  let wake = () => {};
  const listen = () => {
    dialogue.socket.on('data', chunk => {
      received += chunk.toString('latin1');
      wake();
    });
    dialogue.socket.on('error', () => {});
    dialogue.socket.on('close', () => {
      ended = true;
      wake();
    });
  };
  const dialogue: Dialogue = {
    socket,
    async hear() {
      for (;;) {
        const whole = /^(?:\d{3}-[^\r\n]*\r\n)*\d{3} [^\r\n]*\r\n/.exec(received)?.[0];
        if (whole !== undefined) {
          received = received.slice(whole.length);
          return whole.trimEnd().replaceAll('\r\n', '\n');
        }
        if (ended) return '(end)';
        await new Promise<void>(resolve => {
          wake = resolve;
        });
      }
    },
    say(line) {
      dialogue.socket.write(`${line}\r\n`);
      return dialogue.hear();
    },
    async startTls(again = true) {
      await dialogue.say('EHLO client.test');
      await dialogue.say('STARTTLS');
      dialogue.socket.removeAllListeners('data').removeAllListeners('close');
      dialogue.socket = connectTls({ socket: dialogue.socket, rejectUnauthorized: false });
      await once(dialogue.socket, 'secureConnect');
      listen();
      if (again) await dialogue.say('EHLO client.test');
    },
    close: () => dialogue.socket.destroy(),
  };
  listen();
  return dialogue;
}

export const plain = (name: string, password: string): string =>
  `AUTH PLAIN ${Buffer.from(`\0${name}\0${password}`).toString('base64')}`;

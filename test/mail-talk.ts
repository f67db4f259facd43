import { connect, type Socket } from 'node:net';

/** Plain clients for tests that must say exactly what goes over the wire. */
export type RawMessage = {
  from: string;
  to: string[];
  /** As on the wire: stuffed, with its terminator. */
  data: Buffer;
  /** SASL PLAIN, base64. */
  login?: string;
  /** One more command behind the message. */
  afterwards?: string;
};

/** One transaction; answers all replies, the last lines of each. */
export async function sendRaw(port: number, m: RawMessage): Promise<string[]> {
  const talk = await openTalk(port);
  const replies = [await talk.reply(), await talk.ask('EHLO test.example')];
  if (m.login) replies.push(await talk.ask(`AUTH PLAIN ${m.login}`));
  replies.push(await talk.ask(`MAIL FROM:<${m.from}>`));
  for (const to of m.to) replies.push(await talk.ask(`RCPT TO:<${to}>`));
  replies.push(await talk.ask('DATA'));
  if (replies.at(-1)!.startsWith('354')) {
    talk.socket.write(m.data);
    replies.push(await talk.reply());
  }
  if (m.afterwards) replies.push(await talk.ask(m.afterwards));
  talk.socket.end('QUIT\r\n');
  return replies;
}

/** Many transactions over one connection; answers the last reply of each. */
export async function sendMany(port: number, messages: RawMessage[]): Promise<string[]> {
  const talk = await openTalk(port);
  await talk.reply();
  await talk.ask('EHLO test.example');
  const last: string[] = [];
  for (const m of messages) {
    const envelope = [`MAIL FROM:<${m.from}>`, ...m.to.map(to => `RCPT TO:<${to}>`), 'DATA'];
    let reply = '';
    for (const command of envelope) reply = await talk.ask(command);
    if (reply.startsWith('354')) {
      talk.socket.write(m.data);
      reply = await talk.reply();
    } else await talk.ask('RSET');
    last.push(reply);
  }
  talk.socket.end('QUIT\r\n');
  return last;
}

export type Talk = { socket: Socket; reply(): Promise<string>; ask(command: string): Promise<string> };

/** A connection that answers `000 closed` once it is gone. */
export async function openTalk(port: number, host = '127.0.0.1'): Promise<Talk> {
  const socket = connect(port, host);
  let buffer = '';
  let wake = () => {};
  let gone = false;
  socket.on('data', chunk => {
    buffer += chunk.toString('latin1');
    wake();
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    gone = true;
    wake();
  });
  const reply = async (): Promise<string> => {
    for (;;) {
      const m = /^(?:\d{3}-.*\r\n)*(\d{3} .*)\r\n/.exec(buffer);
      if (m) {
        buffer = buffer.slice(m[0].length);
        return m[1]!;
      }
      if (gone) return '000 closed';
      await new Promise<void>(resolve => {
        wake = resolve;
      });
    }
  };
  return {
    socket,
    reply,
    ask(command) {
      socket.write(`${command}\r\n`);
      return reply();
    },
  };
}

/** All messages of a maildrop, un-stuffed, byte for byte. */
export async function popMessages(
  port: number,
  user: string,
  password: string,
  { remove = false } = {},
): Promise<Buffer[]> {
  const socket = connect(port, '127.0.0.1');
  let buffer = Buffer.alloc(0);
  let wake = () => {};
  socket.on('data', chunk => {
    buffer = Buffer.concat([buffer, chunk]);
    wake();
  });
  const upTo = async (mark: string, from = 0): Promise<Buffer> => {
    for (;;) {
      const at = buffer.indexOf(mark, from, 'latin1');
      if (at >= 0) {
        const taken = buffer.subarray(0, at + mark.length);
        buffer = buffer.subarray(at + mark.length);
        return taken;
      }
      await new Promise<void>(resolve => {
        wake = resolve;
      });
    }
  };
  const line = async (command?: string): Promise<string> => {
    if (command) socket.write(`${command}\r\n`);
    const text = (await upTo('\r\n')).toString('latin1');
    if (!text.startsWith('+OK')) throw new Error(`${command}: ${text}`);
    return text;
  };
  await line();
  await line(`USER ${user}`);
  await line(`PASS ${password}`);
  const count = Number((await line('STAT')).split(' ')[1]);
  const messages: Buffer[] = [];
  for (let n = 1; n <= count; n++) {
    await line(`RETR ${n}`);
    const wire = buffer.subarray(0, 3).toString() === '.\r\n' ? await upTo('.\r\n') : await upTo('\r\n.\r\n');
    messages.push(Buffer.from(wire.subarray(0, -3).toString('latin1').replace(/^\./gm, ''), 'latin1'));
    if (remove) await line(`DELE ${n}`);
  }
  await line('QUIT');
  socket.destroy();
  return messages;
}

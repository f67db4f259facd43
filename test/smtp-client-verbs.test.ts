import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { replyLine } from '../daemon/mail/reply.ts';
import { clientFor, closeAll, failure, hopFor, mail } from './smtp-client-rig.ts';

afterEach(closeAll);

describe('ask', () => {
  test('ask says a verb of its own between transactions, and answers what came', async () => {
    const answers = { ETRN: ['253-2.0.0 OK,\r\n253 2.0.0 3 pending', '459 4.7.1 Not yours'] };
    const { hop, client } = await clientFor({ answers });
    const [sent, first, second] = await Promise.all([
      client.send(mail()),
      client.ask('ETRN a.test'),
      client.ask('ETRN b.test'),
    ]);
    expect(sent[0]?.code).toBe(250);
    expect([first, second].map(replyLine)).toEqual(['253 2.0.0 OK, 3 pending', '459 4.7.1 Not yours']);
    expect(hop.heard.slice(-2)).toEqual(['ETRN a.test', 'ETRN b.test']);
    expect((await client.send(mail()))[0]?.code).toBe(250);
  });

  test('ask of a peer that says nothing, or hangs up, is temporary, and so is all after it', async () => {
    for (const act of ['SILENCE', 'DROP']) {
      const { client } = await clientFor({ answers: { ETRN: act } });
      expect(replyLine(await client.ask('ETRN a.test'))).toMatch(/^451 4\.4\.2 Connection lost/);
      expect(client.usable).toBe(false);
      expect((await client.ask('ETRN b.test')).code).toBe(451);
    }
  });

  test('ask puts no second line on the wire', async () => {
    const { hop, client } = await clientFor({});
    await expect(client.ask('ETRN a.test\r\nRSET')).rejects.toThrow('a command is one line');
    expect(hop.heard.some(l => l.startsWith('ETRN'))).toBe(false);
  });
});

describe('turn', () => {
  test('turn hands over the socket after 250: nothing is lost of what comes then', async () => {
    let theirs: Socket | undefined;
    const atrn = (socket: Socket) => {
      theirs = socket;
      socket.write('250 OK now reversing\r\n');
    };
    const { client } = await clientFor({ answers: { ATRN: atrn } });
    const { reply, socket } = await client.turn('ATRN a.test');
    expect([reply.code, client.usable]).toEqual([250, false]);
    theirs!.write('EHLO provider\r\n');
    socket!.resume();
    const [chunk] = (await once(socket!, 'data')) as [Buffer];
    expect(chunk.toString()).toBe('EHLO provider\r\n');
    socket!.destroy();
  });

  test('turn keeps the client where it is refused', async () => {
    const { client } = await clientFor({ answers: { ATRN: '453 4.0.0 You have no mail' } });
    const { reply, socket } = await client.turn('ATRN');
    expect([reply.code, socket, client.usable]).toEqual([453, null, true]);
  });

  test.each(['250 OK\r\nEHLO early', '250 OK\r\n2', '250 OK\r\n250 OK again'])(
    'turn refuses a peer that says more than its answer: %j',
    async said => {
      const { client } = await clientFor({
        answers: { ATRN: s => void s.write(said.includes('again') ? `${said}\r\n` : said) },
      });
      expect((await client.turn('ATRN')).socket).toBeNull();
      expect(client.usable).toBe(false);
    },
  );
});

test('connectSmtp says of a socket that is closed already that it is', async () => {
  const hop = await hopFor({});
  const socket = (await import('node:net')).connect(hop.port, '127.0.0.1');
  await once(socket, 'connect');
  socket.destroy();
  await once(socket, 'close');
  expect(await failure(hop, { socket })).toMatchObject({ kind: 'refused', stage: 'dial' });
});

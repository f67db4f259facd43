/**
 * The switchboard: every process and every command line has a channel to the supervisor, which passes questions to
 * the process they are for, answers back, and changes on to all the others. It knows no verbs but its own.
 */

import { createHash } from 'node:crypto';
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answer, type Channel, type Message, socketChannel, type Target, type Verbs } from './tell.ts';

export type Switchboard = {
  /** A process of ours; questions to its name go there until it is gone. */
  attach(name: Target, channel: Channel): void;
  /** Somebody who only asks. */
  guest(channel: Channel): void;
};

type Asker = { channel: Channel; id: number };

export function createSwitchboard(own: Verbs): Switchboard {
  const named = new Map<Target, Channel>();
  const everybody = new Set<Channel>();
  const open = new Map<number, Asker & { target: Channel }>();
  let lastId = 0;

  const pass = (from: Channel, question: Message & { kind: 'ask' }) => {
    if (question.target === 'supervisor') return void answer(question, own).then(a => from.post(a));
    const target = named.get(question.target);
    if (!target) return from.post({ kind: 'answer', id: question.id, error: `the ${question.target} is not running` });
    const id = ++lastId;
    open.set(id, { channel: from, id: question.id, target });
    target.post({ ...question, id });
  };
  const back = (message: Message & { kind: 'answer' }) => {
    const asker = open.get(message.id);
    open.delete(message.id);
    asker?.channel.post({ ...message, id: asker.id });
  };
  const gone = (channel: Channel) => {
    everybody.delete(channel);
    for (const [name, known] of named) if (known === channel) named.delete(name);
    for (const [id, asker] of open) {
      if (asker.target !== channel && asker.channel !== channel) continue;
      open.delete(id);
      if (asker.target === channel)
        asker.channel.post({ kind: 'answer', id: asker.id, error: 'the other process is gone' });
    }
  };
  const guest = (channel: Channel) => {
    everybody.add(channel);
    channel.onClose(() => gone(channel));
    channel.onMessage(message => {
      if (message.kind === 'ask') pass(channel, message);
      else if (message.kind === 'answer') back(message);
      else for (const other of everybody) if (other !== channel) other.post(message);
    });
  };
  return {
    guest,
    attach(name, channel) {
      named.set(name, channel);
      guest(channel);
    },
  };
}

/** Two ends of a channel within one process, for `--single`. */
export function channelPair(): [Channel, Channel] {
  const ends = [0, 1].map(() => ({ message: [] as ((m: Message) => void)[], close: [] as (() => void)[] }));
  const end = (own: number): Channel => ({
    post(message) {
      queueMicrotask(() => {
        for (const listener of ends[1 - own]!.message) listener(message);
      });
    },
    onMessage: listener => void ends[own]!.message.push(listener),
    onClose: listener => void ends[own]!.close.push(listener),
    close() {
      for (const { close } of ends) for (const listener of close.splice(0)) listener();
    },
  });
  return [end(0), end(1)];
}

/** A socket's path may hold 107 octets; a deep data folder gets a short path elsewhere, found by its name. */
export function controlPath(dataPath: string): string {
  const path = join(dataPath, 'control.sock');
  if (Buffer.byteLength(path) <= 107) return path;
  return join(tmpdir(), `cwmail-${createHash('sha256').update(dataPath).digest('hex').slice(0, 16)}.sock`);
}

/** Only this user may speak to it. The lock on the data folder was taken before, so an old socket is nobody's. */
export function listenControl(path: string, switchboard: Switchboard): Promise<Server> {
  rmSync(path, { force: true });
  const server = createServer(socket => switchboard.guest(socketChannel(socket)));
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      chmodSync(path, 0o600);
      resolve(server);
    });
  });
}

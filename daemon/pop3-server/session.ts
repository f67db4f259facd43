import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { because } from '../log.ts';
import type { Line } from '../wire/lines.ts';
import { type Answer, bye, refusal, refused } from './answer.ts';
import { createInbox } from './inbox.ts';
import { createOutput } from './output.ts';
import { type House, leave, newTalk, type Talk } from './talk.ts';
import { obey } from './verbs.ts';

export type Limits = {
  /** Milliseconds without a word from the client; RFC 1939 §3: ten minutes at least. */
  idle: number;
  /** Milliseconds from the connection to the end of signing in. */
  login: number;
  /** Lines that are no command, before we hang up. */
  errors: number;
};

export type Session = {
  /** Ends it: at once when it is idle, else behind the command under way. Nothing is removed. */
  stop(): void;
  destroy(): void;
};

/** How long a client may take to hang up after our goodbye. */
const lingerMs = 2000;
/** After so many commands at one go the other sessions have their turn. */
const commandsAtOnce = 500;
const turn = () => new Promise<void>(resolve => setImmediate(resolve));

/** open: reading commands · stopping: as soon as the command under way is answered · closing: goodbye is said. */
type State = 'open' | 'stopping' | 'closing';

/** `tlsFirst`: the handshake comes before the greeting. */
export type Arrival = { socket: Socket; peer: string; tlsFirst: boolean };

/** The loop of one connection: it alone reads and writes, and goes from the clear to TLS. */
export function startSession(arrival: Arrival, house: House, limits: Limits, ended: () => void): Session {
  const { socket, peer, tlsFirst } = arrival;
  const talk = newTalk(house, peer, socket.localAddress ?? '', limits.errors);
  let stream: Socket = socket;
  let state: State = 'open';
  let running = false;
  let halfClosed = false;
  /** Commands since the others had their turn. */
  let obeyed = 0;
  const inbox = createInbox();
  const out = createOutput(() => stream);
  const deadline = setTimeout(() => stream.destroy(), limits.login);

  const run = async () => {
    running = true;
    try {
      do {
        // Awaited only where there is something to wait for: a message read ahead goes out in the turn its command came in.
        for (let waits = obeySome(); waits; waits = obeySome()) {
          await waits;
          // Signing in always has to wait.
          if (talk.phase.kind === 'transaction') clearTimeout(deadline);
        }
        const taken = out.flush();
        if (taken) await taken;
        const ahead = talk.phase.kind === 'transaction' && talk.phase.reader.readAhead();
        if (ahead) await ahead;
        // While that took its time, more may have come.
      } while (state === 'open' && inbox.waiting && !stream.destroyed);
    } catch (error) {
      // Behind half a message nothing can be said any more.
      talk.log.error('pop3 session broke', because(error));
      stream.destroy();
    }
    running = false;
    if (stream.destroyed) leave(talk);
    else if (state === 'stopping' || (halfClosed && state === 'open')) close();
    else if (stream.isPaused()) stream.resume();
  };
  /** Obeys what has come until an answer has to wait for somebody; answers nothing when all is obeyed. */
  const obeySome = (): Promise<void> | undefined => {
    while (state === 'open' && !stream.destroyed) {
      const line = inbox.next();
      if (!line) return undefined;
      const answer = answered(talk, line);
      const given = answer instanceof Promise ? answer.then(give) : give(answer);
      if (++obeyed >= commandsAtOnce) {
        obeyed = 0;
        return given ? given.then(turn) : turn();
      }
      if (given) return given;
    }
    return undefined;
  };
  const give = (answer: Answer): Promise<void> | undefined => {
    if (answer.kind === 'starttls') stream.pause();
    const full = out.line(answer.text);
    if (answer.kind === 'line') return full;
    if (answer.kind === 'body') return out.body(answer.body);
    return farewell(answer);
  };
  const farewell = async (answer: Extract<Answer, { kind: 'bye' | 'starttls' }>) => {
    await out.flush();
    if (answer.kind === 'bye') close();
    else startTls(answer.context);
  };
  const close = () => {
    state = 'closing';
    inbox.clear();
    stream.end();
    // What still comes in is read and forgotten: a reset would take our last words with it.
    stream.resume();
    stream.setTimeout(lingerMs);
  };
  const startTls = (context: SecureContext) => {
    detach();
    // RFC 2595 §4: what came in the clear behind STLS was put there by somebody else.
    inbox.clear();
    talk.phase = { kind: 'authorization', user: null };
    stream = new TLSSocket(stream, { isServer: true, secureContext: context });
    stream.once('secure', () => {
      talk.secure = true;
      if (tlsFirst && state === 'open') greet();
    });
    attach();
  };
  const onData = (chunk: Buffer) => {
    if (state === 'closing') return;
    inbox.push(chunk);
    if (!running) void run();
    else if (inbox.full) stream.pause();
  };
  const onEnd = () => {
    halfClosed = true;
    if (!running && state === 'open') close();
  };
  const onClose = () => {
    clearTimeout(deadline);
    if (!running) leave(talk);
    // What knocks at a TLS port without TLS is mostly a scanner.
    const level = tlsFirst && !talk.secure ? 'debug' : 'info';
    talk.log[level]('pop3 session', {
      retrieved: talk.retrieved,
      deleted: talk.deleted,
      ms: house.now() - talk.startedAt,
    });
    ended();
  };
  const attach = () => {
    stream.on('data', onData).on('end', onEnd).on('close', onClose);
    // A reset or a failed handshake; nothing can be said to the other end any more.
    stream.on('error', error => {
      talk.log.debug('pop3 connection', because(error));
      stream.destroy();
    });
    stream.setTimeout(limits.idle, () => stream.destroy());
  };
  const detach = () => {
    stream.off('data', onData).off('end', onEnd).off('close', onClose);
    stream.setTimeout(0);
  };

  const greet = () => {
    void out.line('+OK POP3 server ready');
    void out.flush();
  };

  if (tlsFirst) startTls(house.context());
  else {
    attach();
    greet();
  }
  return {
    stop: () => {
      if (state !== 'open') return;
      state = 'stopping';
      if (!running) close();
    },
    destroy: () => stream.destroy(),
  };
}

/** Answers at once where it can: most commands need nobody else. */
function answered(talk: Talk, line: Line): Answer | Promise<Answer> {
  if (line.kind === 'too-long') return bye(refusal('That line is too long'));
  try {
    const answer = obey(talk, line.bytes.toString());
    if (answer instanceof Promise) return answer.catch(error => broken(talk, error));
    if (answer) return answer;
    // What was said is not repeated: it may be anything.
    return --talk.patience > 0 ? refused('That is no command here and now') : bye(refusal('Too many errors'));
  } catch (error) {
    return broken(talk, error);
  }
}

function broken(talk: Talk, error: unknown): Answer {
  const id = Math.random().toString(36).slice(2, 10);
  talk.log.error('pop3 command failed', { id, ...because(error) });
  return refused(`It did not work just now (${id})`, 'SYS/TEMP');
}

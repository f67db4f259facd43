/**
 * How one process speaks to another: questions by verb, and the daemon's events.
 * In one process (`--single`) the same type is served by plain calls.
 */
import type { Account, Change } from './store.ts';

export { dialControl, socketChannel } from './tell/socket.ts';

export type Target = 'daemon' | 'web' | 'fetcher' | 'supervisor';

export type Tell = {
  /** Asks a process to carry out a verb. Rejects when it cannot be reached or refuses. */
  ask(target: Target, verb: string, args: unknown): Promise<unknown>;
  /** Called after each change of a folder, by whichever process; hints, not a journal. */
  onChange(listener: (change: Change) => void): () => void;
  /** Tells the others what this process changed. */
  changed(changes: Change[]): void;
  close(): void;
};

/** What travels between processes: by a child's channel, or as JSON lines over the control socket. */
export type Message =
  | { kind: 'ask'; id: number; target: Target; verb: string; args: unknown }
  | { kind: 'answer'; id: number; value?: unknown; error?: string }
  | { kind: 'changed'; changes: Change[] };

export type Channel = {
  post(message: Message): void;
  onMessage(listener: (message: Message) => void): void;
  onClose(listener: () => void): void;
  close(): void;
};

/** What a process answers, by verb. An Error's message goes to the asker: it is a sentence for a person. */
export type Verbs = Record<string, (args: never) => Promise<unknown>>;

/** Changes of so many milliseconds are told at once, of each folder the latest: a flood of mail is no flood of events. */
const gatherMs = 20;

/** Speaks and listens on a channel to the supervisor. */
export function createTell(channel: Channel, verbs: Verbs = {}): Tell {
  const open = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  const listeners = new Set<(change: Change) => void>();
  let lastId = 0;
  let closed = false;
  let unsaid: Change[] = [];
  const heard = (changes: Change[]) => {
    for (const change of changes) for (const listener of listeners) listener(change);
  };
  const say = () => {
    const latest = new Map(unsaid.map(c => [`${c.accountId} ${c.folderId}`, c]));
    unsaid = [];
    if (!closed) channel.post({ kind: 'changed', changes: [...latest.values()] });
  };
  channel.onMessage(message => {
    if (message.kind === 'changed') heard(message.changes);
    else if (message.kind === 'ask') void answer(message, verbs).then(a => channel.post(a));
    else settle(message, open);
  });
  channel.onClose(() => {
    closed = true;
    for (const question of open.values()) question.reject(new Error('the other process is gone'));
    open.clear();
  });
  return {
    ask(target, verb, args) {
      if (closed) return Promise.reject(new Error('the supervisor is not there'));
      return new Promise((resolve, reject) => {
        const id = ++lastId;
        open.set(id, { resolve, reject });
        channel.post({ kind: 'ask', id, target, verb, args });
      });
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    changed(changes) {
      if (changes.length === 0) return;
      heard(changes);
      if (unsaid.length === 0) setTimeout(say, gatherMs);
      unsaid.push(...changes);
    },
    close: () => channel.close(),
  };
}

function settle(
  message: Message & { kind: 'answer' },
  open: Map<number, { resolve(value: unknown): void; reject(error: Error): void }>,
): void {
  const question = open.get(message.id);
  open.delete(message.id);
  if (message.error === undefined) question?.resolve(message.value);
  else question?.reject(new Error(message.error));
}

/** Carries out one question with a process's own verbs. */
export async function answer(question: Message & { kind: 'ask' }, verbs: Verbs): Promise<Message> {
  const { id, verb, args } = question;
  const act = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
  if (!act) return { kind: 'answer', id, error: `there is no "${verb}" here` };
  try {
    return { kind: 'answer', id, value: (await act(args as never)) ?? null };
  } catch (error) {
    return { kind: 'answer', id, error: error instanceof Error ? error.message : String(error) };
  }
}

/** A change of how one signs in. `reason`: a key of views/words; `seconds`: how long the throttle says to wait. */
export type Changed<T> =
  | ({ ok: true } & T)
  | { ok: false; field: 'password' | 'code' | 'form'; reason: string; seconds?: number };

/** Who asks for such a change: an account that is signed in, with its password once more. */
export type Asked = { accountId: number; password: string; peer: string };

/** The key for an authenticator app: in base32, and as what a QR code says. `token` proves who was offered it. */
export type Offer = { key: string; uri: string; token: string };

/** Of the code behind a right password. */
export type CodeVerdict =
  /** `recoveryLeft`: codes for recovery that are left, when it was one; null: it was a code of the clock. */
  | { kind: 'known'; account: Account; recoveryLeft: number | null }
  | { kind: 'refused' }
  /** It was right, and has been taken once. */
  | { kind: 'used' }
  /** The password is to be given anew. */
  | { kind: 'expired' }
  | { kind: 'throttled'; seconds: number }
  | { kind: 'unavailable' };

/** What the site asks of the daemon's `auth`; the answers are as auth.ts gives them. */
export type AuthVerbs = {
  'auth.check': {
    args: { address: string; password: string; peer: string; protocol: 'web'; trusted: string[] };
    answer:
      | { kind: 'known'; account: Account }
      | { kind: 'code'; ticket: string }
      | { kind: 'refused' }
      | { kind: 'throttled'; seconds: number }
      | { kind: 'unavailable' };
  };
  'auth.finish': {
    args: { ticket: string; code: string; peer: string };
    answer: CodeVerdict;
  };
  'auth.offer': { args: Asked; answer: Changed<{ offer: Offer }> };
  'auth.factorOn': {
    args: { accountId: number; token: string; code: string };
    answer: Changed<{ recovery: string[] }> & { offer?: Offer };
  };
  'auth.factorOff': { args: Asked & { code: string }; answer: Changed<unknown> };
  'auth.recovery': { args: Asked & { code: string }; answer: Changed<{ recovery: string[] }> };
  'auth.appPassword': { args: Asked & { name: string; key: string }; answer: Changed<{ secret: string }> };
  'auth.signup': {
    args: { username: string; domain: string; name: string; password: string; peer: string };
    answer:
      | { ok: true; accountId: number; address: string }
      | { ok: false; field: 'name' | 'username' | 'password' | 'form' /** Key of views/words. */; reason: string };
  };
  /** Why this name cannot be had, as a key of views/words; null: it is free. */
  'auth.available': { args: { username: string; domain: string }; answer: string | null };
  'auth.password': {
    args: { accountId: number; old: string; next: string; peer: string };
    answer: { ok: true } | { ok: false; reason?: string };
  };
};

/** What the site tells the daemon's queue. */
export type QueueVerbs = {
  /** Something held is due sooner: the queue is to look now. */
  'queue.wake': { args: Record<string, never>; answer: null };
};

/** What the site asks of the daemon's door before mail of an account is sent on. */
export type ForwardVerbs = {
  /** circle: from there it would come back · refused: nobody takes it there, in the words of the door. */
  'forward.check': {
    args: { accountId: number; address: string };
    answer:
      | { kind: 'ok' /** The owner of the address is to say yes first. */; asks: boolean }
      | { kind: 'circle' }
      | { kind: 'refused'; why: string };
  };
  /** Writes to the owner of an address, whether mail may be sent on there. `until`: how long the link in the text holds. */
  'forward.ask': {
    args: { accountId: number; address: string; secret: string; until: number; subject: string; text: string };
    /** known: it has an answer · often: one more letter is too many today · nobody: no mailbox here is called so. */
    answer: 'asked' | 'known' | 'often' | 'nobody';
  };
};

/** What the site asks of the daemon's door: as whom somebody may write. */
export type SenderVerbs = {
  'sender.check': {
    args: { accountId: number; address: string };
    answer: { ok: true } | { ok: false /** A sentence for a person. */; why: string };
  };
  /** Without the account's own address. */
  'sender.addresses': { args: { accountId: number }; answer: string[] };
};

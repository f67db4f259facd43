import { type Reply, reply } from '../mail/reply.ts';
import type { SmtpClient, Submission, SubmissionResult } from '../smtp-client.ts';
import { asksForContent, findEightBit, type PlannedRecipient, planEnvelope } from './parameters.ts';
import { asRefusal, isDone, parseReply, tidy } from './replies.ts';
import type { Heard, Session } from './session.ts';

/** The client over a session that is ready for mail; its transactions run one after another. */
export function clientOver(session: Session): SmtpClient {
  const extensions = session.keywords();
  let unclean = false;
  let turn: Promise<unknown> = Promise.resolve();

  async function sendNow(s: Submission): Promise<SubmissionResult> {
    const plan = planEnvelope(s, extensions, await lookInto(s, extensions));
    if (plan.refusal !== null) return s.recipients.map(() => plan.refusal);
    if (plan.recipients.every(r => r.refusal !== null)) return merge(plan.recipients, null);
    if (unclean) await session.forget();
    const heard = await session.transact(s.reversePath, plan, open(s), s.after);
    unclean = heard.final === null || !isDone(heard.final);
    return merge(plan.recipients, heard);
  }

  async function askNow(command: string): Promise<Reply> {
    if (session.destroyed) return lost(null);
    const answer = await session.ask(command);
    return answer === null ? lost(null) : parseReply(answer);
  }

  return {
    extensions,
    send(s) {
      const mine = turn.then(() => sendNow(s));
      turn = mine.catch(() => {});
      return mine;
    },
    ask(command) {
      const mine = turn.then(() => askNow(command));
      turn = mine.catch(() => {});
      return mine;
    },
    turn(command) {
      const mine = turn.then(async () => {
        const reply = await askNow(command);
        return { reply, socket: reply.code < 300 ? session.letGo() : null };
      });
      turn = mine.catch(() => {});
      return mine;
    },
    close: () => turn.then(() => leave(session)),
    abort: () => session.close(),
    get usable() {
      return !session.destroyed;
    },
    get secure() {
      return session.secure;
    },
  };
}

const open = (s: Submission): AsyncIterable<Buffer> => (typeof s.content === 'function' ? s.content() : s.content);

/** Content that can be read only once is taken at its author's word. */
async function lookInto(s: Submission, extensions: Map<string, string>) {
  if (!asksForContent(s, extensions) || typeof s.content !== 'function') return { header: true, body: true };
  return findEightBit(s.content());
}

/** Puts the answers to those asked between the refusals of those who could not be. */
function merge(planned: PlannedRecipient[], heard: Heard | null): SubmissionResult {
  let asked = 0;
  return planned.map(r => r.refusal ?? outcome(heard, asked++));
}

/** The first thing that stood in a recipient's way, else the answer to the dot. */
function outcome(heard: Heard | null, index: number): Reply {
  if (heard?.mail == null) return lost(heard);
  if (!isDone(heard.mail)) return asRefusal(heard.mail);
  const asked = heard.recipients[index];
  if (asked === undefined) return lost(heard);
  if (!isDone(asked)) return asRefusal(asked);
  if (heard.data !== null && !heard.data.startsWith('3')) return asRefusal(heard.data);
  if (heard.final === null) return lost(heard);
  return isDone(heard.final) ? parseReply(heard.final) : asRefusal(heard.final);
}

/** RFC 5321 §4.5.4.1: whoever did not answer may or may not have it; the content is tried again. */
const lost = (heard: Heard | null): Reply =>
  reply(451, '4.2', `Connection lost: ${tidy(heard?.broken ?? 'no answer')}`);

/** QUIT; a peer that does not answer it keeps us two seconds. */
function leave(session: Session): Promise<void> {
  if (session.destroyed) return Promise.resolve();
  return new Promise(resolve => {
    const timer = setTimeout(() => session.close(), 2_000);
    session.once('end', () => {
      clearTimeout(timer);
      resolve();
    });
    session.quit();
  });
}

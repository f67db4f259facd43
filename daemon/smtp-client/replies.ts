import { type Reply, reply } from '../mail/reply.ts';

/** Longest reply text that is kept: a bounce and a log line need no more. */
const longest = 500;

/**
 * A peer's answer, as nodemailer gives it: lines joined by LF, each with its code.
 * The last line decides (RFC 5321 §4.2.1); the texts of all are joined.
 */
export function parseReply(raw: string): Reply {
  const lines = raw.split('\n').slice(0, 50);
  const last = /^([2-5]\d\d)(?:[ -](?:([245])\.(\d{1,3}\.\d{1,3})(?= |$))?|$)/.exec(
    raw.slice(raw.lastIndexOf('\n') + 1),
  );
  if (last === null) return reply(451, '5.0', `not an SMTP answer: ${tidy(raw)}`);
  const [, code = '451', group, status] = last;
  // RFC 3463 §2: the class repeats the reply code's first digit; where a peer contradicts itself the code holds.
  return reply(
    Number(code),
    group === code[0] && status !== undefined ? status : null,
    tidy(lines.map(textOf).join(' ')),
  );
}

const textOf = (line: string): string =>
  line.replace(/^\d{3}(?:[ -]|$)/, '').replace(/^[245]\.\d{1,3}\.\d{1,3}(?: |$)/, '');

/** One line without control characters: it goes into logs, timelines and reports. */
export const tidy = (text: string): string =>
  text
    .replace(/[\x00-\x1f\x7f-\x9f\s]+/g, ' ')
    .trim()
    .slice(0, longest);

/** What was answered where a refusal was the only other thing possible: neither 2xx nor a refusal is nonsense. */
export function asRefusal(raw: string): Reply {
  const r = parseReply(raw);
  return r.code >= 400 ? r : reply(451, '5.0', `unexpected answer: ${r.code} ${r.text}`);
}

export const isDone = (raw: string): boolean => raw.startsWith('2');

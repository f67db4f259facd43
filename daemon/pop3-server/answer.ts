/** An array is small enough to be gathered whole; anything else streams. */
export type Body = Buffer[] | Iterable<Buffer> | AsyncIterable<Buffer>;

/** What a verb answers; only the session writes. */
export type Answer =
  | { kind: 'line'; text: string }
  /** The line, then the body dot-stuffed, with its terminator. */
  | { kind: 'body'; text: string; body: Body }
  /** The line, then we hang up. */
  | { kind: 'bye'; text: string }
  /** The line, then the TLS handshake with this context. */
  | { kind: 'starttls'; text: string; context: import('node:tls').SecureContext };

/** RFC 2449 §8, RFC 3206 and RFC 6856 response codes. */
export type ResponseCode = 'AUTH' | 'IN-USE' | 'SYS/TEMP' | 'SYS/PERM' | 'UTF8';

export const ok = (text: string): Answer => ({ kind: 'line', text: `+OK ${text}` });
export const refused = (text: string, code?: ResponseCode): Answer => ({ kind: 'line', text: refusal(text, code) });
export const bye = (text: string): Answer => ({ kind: 'bye', text });
export const refusal = (text: string, code?: ResponseCode): string =>
  code ? `-ERR [${code}] ${text}` : `-ERR ${text}`;

export const noSuch = refused('There is no such message');

import { cleanText } from '../../daemon/mail/header.ts';

/** What kind of trouble it was; the pause before the next poll hangs on it. */
export type Pop3FailureKind =
  /** It may work later: host down, mailbox in use, server busy. */
  | 'temporary'
  /** It will not let us in until a person mends something: wrong password, closed account. Trying often could lock it. */
  | 'auth'
  /** It does not speak POP3, or lies. */
  | 'protocol'
  /** No encryption, or none that can be trusted. */
  | 'tls'
  | 'dns'
  | 'timeout';

export class Pop3Failure extends Error {
  readonly kind: Pop3FailureKind;
  /** True for a plain -ERR to a command: the session goes on. */
  readonly refusal: boolean;
  constructor(kind: Pop3FailureKind, message: string, refusal = false) {
    super(message);
    this.name = 'Pop3Failure';
    this.kind = kind;
    this.refusal = refusal;
  }
}

/** The response codes of RFC 2449 §8.1 and RFC 3206 that say what -ERR alone does not. */
const byCode: Record<string, Pop3FailureKind> = {
  'IN-USE': 'temporary',
  'LOGIN-DELAY': 'temporary',
  'SYS/TEMP': 'temporary',
  'SYS/PERM': 'auth',
  AUTH: 'auth',
};

export function refusalOf(command: string, text: string, otherwise: Pop3FailureKind): Pop3Failure {
  const code = /^\[([A-Z/-]{1,32})\]/i.exec(text)?.[1]?.toUpperCase() ?? '';
  return new Pop3Failure(byCode[code] ?? otherwise, `upstream refused ${command}: ${text || 'no reason given'}`, true);
}

/** A peer's words on their way to a log or a page: one short printable line. */
export function printable(text: string, secret = ''): string {
  const told = secret === '' ? text : text.replaceAll(secret, '***');
  return cleanText(told).trim().slice(0, 200);
}

const connectWords: Record<string, [Pop3FailureKind, string]> = {
  ENOTFOUND: ['dns', 'no such host'],
  EAI_AGAIN: ['dns', 'the name cannot be looked up now'],
  ECONNREFUSED: ['temporary', 'connection refused'],
  ECONNRESET: ['temporary', 'connection reset'],
  EHOSTUNREACH: ['temporary', 'host unreachable'],
  ENETUNREACH: ['temporary', 'network unreachable'],
  ETIMEDOUT: ['timeout', 'no answer'],
};

const kinds: readonly string[] = ['dns', 'timeout'];

/** Whatever opening a socket threw: a system error, or an error whose own `kind` says dns or timeout. */
export function connectFailure(error: unknown, where: string): Pop3Failure {
  if (error instanceof Pop3Failure) return error;
  const first = error instanceof AggregateError ? error.errors[0] : error;
  const own = first as { code?: unknown; kind?: unknown; message?: unknown };
  const [kind, words] = connectWords[String(own.code)] ?? [
    kinds.includes(String(own.kind)) ? (own.kind as Pop3FailureKind) : 'temporary',
    printable(String(own.message ?? first)),
  ];
  return new Pop3Failure(kind, `${where}: ${words}`);
}

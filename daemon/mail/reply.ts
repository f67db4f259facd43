/**
 * An SMTP answer as a value. A refusal is a Reply too: it is returned, never thrown.
 * The class digit of the enhanced code (RFC 3463) is that of the reply code, so it is not kept twice.
 */
export type Reply = {
  /** RFC 5321 §4.2 code: 2xx done, 4xx temporary, 5xx permanent. */
  code: number;
  /** Subject and detail of RFC 3463, such as `1.1`; null where no enhanced code applies (220, 221 banner, 354). */
  status: string | null;
  /** One short true sentence for the peer: no path, no stack, no secret. */
  text: string;
};

export const reply = (code: number, status: string | null, text: string): Reply => ({ code, status, text });

/** `x.y.z`, or null where the reply has no enhanced code. */
export function enhancedCode(r: Reply): string | null {
  return r.status === null ? null : `${Math.trunc(r.code / 100)}.${r.status}`;
}

/** What stands behind the code: `5.1.1 No such user here`. */
export function replyText(r: Reply): string {
  const enhanced = enhancedCode(r);
  return enhanced === null ? r.text : `${enhanced} ${r.text}`;
}

/** The line as a log or a bounce shows it: `550 5.1.1 No such user here`. */
export function replyLine(r: Reply): string {
  return `${r.code} ${replyText(r)}`;
}

export const isPositive = (r: Reply): boolean => r.code >= 200 && r.code < 400;
export const isTemporary = (r: Reply): boolean => r.code >= 400 && r.code < 500;
export const isPermanent = (r: Reply): boolean => r.code >= 500;

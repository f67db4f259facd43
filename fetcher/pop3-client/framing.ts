import { createDotDecoder, type DotDecoder } from '../../daemon/wire/dot.ts';
import { createLineReader } from '../../daemon/wire/lines.ts';

/** What the next answer may be: a status line · a status line and, after +OK, lines up to a dot · SASL, which may be `+`. */
export type Expected = 'line' | 'lines' | 'sasl';

export type Answer = { kind: 'answer'; status: 'ok' | 'err' | 'more'; text: string };

export type Framed =
  | Answer
  /** Octets of a multi-line answer, dots taken off. */
  | { kind: 'content'; bytes: Buffer }
  | { kind: 'end' }
  /** Nothing after this can be believed. */
  | { kind: 'broken'; why: string };

export type Framing = {
  expect(what: Expected): void;
  push(chunk: Buffer): Framed[];
};

/**
 * A pure machine over what the upstream sends. idle: nothing was asked, so every octet is wrong (we do not pipeline;
 * content of a server that forgets to stuff dots ends up here too) · status · content · broken.
 */
export function createFraming(longestStatus: number): Framing {
  let state: 'idle' | 'status' | 'content' | 'broken' = 'idle';
  let expected: Expected = 'line';
  let status = createLineReader({ limit: longestStatus, ending: 'lf' });
  let content: DotDecoder = createDotDecoder();

  const broken = (why: string): Framed => {
    state = 'broken';
    return { kind: 'broken', why };
  };
  const unasked = (): Framed => broken('it sent what nobody asked for');

  function readStatus(chunk: Buffer): Framed[] {
    status.feed(chunk);
    const line = status.next();
    if (line === null) return [];
    if (line.kind === 'too-long') return [broken(`a status line of more than ${longestStatus} octets`)];
    const answer = parseAnswer(line.bytes.toString('utf8'), expected);
    if (answer === null) return [broken(`not a POP3 answer: ${line.bytes.toString('latin1').slice(0, 100)}`)];
    const rest = status.rest();
    state = answer.status === 'ok' && expected === 'lines' ? 'content' : 'idle';
    if (state === 'content') return [answer, ...readContent(rest)];
    // Said before the answer is believed: after STLS such octets are an attack (CVE-2021-38370 and its kin).
    return rest.length > 0 ? [unasked()] : [answer];
  }

  function readContent(chunk: Buffer): Framed[] {
    const { content: bytes, rest } = content.push(chunk);
    const framed: Framed[] = bytes.length > 0 ? [{ kind: 'content', bytes }] : [];
    if (rest === null) return framed;
    state = 'idle';
    return [...framed, rest.length > 0 ? unasked() : { kind: 'end' }];
  }

  return {
    expect(what) {
      if (state === 'broken') return;
      state = 'status';
      expected = what;
      status = createLineReader({ limit: longestStatus, ending: 'lf' });
      content = createDotDecoder();
    },
    push(chunk) {
      if (chunk.length === 0 || state === 'broken') return [];
      if (state === 'idle') return [unasked()];
      return state === 'status' ? readStatus(chunk) : readContent(chunk);
    },
  };
}

/** RFC 1939 §3, RFC 5034 §4; `+OKAY` is not +OK. */
function parseAnswer(line: string, expected: Expected): Answer | null {
  const [, ok] = /^\+OK(?![0-9A-Za-z])\s?(.*)$/is.exec(line) ?? [];
  if (ok !== undefined) return { kind: 'answer', status: 'ok', text: ok };
  const [, err] = /^-ERR(?![0-9A-Za-z])\s?(.*)$/is.exec(line) ?? [];
  if (err !== undefined) return { kind: 'answer', status: 'err', text: err };
  const more = expected === 'sasl' && /^\+(?: |$)/.test(line);
  return more ? { kind: 'answer', status: 'more', text: line.slice(2) } : null;
}

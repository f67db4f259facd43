/**
 * The log: one JSON line an event, on standard output; the supervisor writes and rotates the file.
 * It promises one line an event whatever a peer put into a field. It never receives secrets or content.
 */
export type Fields = Record<string, string | number | boolean | null | undefined | string[]>;
export type Level = 'debug' | 'info' | 'warn' | 'error';

export type Log = {
  debug(event: string, fields?: Fields): void;
  info(event: string, fields?: Fields): void;
  warn(event: string, fields?: Fields): void;
  error(event: string, fields?: Fields): void;
  /** What a setting of its own asked for, such as log_chain: written at any level. */
  always(event: string, fields?: Fields): void;
  /** A log whose every line carries these fields too. */
  child(fields: Fields): Log;
};

const rank: Record<Level, number> = { debug: 0, info: 1, warn: 2, error: 3 };

/** A peer's ESC, LF or right-to-left mark cannot forge, colour or turn a line, be it read as JSON or on a terminal. */
export const printable = (text: string): string =>
  text.replace(
    /[\0-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g,
    c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** A level that is a function is asked at every line, so that it can change while the process runs. */
export function createLog(
  level: Level | (() => Level),
  write: (line: string) => void = toStdout,
  base: Fields = {},
): Log {
  const least = typeof level === 'function' ? () => rank[level()] : () => rank[level];
  const writing =
    (own: Level) =>
    (event: string, fields: Fields = {}) =>
      write(
        `${printable(JSON.stringify({ time: new Date().toISOString(), level: own, event, ...base, ...fields }))}\n`,
      );
  const at = (own: Level) => {
    const written = writing(own);
    return (event: string, fields?: Fields) => {
      if (rank[own] >= least()) written(event, fields);
    };
  };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    always: writing('info'),
    child: fields => createLog(level, write, { ...base, ...fields }),
  };
}

/** A log that says nothing; for tests and for commands that print their own answer. */
export const silentLog = (): Log => createLog('error', () => {});

/** What a caught error tells the log: its message, and where it came from. */
export function because(error: unknown): Fields {
  return error instanceof Error ? { error: error.message, stack: error.stack } : { error: String(error) };
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

let pending = '';

/** Writes come no closer than this. */
const gatherMs = 20;
const longestPending = 64 * 1024;
let flushedAt = Number.NEGATIVE_INFINITY;

/**
 * Lines of one turn of the event loop leave in one write, and in a rush those of 20 ms: standard output is a pipe to
 * the supervisor, which is written synchronously and wakes the other side. Errors leave at once, since the process may
 * be about to end.
 */
function toStdout(line: string): void {
  pending += line;
  if (line.includes('"level":"error"') || pending.length > longestPending) return flushLog();
  if (pending.length > line.length) return;
  const wait = flushedAt + gatherMs - performance.now();
  if (wait > 0) setTimeout(flushLog, wait);
  else setImmediate(flushLog);
}

export function flushLog(): void {
  if (pending === '') return;
  process.stdout.write(pending);
  pending = '';
  flushedAt = performance.now();
}

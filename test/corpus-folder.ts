import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The folder of test mail: MAIL_CORPUS, else the large one beside the project, else the small one of our own. */
export function corpusFolder(): string {
  const beside = new URL('../../shared/corpus', import.meta.url).pathname;
  const own = new URL('corpus', import.meta.url).pathname;
  return process.env.MAIL_CORPUS ?? (existsSync(beside) ? beside : own);
}

export type CorpusMessage = { path: string; bytes: Buffer };

/** Every message of the corpus as SMTP carries it: mbox files split, without their From lines, line ends CRLF. */
export function corpusMessages(): CorpusMessage[] {
  const folder = corpusFolder();
  return listed(folder).flatMap(({ path, kind }) => {
    const bytes = readFileSync(join(folder, path));
    const whole = kind === 'mbox' ? splitMbox(bytes) : [withoutFromLine(bytes)];
    return whole.map((message, i) => ({ path: whole.length > 1 ? `${path}#${i + 1}` : path, bytes: inCrlf(message) }));
  });
}

/** What the corpus says of itself; without a manifest every .eml file. Only whole mail, no notes of what is expected. */
function listed(folder: string): { path: string; kind: string }[] {
  const manifest = join(folder, 'MANIFEST.jsonl');
  if (!existsSync(manifest))
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter(path => path.endsWith('.eml'))
      .map(path => ({ path, kind: 'message' }));
  return readFileSync(manifest, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { path: string; kind: string })
    .filter(({ kind }) => kind === 'message' || kind === 'mbox' || kind === 'fragment');
}

function splitMbox(bytes: Buffer): Buffer[] {
  const text = bytes.toString('latin1');
  const starts = [...text.matchAll(/(?:^|\r?\n\r?\n)(?=From \S+ .*\d{4})/g)].map(m => m.index + m[0].length);
  return starts.map((start, i) => withoutFromLine(Buffer.from(text.slice(start, starts[i + 1]), 'latin1')));
}

function withoutFromLine(bytes: Buffer): Buffer {
  const m = /^From .*(\r\n|\n|\r)/.exec(bytes.toString('latin1'));
  return m ? bytes.subarray(m[0].length) : bytes;
}

export function inCrlf(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1').replace(/\r\n|\r|\n/g, '\r\n');
  return Buffer.from(text.endsWith('\r\n') ? text : `${text}\r\n`, 'latin1');
}

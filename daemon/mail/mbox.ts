/** Mail as an mbox file, which every program imports: "mboxrd", where each line that looks like a separator is quoted. */

import { encodedWords } from './encoded-words.ts';

export type MboxMessage = {
  /** Null: unknown, or `<>`. */
  sender: string | null;
  /** When it was received, in milliseconds. */
  at: number;
  seen: boolean;
  answered: boolean;
  flagged: boolean;
  /** Where it lay. */
  folder: string;
  open(): AsyncIterable<Buffer>;
};

/** One message with its separator. A line is never held whole: content may be one line of any length. */
export async function* mboxEntry(m: MboxMessage): AsyncGenerator<Buffer> {
  const sender = m.sender && /^[\x21-\x7e]+$/.test(m.sender) ? m.sender : 'MAILER-DAEMON';
  const marks = `${m.answered ? 'A' : ''}${m.flagged ? 'F' : ''}`;
  yield Buffer.from(
    `From ${sender} ${separatorTime(m.at)}\nStatus: ${m.seen ? 'RO' : 'O'}\nX-Status: ${marks}\nX-Folder: ${asField(m.folder)}\n`,
  );
  let last = '\n';
  for await (const text of quoted(m.open())) {
    last = text.at(-1)!;
    yield Buffer.from(text, 'latin1');
  }
  yield Buffer.from(last === '\n' ? '\n' : '\n\n');
}

const asField = (text: string): string => (/^[\x20-\x7e]{0,60}$/.test(text) ? text : encodedWords(text).join(' '));

/** asctime(3) in UTC, as readers of mbox want it. */
function separatorTime(at: number): string {
  const [weekday = '', day = '', month = '', year = '', clock = ''] = new Date(at)
    .toUTCString()
    .replace(',', '')
    .split(' ');
  return `${weekday} ${month} ${day.replace(/^0/, ' ')} ${clock} ${year}`;
}

/** Beyond this a line without an end is given on as it stands. */
const mostHeld = 4_096;

/** LF line ends, and one more `>` before each `From ` that begins a line. Bytes as latin1. */
async function* quoted(source: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let held = '';
  let atStart = true;
  const given = (text: string) => {
    const lines = (atStart ? '\n' : '') + text.replaceAll('\r\n', '\n');
    const whole = lines.replace(/\n(>*From )/g, '\n>$1').slice(atStart ? 1 : 0);
    atStart = text.endsWith('\n');
    return whole;
  };
  for await (const chunk of source) {
    held += chunk.toString('latin1');
    const end = held.lastIndexOf('\n') + 1;
    // A CR may have its LF in the next chunk.
    const cut = end > 0 ? end : held.length > mostHeld ? held.length - 1 : 0;
    if (cut > 0) yield given(held.slice(0, cut));
    held = held.slice(cut);
  }
  if (held !== '') yield given(held);
}

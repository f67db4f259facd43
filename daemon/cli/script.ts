import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Settings } from '../config.ts';
import { dialOurs } from '../smtp-client.ts';
import { type CommandContext, PlainError, print, settingsOf, UsageError } from './command.ts';

/** Milliseconds for each reply, which RFC 5321 §4.5.3.2 lets take minutes. */
const replyMs = 300_000;

/**
 * Plays the SMTP lines of a `.msc` file to our own server and prints both sides; HELO and QUIT are said by us. Lines
 * behind DATA go as they are, up to a lone dot. 0: every reply was 2xx or 3xx.
 */
export async function script(context: CommandContext): Promise<number> {
  const [path = '', tooMuch] = context.args;
  if (tooMuch !== undefined) throw new UsageError(`"${tooMuch}" is too much; it is: cwmail tellsmtp SCRIPT.msc`);
  const settings = settingsOf(context);
  const steps = stepsOf(read(path));
  const talk = await open(settings);
  try {
    return (await play(talk, [`HELO ${settings.host_domain[0]}`, ...steps, 'QUIT'])) ? 0 : 1;
  } finally {
    talk.end();
  }
}

function read(path: string): string[] {
  try {
    return readFileSync(path, 'utf8')
      .replace(/^\uFEFF/, '')
      .split(/\r?\n/);
  } catch (error) {
    throw new PlainError(`the script cannot be read: ${(error as Error).message}`);
  }
}

/** A command, or the content that follows DATA, its last line the dot. */
type Step = string | { content: string[] };

function stepsOf(lines: string[]): Step[] {
  const steps: Step[] = [];
  let content: string[] | null = null;
  for (const line of lines) {
    if (content) {
      content.push(line);
      if (line === '.') content = null;
    } else if (line.trim() !== '' && !line.startsWith('#')) {
      steps.push(line.trim());
      if (!/^data$/i.test(line.trim())) continue;
      content = [];
      steps.push({ content });
    }
  }
  if (content) throw new PlainError('the content behind DATA does not end: a line with one dot belongs there');
  return steps;
}

type Talk = { send(text: string): void; reply(): Promise<string[]>; end(): void };

async function open(settings: Settings): Promise<Talk> {
  const socket = await dialOurs(settings, 'smtp_port').catch((error: Error) => {
    throw new PlainError(`our SMTP server cannot be reached: ${error.message}`);
  });
  socket.setTimeout(replyMs, () => socket.destroy());
  socket.on('error', () => {});
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  return {
    send: text => void socket.write(text),
    async reply() {
      const found: string[] = [];
      for (;;) {
        const next = await lines.next().catch(() => ({ value: undefined }));
        if (next.value === undefined) throw new PlainError('the server hung up');
        found.push(next.value);
        if (!/^\d{3}-/.test(next.value)) return found;
      }
    },
    end: () => socket.destroy(),
  };
}

/** Answers whether all went well. */
async function play(talk: Talk, steps: Step[]): Promise<boolean> {
  let last = await shown(talk);
  let good = isGood(last);
  for (const step of steps) {
    // Content that was not asked for would be read as commands.
    if (typeof step !== 'string' && !last.startsWith('354')) continue;
    const lines = typeof step === 'string' ? [step] : step.content;
    talk.send(`${lines.join('\r\n')}\r\n`);
    print(`Send (${typeof step === 'string' ? step : `${lines.length - 1} lines of content and .`})`);
    last = await shown(talk);
    good &&= isGood(last);
  }
  return good;
}

async function shown(talk: Talk): Promise<string> {
  const lines = await talk.reply();
  for (const line of lines) print(line);
  return lines.at(-1)!;
}

const isGood = (reply: string): boolean => /^[23]/.test(reply);

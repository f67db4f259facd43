import type { Notify } from '../../mail/envelope.ts';
import { UsageError } from '../command.ts';

export type Options = {
  /** The letter behind -b, `m` without it; `q`: try what waits now. */
  mode: string;
  /** -t */
  fromHeader: boolean;
  /** -i, -oi: a line of one dot is text. */
  ignoreDots: boolean;
  /** -f; undefined: not given. */
  sender: string | undefined;
  /** -F; empty: not given. */
  fullName: string;
  /** As written: each may be a list. */
  recipients: string[];
  notify: Notify[] | null;
  ret: 'FULL' | 'HDRS' | null;
  envid: string | null;
  /** -C or --config; undefined: not given. */
  config: string | undefined;
  set: string[];
};

/** Letters whose value may stand in the next argument. Those of -d, -q and -o stand behind them, if any. */
const valued = 'ABCFLNORVXbefhpr';
const attached = 'dqo';
const bare = 'itnmvsGUExcI';

/** The options of sendmail as programs use them; what has no meaning here is passed over, as others do. */
export function readOptions(args: string[]): Options {
  const options: Options = {
    mode: 'm',
    fromHeader: false,
    ignoreDots: false,
    sender: undefined,
    fullName: '',
    recipients: [],
    notify: null,
    ret: null,
    envid: null,
    config: undefined,
    set: [],
  };
  for (let at = 0; at < args.length; ) {
    const arg = args[at]!;
    at += 1;
    if (arg === '--') {
      options.recipients.push(...args.slice(at));
      break;
    }
    const own = /^--(config|set)(?:=(.*))?$/s.exec(arg);
    if (own !== null) at += takeOwn(options, own[1]!, own[2], args[at]);
    else if (arg.length > 1 && arg.startsWith('-')) at += takeLetters(options, arg, args[at]);
    else options.recipients.push(arg);
  }
  return options;
}

/** How many further arguments were used. */
function takeOwn(options: Options, name: string, value: string | undefined, next: string | undefined): number {
  const given = value ?? next;
  if (given === undefined) throw new UsageError(`a value belongs behind --${name}`);
  if (name === 'config') options.config = given;
  else options.set.push(given);
  return value === undefined ? 1 : 0;
}

function takeLetters(options: Options, arg: string, next: string | undefined): number {
  for (let at = 1; at < arg.length; at++) {
    const letter = arg[at]!;
    const rest = arg.slice(at + 1);
    if (attached.includes(letter)) {
      take(options, letter, rest);
      return 0;
    }
    if (valued.includes(letter)) {
      if (rest === '' && next === undefined) throw new UsageError(`a value belongs behind -${letter}`);
      take(options, letter, rest === '' ? next! : rest);
      return rest === '' ? 1 : 0;
    }
    if (!bare.includes(letter)) throw new UsageError(`there is no option -${letter}`);
    take(options, letter, '');
  }
  return 0;
}

function take(options: Options, letter: string, value: string): void {
  switch (letter) {
    case 't':
      options.fromHeader = true;
      break;
    case 'i':
      options.ignoreDots = true;
      break;
    case 'o':
      if (value === 'i') options.ignoreDots = true;
      break;
    case 'f':
    case 'r':
      options.sender = value;
      break;
    case 'F':
      options.fullName = value;
      break;
    case 'b':
      options.mode = value;
      break;
    case 'I':
      options.mode = 'i';
      break;
    case 'q':
      options.mode = 'q';
      break;
    case 'C':
      options.config = value;
      break;
    case 'N':
      options.notify = notifyOf(value);
      break;
    case 'R':
      options.ret = retOf(value);
      break;
    case 'V':
      options.envid = value;
  }
}

const kinds: Notify[] = ['NEVER', 'SUCCESS', 'FAILURE', 'DELAY'];

function notifyOf(value: string): Notify[] {
  const words = value.toUpperCase().split(',') as Notify[];
  const alone = words.length === 1 || !words.includes('NEVER');
  if (!alone || words.some(w => !kinds.includes(w)))
    throw new UsageError('-N is never, or several of success,failure,delay');
  return words;
}

function retOf(value: string): 'FULL' | 'HDRS' {
  const word = value.toUpperCase();
  if (word !== 'FULL' && word !== 'HDRS') throw new UsageError('-R is full or hdrs');
  return word;
}

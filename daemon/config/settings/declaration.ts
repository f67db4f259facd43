import { ipList as compiled, type IpListKind, ipListTakesAny } from '../../wire/ip-pattern.ts';
import * as v from '../values.ts';

/** One declaration a setting: the parser, the check, the printed reference and the console read it here. */
export type Declaration<T> = {
  /** One sentence, or a few, for the reference. */
  doc: string;
  /** What the reference shows as its form. */
  form: string;
  group:
    | 'Place'
    | 'Listeners'
    | 'Mail'
    | 'Recipients'
    | 'Senders'
    | 'Queue'
    | 'Parking'
    | 'Accounts'
    | 'Fetching'
    | 'Web'
    | 'Log';
  /** The value without a line in the file. */
  initial: T;
  /** single: the last line counts · comma: entries of one or several lines · lines: each line is an entry, or several. */
  kind: 'single' | 'comma' | 'lines';
  /** `folder`: what a relative path in it starts from. */
  parse(text: string, folder: string): v.Parsed<T extends readonly (infer E)[] ? E | E[] : T>;
  /** Of a comma list: must every entry pass (restrictive), or is one enough (selecting; `!` excludes)? */
  list?: IpListKind;
  /** A line of it may carry a password, and is never repeated. */
  secret?: true;
  /** The files a value names, for who moves or copies the settings. */
  files?(value: T): string[];
  /** What is odd about a value, though it is no mistake; null: nothing. */
  warning?(value: T): string | null;
  /** Does a change of it need a restart of the servers? */
  restart: boolean;
};

/** All settings of one kind, each declared. */
export type Declarations<S> = { [K in keyof S]: Declaration<S[K]> };

export const single = <T>(d: Omit<Declaration<T>, 'kind'>): Declaration<T> => ({ ...d, kind: 'single' });

/** `mixedUp`: a port that is the standard of another listener, and what to write instead. */
export const port = (
  doc: string,
  initial: number,
  min = 1,
  mixedUp?: { port: number; is: string },
): Declaration<number> =>
  single<number>({
    doc,
    form: 'PORT',
    group: 'Listeners',
    initial,
    restart: false,
    parse: v.whole(min, 65535) as never,
    warning: given => (given === mixedUp?.port ? `${given} is where mail programs expect ${mixedUp.is}` : null),
  });

/** A list of IP addresses; the module that uses it compiles it with `ipList` of wire/ip-pattern.ts. */
export const ipList = (
  list: IpListKind,
  d: Pick<Declaration<string[]>, 'doc' | 'group' | 'restart'> & { initial?: string[] },
): Declaration<string[]> => ({
  initial: [],
  ...d,
  list,
  form: 'IP[,IP…]',
  kind: 'comma',
  parse: v.ipEntry,
  warning: entries =>
    entries.length === 0 || ipListTakesAny(list, entries)
      ? null
      : `no address can pass: ${list === 'restrictive' ? 'every entry must take it' : 'each entry is excluded by another, or is itself an exclusion'}`,
});

/** Addresses that are trusted with something; the whole world is never meant. `ifWide`: what that would mean. */
export function trustedIps(group: Declaration<unknown>['group'], doc: string, ifWide: string): Declaration<string[]> {
  const list = ipList('selecting', { doc, group, restart: false });
  return { ...list, warning: entries => (isWideOpen(entries) ? ifWide : list.warning!(entries)) };
}

/** Corners of the net that nobody owns together. */
const strangers = ['8.8.8.8', '77.88.1.2', '150.65.3.4', '201.10.5.6', '2001:4860::8888', '2a00:1450::1'];

/** Does a list take addresses of half the world? */
export const isWideOpen = (entries: string[]): boolean => strangers.filter(compiled('selecting', entries)).length > 1;

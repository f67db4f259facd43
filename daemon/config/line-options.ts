import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Parsed, right, wrong } from './values.ts';

/** The `name=value` words behind the fixed part of a line; a word without `=` has the value ''. */
export function givenOptions(words: string[]): Map<string, string> {
  const split = words.map(word => {
    const at = word.indexOf('=');
    return at < 0 ? ([word, ''] as const) : ([word.slice(0, at), word.slice(at + 1)] as const);
  });
  return new Map(split);
}

/** What is wrong with an option that the setting does not have; null: it has them all. */
export function unknownOption(setting: string, given: Map<string, string>, known: string[]): string | null {
  const unknown = [...given.keys()].find(name => !known.includes(name));
  return unknown === undefined ? null : `"${unknown}" is no option of ${setting}; there are ${known.join(', ')}`;
}

/** `passwordFile`: where it was read from, a whole path. */
export type GivenPassword = { password: string; passwordFile?: string };

/** From `password_file=` (its first line; relative to the settings file's folder) or `password=`: one of them. */
export function passwordOf(given: Map<string, string>, folder: string): Parsed<GivenPassword> {
  const file = given.get('password_file');
  const inLine = given.get('password');
  if ((file === undefined) === (inLine === undefined)) return wrong('give either password_file=PATH or password=TEXT');
  if (inLine !== undefined) return right({ password: inLine });
  const passwordFile = resolve(folder, file!);
  const read = textOf(passwordFile);
  return read.ok
    ? right({ password: read.value.split(/\r?\n/, 1)[0]!, passwordFile })
    : wrong(`the password file ${read.wrong}`);
}

export type GivenLogin = { login: { user: string; password: string }; file: string | undefined };

/** `user=` with its password; undefined: neither is there. */
export function loginOf(given: Map<string, string>, folder: string): Parsed<GivenLogin | undefined> {
  const user = given.get('user');
  if (!user)
    return given.has('password') || given.has('password_file') ? wrong('a password needs user=') : right(undefined);
  const found = passwordOf(given, folder);
  if (!found.ok) return found;
  const { password, passwordFile } = found.value;
  return password === '' ? wrong('the password is empty') : right({ login: { user, password }, file: passwordFile });
}

/** With a password: what would hand it to whoever answers. */
export const tryGivesAway = (better: string): string =>
  `tls=try would send the password to anybody: say tls=${better}, or off where the line is safe`;

/** The text of a file that a line names. */
export function textOf(path: string): Parsed<string> {
  try {
    return right(readFileSync(path, 'utf8'));
  } catch (error) {
    return wrong(`cannot be read: ${(error as Error).message}`);
  }
}

import { readFileSync } from 'node:fs';
import { type Remark, type RuleSet, readRules } from '../mail/filter.ts';
import type { Mistake } from './file.ts';

export type FilterFile = { set: RuleSet; mistakes: Mistake[]; warnings: Mistake[] };

/** Reads the rules of `msg_filter`; an empty path has none. */
export function readFilterFile(path: string): FilterFile {
  if (path === '') return { ...readRules(''), mistakes: [], warnings: [] };
  const at = ({ line, message }: Remark): Mistake => ({ file: path, line, message });
  try {
    const { set, mistakes, warnings } = readRules(readFileSync(path, 'utf8'));
    return { set, mistakes: mistakes.map(at), warnings: warnings.map(at) };
  } catch (error) {
    const message = `msg_filter: cannot be read: ${(error as Error).message}`;
    return { ...readRules(''), mistakes: [at({ line: 0, message })], warnings: [] };
  }
}

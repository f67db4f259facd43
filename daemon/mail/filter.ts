/**
 * Content rules: what a rules file says, and which of its rules a message matches.
 *
 * Pure: it is handed the text of the file and a way to read octets of the content, and it decides nothing. The work
 * is linear in the content whatever it holds, for all body strings together, and what is kept of it is a few chunks.
 */
export { type FilterContent, type Match, matchingRules } from './filter/match.ts';
export { type Remark, type RuleSet, readRules } from './filter/read-rules.ts';
export type { Condition, FilterRule, Giver } from './filter/rule.ts';

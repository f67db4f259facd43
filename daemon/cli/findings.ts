/** What a check found. good: as it should be · mend: it is not · open: nobody here can tell · fact: just so. */
export type Finding = {
  verdict: 'good' | 'mend' | 'open' | 'fact';
  text: string;
  /** What to do about it. */
  todo?: string;
};

export const good = (text: string): Finding => ({ verdict: 'good', text });
export const mend = (text: string, todo?: string): Finding => ({ verdict: 'mend', text, ...(todo && { todo }) });
export const open = (text: string, todo?: string): Finding => ({ verdict: 'open', text, ...(todo && { todo }) });
export const fact = (text: string): Finding => ({ verdict: 'fact', text });

const marks: Record<Finding['verdict'], string> = { good: 'ok', mend: 'MEND', open: '?', fact: '' };

/** As a person reads it: a mark, the words, and below them what to do. */
export function findingLines({ verdict, text, todo }: Finding): string[] {
  return [`  ${marks[verdict].padEnd(5)} ${text}`.trimEnd(), ...(todo ? [`          ${todo}`] : [])];
}

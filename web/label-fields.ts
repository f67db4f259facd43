/** What a form may say of a label. */
import { type LabelColour, labelColours } from '../daemon/store.ts';

const longestName = 60;

/** A line a person can read, and that a search can name: `label:"…"` ends with a quotation mark. */
export const goodLabel = (name: string): boolean =>
  name !== '' && [...name].length <= longestName && !/["“”„\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/u.test(name);

export const colourOf = (text: string): LabelColour => labelColours.find(c => c === text) ?? 'grey';

/** For a label that is made in passing: not that of the one before. */
export const nextColour = (count: number): LabelColour => labelColours[(count + 1) % labelColours.length]!;

/** What a form may say of a label. */
import { type LabelColour, labelColours } from '../daemon/store.ts';
import { isNameLine } from './name-line.ts';

const longestName = 60;

/** A search can name it: `label:"…"` ends with a quotation mark. */
export const goodLabel = (name: string): boolean => isNameLine(name, longestName) && !/["“”„]/.test(name);

export const colourOf = (text: string): LabelColour => labelColours.find(c => c === text) ?? 'grey';

/** For a label that is made in passing: not that of the one before. */
export const nextColour = (count: number): LabelColour => labelColours[(count + 1) % labelColours.length]!;

/**
 * The parts of a message: where they lie, what they are, what is in them, which of them to show.
 *
 * The scanner reads content as it streams by and keeps only a tree of byte offsets; depth (100) and number
 * (1,000) of parts are bounded, and what is beyond belongs to the part around it. Nothing here throws for
 * what a message contains. Decoding works on the bytes of one body, whole or in chunks. It opens no content.
 */
export { decodeBody, decodeStream } from './parts/decode.ts';
export { type DisplayParts, displayParts, textParts } from './parts/display.ts';
export type { Part } from './parts/part.ts';
export { DEEPEST, MOST_PARTS, PartScanner, type Scanned, scan } from './parts/scanner.ts';
export { partText, unflow } from './parts/text.ts';

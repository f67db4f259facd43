/**
 * The rules of a mail's style sheets, kept to one box: where something of ours stands beside the mail, no selector of
 * it reaches that. It works on what `clean` made, where no `<` is in a style element, and no brace in a string.
 */

const SHEET = /(?<=<style>)[^<]*(?=<\/style>)/g;
/** What stands between a brace, or the beginning, and the brace that opens; queries stay as they are. */
const PRELUDE = /(?<=^|[{}])(?!@)[^{}]+(?=\{)/g;
const COMMA = /("[^"]*"|'[^']*')|,/g;
/** What the mail takes for its page; its body has become a block. */
const PAGE = /^(?:(?:html|body|:root)(?![\w-])\s*>?\s*)+/i;

/** `box`: a selector of an element that has nothing beside it. */
export const scoped = (safe: string, box: string): string =>
  safe.replace(SHEET, sheet => sheet.replace(PRELUDE, selectors => keptTo(box, selectors)));

function keptTo(box: string, selectors: string): string {
  const each = selectors.replace(COMMA, (_, text) => text ?? '\0').split('\0');
  return each.map(selector => `${box} ${selector.trim().replace(PAGE, '')}`.trim()).join(',');
}

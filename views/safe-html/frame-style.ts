/** How a mail looks where its author said nothing: the page's own type and measure (values as in public/app.css). */
const LIGHT = {
  surface: '#ffffff',
  text: '#1a2023',
  muted: '#566168',
  line: '#d5d9db',
  link: '#0f6674',
  marked: '#ffe9a8',
  warn: '#8a5a00',
};
const DARK = {
  surface: '#1b2023',
  text: '#e7ebec',
  muted: '#a0abb1',
  line: '#343c40',
  link: '#6cc6d2',
  marked: '#5a4a12',
  warn: '#e5b454',
};
type Colour = keyof typeof LIGHT;

/** Where a link leads is said within the mail, whose style sheet knows every element by its place. */
const LEADS = `.cw-leads {
    all: revert !important; position: relative !important; z-index: 2147483647 !important; visibility: visible !important;
    color: var(--cw-warn) !important; background: var(--cw-surface) !important; font: 12px/1.3 system-ui, sans-serif !important;
    letter-spacing: normal !important; word-spacing: normal !important; text-transform: none !important; text-indent: 0 !important;
    text-shadow: none !important; white-space: normal !important; unicode-bidi: plaintext !important;
  }`;

/** `device`: dark where the device is; the pages around it say which. */
export function frameStyle(colours: 'light' | 'dark' | 'device'): string {
  // Named by what a mail cannot write: in its style sheets there is no var().
  const own = (Object.keys(LIGHT) as Colour[]).map(name => `--cw-${name}: ${LIGHT[name]};`).join(' ');
  const night = `:root { ${(Object.keys(DARK) as Colour[]).map(name => `--cw-${name}: ${DARK[name]};`).join(' ')} }`;
  // The frame is made as high as the mail: were the mail as high as the frame, the two would grow for ever. What is
  // important in a layer wins over everything outside of one, and a mail cannot write a layer (CSS Cascade 5 §6.4.4).
  return `
@layer frame {
  :root { height: auto !important; min-height: 0 !important; position: static !important; }
  :root, body { writing-mode: horizontal-tb !important; }
  ${LEADS}
}
:root { color-scheme: ${colours === 'device' ? 'light dark' : colours}; ${own} }
${colours === 'light' ? '' : `@supports (color: light-dark(#000, #fff)) { ${colours === 'dark' ? night : `@media (prefers-color-scheme: dark) { ${night} }`} }`}
html { background: var(--cw-surface); }
body { margin: 0; padding: 16px; color: var(--cw-text); font: 15px/1.45 system-ui, sans-serif; overflow-wrap: break-word; overflow-x: auto; }
a { color: var(--cw-link); }
img { max-width: 100%; height: auto; }
::highlight(sought) { background-color: var(--cw-marked); color: var(--cw-text); }
mark { background: var(--cw-marked); color: var(--cw-text); }
pre, .text { white-space: pre-wrap; }
blockquote { margin: 0; margin-inline-start: 4px; padding-inline-start: 12px; border-inline-start: 2px solid var(--cw-line); color: var(--cw-muted); }
details.cw-quote > summary { width: max-content; padding: 2px 10px; border-radius: 10px; background: var(--cw-line); color: var(--cw-text); font: 13px/1.45 system-ui, sans-serif; cursor: pointer; }
@media (pointer: coarse) { body { font-size: 16px; } }
`;
}

/**
 * Around a mail that is a page of its own stands what we say of it. The mail's rules are for its box alone (scope.ts),
 * and it cannot leave that.
 */
export const ownStyle = `
body { padding: 0; }
.cw-own { padding: 16px; max-width: 900px; overflow-wrap: anywhere; }
.cw-own h1 { font-size: 20px; margin: 0 0 12px; }
.cw-own dl { display: grid; grid-template-columns: auto 1fr; gap: 4px 12px; margin: 0; font-size: 13px; }
.cw-own dt { color: var(--cw-muted); }
.cw-own dd { margin: 0; }
.cw-own p, .cw-own ul { margin: 8px 0 0; font-size: 13px; color: var(--cw-muted); }
header.cw-own { border-bottom: 1px solid var(--cw-line); }
.cw-box { position: relative; overflow: clip; }
.cw-mail { padding: 16px; }
@media print { .cw-own .cw-screen { display: none; } }
`;

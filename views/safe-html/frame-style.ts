/** How a mail looks where its author said nothing: the page's own type and measure (values as in public/app.css). */
const LIGHT = {
  scheme: 'light',
  surface: '#ffffff',
  text: '#1a2023',
  muted: '#566168',
  line: '#d5d9db',
  link: '#0f6674',
  marked: '#ffe9a8',
};
const DARK = {
  scheme: 'dark',
  surface: '#1b2023',
  text: '#e7ebec',
  muted: '#a0abb1',
  line: '#343c40',
  link: '#6cc6d2',
  marked: '#5a4a12',
};

export function frameStyle(dark: boolean): string {
  const { scheme, surface, text, muted, line, link, marked } = dark ? DARK : LIGHT;
  // The frame is made as high as the mail: were the mail as high as the frame, the two would grow for ever. What is
  // important in a layer wins over everything outside of one, and a mail cannot write a layer (CSS Cascade 5 §6.4.4).
  return `
@layer frame { :root { height: auto !important; min-height: 0 !important; } }
:root { color-scheme: ${scheme}; }
html { background: ${surface}; }
body { margin: 0; padding: 16px; color: ${text}; font: 15px/1.45 system-ui, sans-serif; overflow-wrap: break-word; overflow-x: auto; }
a { color: ${link}; }
img { max-width: 100%; height: auto; }
::highlight(sought) { background-color: ${marked}; color: ${text}; }
mark { background: ${marked}; color: ${text}; }
pre, .text { white-space: pre-wrap; }
blockquote { margin: 0; margin-inline-start: 4px; padding-inline-start: 12px; border-inline-start: 2px solid ${line}; color: ${muted}; }
details.cw-quote > summary { width: max-content; padding: 2px 10px; border-radius: 10px; background: ${line}; color: ${text}; font: 13px/1.45 system-ui, sans-serif; cursor: pointer; }
@media (pointer: coarse) { body { font-size: 16px; } }
`;
}

/** The editor for letters: a document of its own, without origin, cookies, htmx or any address to talk to but its frame. */
import { html } from 'hono/html';
import { trusted } from './safe-html.ts';
import type { Door } from './screen.ts';
import type { Html, Key, Words } from './words.ts';

export type EditorPage = {
  w: Words;
  look: Door['look'];
  /** Address of a file of ours, whole: nobody puts the base in front of it here. */
  asset: (name: string) => string;
  /** The icons, as markup of ours: a document without origin may not use a sprite. */
  icons: ReadonlyMap<string, string>;
};

type Tool = { does: string; icon: string; words: Key; keys?: string; presses?: boolean };

const GROUPS: Tool[][] = [
  [
    { does: 'bold', icon: 'bold', words: 'editor.bold', keys: 'Control+B', presses: true },
    { does: 'italic', icon: 'italic', words: 'editor.italic', keys: 'Control+I', presses: true },
    { does: 'underline', icon: 'underline', words: 'editor.underline', keys: 'Control+U', presses: true },
    { does: 'heading', icon: 'heading', words: 'editor.heading', presses: true },
  ],
  [
    { does: 'bullets', icon: 'list', words: 'editor.bullets', keys: 'Control+Shift+8', presses: true },
    { does: 'numbers', icon: 'list-ordered', words: 'editor.numbers', keys: 'Control+Shift+9', presses: true },
    { does: 'quote', icon: 'text-quote', words: 'editor.quote', keys: 'Control+]', presses: true },
  ],
  [
    { does: 'link', icon: 'link', words: 'editor.link', keys: 'Control+K', presses: true },
    { does: 'picture', icon: 'image', words: 'editor.picture' },
    { does: 'clear', icon: 'remove-formatting', words: 'editor.clear' },
  ],
  [
    { does: 'undo', icon: 'undo-2', words: 'editor.undo', keys: 'Control+Z' },
    { does: 'redo', icon: 'redo-2', words: 'editor.redo', keys: 'Control+Shift+Z' },
  ],
];

export function editorPage(p: EditorPage): Html {
  const { t } = p.w;
  return html`<!doctype html>
<html lang="${p.w.lang}" dir="${p.w.dir}" data-scheme="${p.look.scheme}" data-contrast="${p.look.contrast}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${t('compose.text')}</title>
<link rel="stylesheet" href="${p.asset('editor.css')}">
<script src="${p.asset('squire.js')}" defer></script>
<script src="${p.asset('editor.js')}" defer></script>
</head>
<body>
<main>
<div class="tools" role="toolbar" aria-label="${t('editor.tools')}" aria-controls="letter">${GROUPS.map(group => html`<div class="group">${group.map(tool => button(p, tool))}</div>`)}</div>
<form class="link" hidden><label for="url">${t('editor.link.url')}</label><input id="url" inputmode="url" autocapitalize="none" spellcheck="false" autocomplete="off" placeholder="https://" aria-describedby="wrong"><button type="submit">${t('editor.link.set')}</button><button type="button" data-unlink>${t('editor.link.remove')}</button><button type="button" data-close>${t('editor.link.close')}</button><p id="wrong" role="alert" data-words="${t('editor.link.wrong')}"></p></form>
<div id="letter" role="textbox" aria-multiline="true" aria-label="${t('compose.text')}" data-remote="${t('editor.remote', { host: '{host}' })}"></div>
<input id="pictures" type="file" accept="image/png,image/jpeg,image/gif,image/webp" multiple hidden>
</main>
</body>
</html>
`;
}

function button(p: EditorPage, tool: Tool): Html {
  const words = p.w.t(tool.words);
  const keys = tool.keys ? html` aria-keyshortcuts="${tool.keys}"` : '';
  const title = tool.keys ? `${words} (${tool.keys.replace('Control', 'Ctrl')})` : words;
  return html`<button type="button" data-does="${tool.does}" title="${title}" aria-label="${words}"${keys}${tool.presses ? html` aria-pressed="false"` : ''} tabindex="-1">${trusted(p.icons.get(tool.icon) ?? '')}</button>`;
}

/**
 * The headers of that page. What runs in it is ours alone, it knows no address to tell anything to, and its pictures
 * are handed to it: whatever stands in a letter, nothing is loaded for it.
 */
export const editorHeaders: Record<string, string> = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': [
    'sandbox allow-scripts',
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "style-src-attr 'unsafe-inline'",
    'img-src blob:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
  ].join('; '),
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'X-DNS-Prefetch-Control': 'off',
  'Cache-Control': 'no-store',
};

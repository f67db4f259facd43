/**
 * The editor for letters: squire, a toolbar, and a line to the page around it. This document has no origin; what it
 * shows was cleaned by the server, and is built anew here node by node, so that no markup is ever parsed into it.
 */
const $ = (selector, from = document) => from.querySelector(selector);
const root = $('#letter');
const tools = $('.tools');
const linkForm = $('.link');
const url = $('#url');
const wrong = $('#wrong');
const changedMs = 400;
const post = message => parent.postMessage(message, '*');
let loaded = false;
let pasting = false;
/** May it hold pictures? */
let takes = false;
let typed = false;
let timer = null;

/* Markup as nodes: only what is known is made. The server decides anew what is kept */

const TAGS = new Set(
  `A ABBR B BDI BDO BIG BLOCKQUOTE BR CAPTION CENTER CITE CODE COL COLGROUP DD DEL DFN DIV DL DT EM FIGCAPTION FIGURE
  FONT H1 H2 H3 H4 H5 H6 HR I IMG INS KBD LI MARK OL P PRE Q S SAMP SMALL SPAN STRIKE STRONG SUB SUP TABLE TBODY TD
  TFOOT TH THEAD TR TT U UL VAR WBR`.split(/\s+/),
);
/** Of what is pasted, only what says something stays. */
const PASTED = new Set(
  `A B BLOCKQUOTE BR CODE DEL DIV EM H1 H2 H3 H4 H5 H6 HR I IMG INS LI OL P PRE S STRIKE STRONG SUB SUP TABLE TBODY TD
  TFOOT TH THEAD TR U UL`.split(/\s+/),
);
const GONE = new Set(
  `APPLET AUDIO BASE CANVAS EMBED FRAMESET HEAD IFRAME LINK MATH META NOEMBED NOFRAMES NOSCRIPT OBJECT SCRIPT SELECT
  STYLE SVG TEMPLATE TEXTAREA TITLE VIDEO XML`.split(/\s+/),
);
const ATTRIBUTES = `align alt bgcolor border cellpadding cellspacing class color colspan data-remote dir face height href lang
  nowrap rowspan size span start style title type valign value width`.split(/\s+/);
const PASTED_ATTRIBUTES = ['alt', 'colspan', 'href', 'rowspan', 'start', 'width', 'height'];
const CLASSES = { DIV: 'signature', BLOCKQUOTE: 'quote' };
/** What in a style may ask for something, however it is spelled. */
const LOADS = /\\|url|image|src|element|cross-fade|paint|@/i;
const DEEPEST = 150;
const MOST_PASTED = 2_000_000;

/** What the page gave us, by the labels of the markup: pictures of our own, as addresses within this document. */
const pictures = new Map();

function nodesOf(html, pasted) {
  const { body } = new DOMParser().parseFromString(html.slice(0, MOST_PASTED), 'text/html');
  if (pasted) tidy(body);
  const made = document.createDocumentFragment();
  copyInto(made, body, pasted, 0);
  return made;
}

function copyInto(goal, from, pasted, depth) {
  for (const node of from.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) goal.append(pasted ? node.data.replace(/[\r\n]+/g, ' ') : node.data);
    if (node.nodeType !== Node.ELEMENT_NODE || GONE.has(node.tagName)) continue;
    const known = depth < DEEPEST && (pasted ? PASTED : TAGS).has(node.tagName);
    const made = known ? elementLike(node, pasted) : goal;
    copyInto(made, node, pasted, depth + 1);
    if (known) goal.append(made);
  }
}

function elementLike(node, pasted) {
  const made = document.createElement(node.tagName);
  for (const name of pasted ? PASTED_ATTRIBUTES : ATTRIBUTES) {
    const value = node.getAttribute(name);
    if (value === null || (name === 'class' && value !== CLASSES[node.tagName])) continue;
    if (name === 'style' && LOADS.test(value)) continue;
    if (name !== 'href') made.setAttribute(name, value);
    else if (node.tagName === 'A' && linkOf(value)) made.setAttribute('href', linkOf(value));
  }
  if (node.tagName === 'IMG') picture(made, node.getAttribute('src') ?? '', node.dataset.label);
  return made;
}

function picture(made, src, label = /^cid:(.*)$/i.exec(src)?.[1]) {
  if (label && /^[a-z][a-z0-9-]{0,59}$/.test(label)) {
    made.dataset.label = label;
    if (pictures.has(label)) made.src = pictures.get(label);
    else post({ kind: 'wants', label });
    return;
  }
  if (/^https?:/i.test(src)) made.dataset.remote = src;
  if (made.dataset.remote) nameRemote(made);
}

/** It is told of and not loaded: a letter calls nobody while it is written. */
function nameRemote(image) {
  const host = URL.parse(image.dataset.remote)?.hostname ?? '';
  image.title = root.dataset.remote.replace('{host}', host);
  if (!image.alt) image.alt = host;
}

/** An address of a page or a person, spelled out; null: it is none. */
function linkOf(text) {
  const typed = text.trim();
  if (/^[^\s@:/?#]+@[^\s@:/?#]+\.[^\s@:/?#]+$/.test(typed)) return `mailto:${typed}`;
  const whole = /^[a-z][a-z0-9+.-]*:/i.test(typed) && !/^[\w.-]+:\d+(?:[/?#]|$)/.test(typed) ? typed : `https://${typed}`;
  const parsed = URL.parse(whole);
  if (!parsed || !['http:', 'https:', 'mailto:'].includes(parsed.protocol)) return null;
  if (parsed.protocol !== 'mailto:' && (!/^[^.].*\.[^.]+$|^localhost$|^\[/.test(parsed.hostname) || /\s/.test(typed)))
    return null;
  return parsed.href;
}

/* What word processors and pages put on the clipboard, as what was meant */

function tidy(body) {
  wordLists(body);
  for (const node of [...body.querySelectorAll('*')]) {
    const { fontWeight = '', fontStyle = '', textDecoration = '', display = '', visibility = '' } = node.style ?? {};
    if (display === 'none' || visibility === 'hidden') node.remove();
    // Google's documents stand in a <b> that is not bold.
    else if (node.tagName === 'B' && /^(?:normal|400)$/.test(fontWeight)) node.replaceWith(...node.childNodes);
    else if (['SPAN', 'FONT'].includes(node.tagName)) {
      if (/^(?:bold|[6-9]00)/.test(fontWeight)) wrapIn(node, 'b');
      if (/^(?:italic|oblique)/.test(fontStyle)) wrapIn(node, 'i');
      if (/underline/.test(textDecoration) && !node.closest('a')) wrapIn(node, 'u');
      if (/line-through/.test(textDecoration)) wrapIn(node, 's');
    }
  }
}

function wrapIn(node, tag) {
  const inner = node.ownerDocument.createElement(tag);
  inner.append(...node.childNodes);
  node.append(inner);
}

/** Word writes its lists as paragraphs with a bullet typed in front. */
function wordLists(body) {
  let list = null;
  for (const p of [...body.querySelectorAll('p')]) {
    if (!/mso-list:(?!\s*ignore)/i.test(p.getAttribute('style') ?? '')) {
      list = null;
      continue;
    }
    let mark = '';
    for (const span of [...p.querySelectorAll('span')])
      if (/mso-list:\s*ignore/i.test(span.getAttribute('style') ?? '')) {
        mark += span.textContent;
        span.remove();
      }
    const tag = /^\s*(?:\d+|[a-z]{1,3})[.)]/i.test(mark) ? 'OL' : 'UL';
    if (list?.tagName !== tag || list !== p.previousElementSibling) {
      list = p.ownerDocument.createElement(tag);
      p.before(list);
    }
    const item = p.ownerDocument.createElement('li');
    item.append(...p.childNodes);
    list.append(item);
    p.remove();
  }
}

/* The editor */

const editor = new Squire(root, {
  blockTag: 'DIV',
  sanitizeToDOMFragment: html => nodesOf(html, pasting),
  undo: { documentSizeThreshold: 200_000, undoLimit: 100 },
  didError: () => {},
});
/** As the form keeps it: pictures by their labels, without what is only for the eye here. */
function markup() {
  const { body } = new DOMParser().parseFromString(editor.getHTML(), 'text/html');
  for (const image of body.querySelectorAll('img')) {
    const { label, remote } = image.dataset;
    image.removeAttribute('src');
    if (label) image.setAttribute('src', `cid:${label}`);
    if (remote) image.removeAttribute('title');
    delete image.dataset.label;
  }
  return body.innerHTML.replaceAll('\u200b', '');
}

const tell = () => {
  clearTimeout(timer);
  timer = null;
  typed = false;
  post({ kind: 'changed', html: markup() });
};

editor.addEventListener('input', () => {
  if (!loaded) return;
  typed = true;
  clearTimeout(timer);
  timer = setTimeout(tell, changedMs);
});
editor.addEventListener('blur', () => typed && tell());

/* Pasting: squire asks for nodes while `pasting` is on, whatever the time it needs to read the clipboard */

document.addEventListener(
  'paste',
  event => {
    if (!root.contains(event.target)) return;
    const files = [...(event.clipboardData?.files ?? [])];
    const html = event.clipboardData?.getData('text/html') ?? '';
    // A picture, as itself or as a page's copy of it: the file is what is meant.
    if (files.length > 0 && (html === '' || /^\s*(?:<meta[^>]*>)?\s*<img[^>]*>\s*$/i.test(bodyOf(html)))) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return take(files);
    }
    if (html === '' || event.shiftKey) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    pasting = true;
    editor.insertHTML(bodyOf(html), true);
    pasting = false;
  },
  true,
);

const bodyOf = html => /<!--StartFragment-->([\s\S]*)<!--EndFragment-->/.exec(html)?.[1] ?? html;

/**
 * A file on the disk is open to the process that it was given to, and a browser may give this frame one of its own: the
 * page could not send it. So its octets go along.
 */
async function read(file) {
  const octets = await file.arrayBuffer().catch(() => null);
  return octets ? new File([octets], file.name, { type: file.type }) : file;
}

/** Pictures go into the text, under labels we make; all else is for the page to put beside it. */
async function take(given) {
  if (!takes) return;
  const files = await Promise.all(given.map(read));
  const shown = files.filter(file => /^image\/(?:png|jpeg|gif|webp)$/.test(file.type));
  const others = files.filter(file => !shown.includes(file));
  for (const file of shown) {
    const label = `i-${crypto.getRandomValues(new Uint32Array(2)).reduce((text, n) => text + n.toString(36), '')}`;
    pictures.set(label, URL.createObjectURL(file));
    editor.insertImage(pictures.get(label), { 'data-label': label, alt: file.name.replace(/\.\w+$/, '') });
    post({ kind: 'picture', label, file });
  }
  if (others.length > 0) post({ kind: 'files', files: others });
}

const carries = event => [...(event.dataTransfer?.types ?? [])].includes('Files');
document.addEventListener('dragover', event => carries(event) && event.preventDefault());
document.addEventListener(
  'drop',
  event => {
    if (!carries(event)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const range = document.caretRangeFromPoint?.(event.clientX, event.clientY);
    if (range && root.contains(range.startContainer)) editor.setSelection(range);
    take([...event.dataTransfer.files]);
  },
  true,
);

/* Tools */

const has = tag => editor.hasFormat(tag);
const within = tag => new RegExp(`(?:^|>)${tag}(?:[.#[>]|$)`).test(editor.getPath());
const either = (tag, on, off) => () => (has(tag) ? off() : on());

function heading() {
  const on = within('H3');
  editor.modifyBlocks(blocks => {
    for (const block of [...blocks.querySelectorAll(on ? 'h3' : 'div:not(:has(div)), p, h1, h2, h4, h5, h6')]) {
      const made = document.createElement(on ? 'div' : 'h3');
      made.append(...block.childNodes);
      block.replaceWith(made);
    }
    return blocks;
  });
}

const does = {
  bold: either('B', () => editor.bold(), () => editor.removeBold()),
  italic: either('I', () => editor.italic(), () => editor.removeItalic()),
  underline: either('U', () => editor.underline(), () => editor.removeUnderline()),
  heading,
  bullets: () => (within('UL') ? editor.removeList() : editor.makeUnorderedList()),
  numbers: () => (within('OL') ? editor.removeList() : editor.makeOrderedList()),
  quote: () => (within('BLOCKQUOTE') ? editor.decreaseQuoteLevel() : editor.increaseQuoteLevel()),
  link: openLink,
  picture: () => $('#pictures').click(),
  clear: () => editor.removeAllFormatting(),
  undo: () => editor.undo(),
  redo: () => editor.redo(),
};
const pressed = {
  bold: () => has('B') || has('STRONG'),
  italic: () => has('I') || has('EM'),
  underline: () => has('U'),
  heading: () => within('H3'),
  bullets: () => within('UL'),
  numbers: () => within('OL'),
  quote: () => within('BLOCKQUOTE'),
  link: () => has('A'),
};

function show() {
  for (const [name, on] of Object.entries(pressed))
    $(`[data-does=${name}]`).setAttribute('aria-pressed', String(on()));
}

const buttons = [...tools.querySelectorAll('button')];
buttons[0].tabIndex = 0;
// A press would take the caret out of the text.
tools.addEventListener('mousedown', event => event.preventDefault());
tools.addEventListener('click', event => {
  const button = event.target.closest('button');
  if (!button || button.getAttribute('aria-disabled') === 'true') return;
  const inTools = tools.contains(document.activeElement);
  does[button.dataset.does]();
  // Whoever works the toolbar by keys stays in it.
  if (inTools && linkForm.hidden) button.focus();
  show();
});
tools.addEventListener('keydown', event => {
  const shown = buttons.filter(button => !button.hidden);
  const at = shown.indexOf(document.activeElement);
  const forward = document.documentElement.dir === 'rtl' ? -1 : 1;
  const steps = { ArrowRight: at + forward, ArrowLeft: at - forward, Home: 0, End: shown.length - 1 };
  if (event.key === 'Escape') return root.focus();
  const to = steps[event.key];
  if (to === undefined) return;
  event.preventDefault();
  const next = shown.at(to % shown.length);
  for (const button of buttons) button.tabIndex = button === next ? 0 : -1;
  next.focus();
});
editor.addEventListener('pathChange', show);
editor.addEventListener('undoStateChange', event => {
  $('[data-does=undo]').setAttribute('aria-disabled', String(!event.detail.canUndo));
  $('[data-does=redo]').setAttribute('aria-disabled', String(!event.detail.canRedo));
});
$('#pictures').addEventListener('change', event => {
  take([...event.target.files]);
  event.target.value = '';
});

/** Chrome takes the last block away with its last sign, and squire makes one after a timer only: a key may come before. */
root.addEventListener('input', () => {
  if (root.textContent !== '' || root.querySelector(':scope > :not(br)')) return;
  const block = document.createElement('div');
  block.append(document.createElement('br'));
  root.replaceChildren(block);
  editor.setSelection(rangeOf(block, 0, 0));
});

/* Markdown, as it is typed; squire itself knows `* ` and `1. `. Undo gives back the signs */

const lineMarks = { '-': does.bullets, '>': does.quote, '#': heading, '##': heading, '###': heading };
const LONGEST_BOLD = 200;
const BOLD = /(?<![\p{L}\p{N}*])\*\*([^\s*](?:[^*\n]*[^\s*])?)\*\*$/u;

function rangeOf(node, from, to) {
  const range = document.createRange();
  range.setStart(node, from);
  range.setEnd(node, to);
  return range;
}

/** Null: something is selected, or there is no text where the caret is. */
function caretInText() {
  const range = editor.getSelection();
  return range.collapsed && range.startContainer.nodeType === Node.TEXT_NODE ? range : null;
}

document.addEventListener(
  'keydown',
  event => {
    if (event.key !== ' ' || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const range = root.contains(event.target) ? caretInText() : null;
    const block = range?.startContainer.parentElement.closest('#letter div, #letter p');
    const typed = block?.textContent.replaceAll('\u200b', '');
    if (!block || !Object.hasOwn(lineMarks, typed) || range.startOffset < range.startContainer.length) return;
    event.preventDefault();
    editor.saveUndoState(range);
    block.replaceChildren(document.createElement('br'));
    editor.setSelection(rangeOf(block, 0, 0));
    lineMarks[typed]();
  },
  true,
);

root.addEventListener('input', event => {
  const range = event.data === '*' && !event.isComposing ? caretInText() : null;
  if (!range || has('B') || within('PRE')) return;
  const { startContainer: node, startOffset: at } = range;
  const found = BOLD.exec(node.data.slice(Math.max(0, at - LONGEST_BOLD), at));
  if (!found) return;
  const from = at - found[0].length;
  editor.saveUndoState(range);
  node.deleteData(at - 2, 2);
  node.deleteData(from, 2);
  editor.setSelection(rangeOf(node, from, at - 4));
  editor.bold();
  const end = editor.getSelection();
  end.collapse(false);
  editor.setSelection(end);
  editor.removeBold();
});

/* Links */

const linkNow = () => {
  const range = editor.getSelection();
  const node = range.commonAncestorContainer;
  return (node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement)?.closest('#letter a');
};

function openLink() {
  const link = linkNow();
  url.value = link?.getAttribute('href')?.replace(/^mailto:/, '') ?? '';
  $('[data-unlink]').hidden = !link;
  wrong.textContent = '';
  url.removeAttribute('aria-invalid');
  linkForm.hidden = false;
  url.focus();
}

const closeLink = () => {
  linkForm.hidden = true;
  editor.focus();
};

/** By hand: a form may not be sent from a document in a sandbox. */
function setLink() {
  const address = linkOf(url.value);
  if (!address) {
    wrong.textContent = wrong.dataset.words;
    url.setAttribute('aria-invalid', 'true');
    return url.focus();
  }
  const link = linkNow();
  closeLink();
  if (link) {
    link.setAttribute('href', address);
    editor.fireEvent('input');
  } else editor.makeLink(address);
}

linkForm.addEventListener('submit', event => event.preventDefault());
$('[type=submit]', linkForm).addEventListener('click', event => {
  event.preventDefault();
  setLink();
});
$('[data-unlink]').addEventListener('click', () => {
  closeLink();
  editor.removeLink();
});
$('[data-close]').addEventListener('click', closeLink);
linkForm.addEventListener('keydown', event => {
  if (event.key === 'Escape') closeLink();
  if (event.key !== 'Enter' || event.target !== url) return;
  event.preventDefault();
  setLink();
});
// A link is edited, not followed.
root.addEventListener('click', event => event.target.closest('a') && event.preventDefault());

/* Keys. Tab goes on to the next field, as in every other: a list's level is Ctrl-] */

const mac = /Mac|iP(?:hone|ad)/.test(navigator.platform) ? 'Meta-' : 'Ctrl-';
editor.setKeyHandler('Tab', null);
editor.setKeyHandler('Shift-Tab', null);
editor.setKeyHandler(`${mac}d`, null);
editor.setKeyHandler('PageUp', null);
editor.setKeyHandler('PageDown', null);
editor.setKeyHandler(`${mac}k`, (_, event) => {
  event.preventDefault();
  openLink();
});
document.addEventListener('keydown', event => {
  if ((event.ctrlKey || event.metaKey) && event.key === 'Enter' && !event.isComposing) {
    event.preventDefault();
    post({ kind: 'send', html: markup() });
  }
  if (event.altKey && event.key === 'F10') {
    event.preventDefault();
    $('.tools [tabindex="0"]').focus();
  }
});

/* The page around */

const heard = {
  load({ html, focus, pictures: mayHold }) {
    takes = mayHold;
    $('[data-does=picture]').hidden = !mayHold;
    editor.setHTML(html);
    loaded = true;
    // The caret stands above the signature and the quote.
    if (focus) editor.focus().moveCursorToStart();
    else root.blur();
    show();
  },
  picture({ label, blob }) {
    pictures.set(label, URL.createObjectURL(blob));
    for (const image of root.querySelectorAll(`img[data-label="${CSS.escape(label)}"]`)) image.src = pictures.get(label);
  },
  /** Its file was called off. */
  drop({ label }) {
    editor.saveUndoState();
    for (const image of root.querySelectorAll(`img[data-label="${CSS.escape(label)}"]`)) image.remove();
    tell();
  },
  insert({ html, text }) {
    editor.focus();
    if (html) editor.insertHTML(html);
    else editor.insertPlainText(text.trimEnd());
  },
  sign({ html }) {
    const old = $('.signature:not(blockquote *)', root);
    const fresh = nodesOf(html, false);
    const quote = $('blockquote', root);
    editor.saveUndoState();
    if (old) old.replaceWith(fresh);
    else if (quote) (quote.previousElementSibling ?? quote).before(fresh);
    else root.append(fresh);
  },
  focus: () => editor.focus(),
  ask: ({ id }) => {
    if (typed) tell();
    post({ kind: 'answer', id });
  },
};

window.addEventListener('message', event => {
  if (event.source === parent) heard[event.data?.kind]?.(event.data);
});
post({ kind: 'ready' });

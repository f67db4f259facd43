/**
 * What the pages gain by script; none of them needs it. Keys, selection, the height of a mail's frame,
 * new mail without reload, drafts saved while typing. No markup is made here: the server sends it.
 */
const $ = (selector, from = document) => from.querySelector(selector);
const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];

document.documentElement.classList.add('scripted');
// What only script brings has a sheet of its own, which a browser where none ran yet was not sent.
const { scriptedHref } = document.body.dataset;
if (scriptedHref)
  document.head.append(Object.assign(document.createElement('link'), { rel: 'stylesheet', href: scriptedHref }));
// It would wait for a timer, and what is clicked or pressed until then would load the page anew.
htmx.initialize();
// No header tells the time zone, and times in a list should be the reader's.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone)
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not on plain http.
  document.cookie = `zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; SameSite=Lax`;

// Installed, the site has a page of its own for when there is no way to it.
if (matchMedia('(display-mode: standalone)').matches)
  navigator.serviceWorker?.register(new URL('worker.js', $('link[rel=manifest]').href));

const announce = text => {
  const place = $('#announce');
  if (place) place.textContent = text;
};

/** The plural form for so many, of those the page brings. */
function counted(forms, n) {
  const { lang } = document.documentElement;
  const all = JSON.parse(forms);
  const form = all[new Intl.PluralRules(lang).select(n)] ?? all.other;
  return form.replace('{n}', new Intl.NumberFormat(lang).format(n));
}

/* Selection */

const ticks = () => $$('#list .tick input');
let lastTicked = null;

function showSelection() {
  const some = ticks();
  const count = some.filter(tick => tick.checked).length;
  const place = $('#list [data-count]');
  const words = $('#list-form')?.dataset.selection;
  const every = $('#list [data-every]');
  const found = every?.nextElementSibling;
  if (every && (count === 0 || count < some.length)) every.checked = false;
  if (place && words)
    place.textContent = count === 0 ? '' : every?.checked ? found.dataset.chosen : counted(words, count);
  const all = $('#list [data-all]');
  const isAll = count > 0 && count === some.length;
  all?.setAttribute('aria-pressed', String(isAll));
  if (isAll && found?.dataset.href) countFound(found);
}

/** What was acted on is no longer selected; where its row stays, the exchange of the page leaves it ticked. */
function untick({ method, body, submitter }) {
  // A button of a row means that row alone, whatever is ticked.
  if (method !== 'POST' || submitter?.closest('.row')) return;
  const meant = new Set(body.getAll('message'));
  for (const tick of ticks()) if (meant.has(tick.value)) tick.checked = false;
}

/** How many a search finds is asked when all of them may be meant. */
async function countFound(words) {
  const { href } = words.dataset;
  words.removeAttribute('data-href');
  const answer = await fetch(href).catch(() => null);
  if (!answer?.ok || answer.redirected || !words.isConnected) return;
  const number = await answer.text();
  const place = words.parentElement;
  words.outerHTML = number;
  // What is too much to count is not asked for again.
  place.lastElementChild.removeAttribute('data-href');
  announce(place.textContent);
  showSelection();
}

document.addEventListener(
  'click',
  event => {
    const all = event.target.closest('[data-all]');
    if (all) {
      event.preventDefault();
      event.stopImmediatePropagation();
      const on = ticks().some(tick => !tick.checked);
      for (const tick of ticks()) tick.checked = on;
      return showSelection();
    }
    const tick = event.target.closest('.tick input');
    if (tick) {
      if (event.shiftKey && lastTicked) tickRange(lastTicked, tick);
      lastTicked = tick;
      showSelection();
    }
    if (event.target.closest('[data-keys]')) openKeys();
    if (event.target.closest('[data-dismiss]')) event.target.closest('.toast').remove();
    for (const menu of $$('details.menu[open]')) if (!menu.contains(event.target)) menu.open = false;
  },
  true,
);

function tickRange(from, to) {
  const some = ticks();
  const [low, high] = [some.indexOf(from), some.indexOf(to)].sort((a, b) => a - b);
  for (const tick of some.slice(Math.max(low, 0), high + 1)) tick.checked = to.checked;
}

document.addEventListener('change', event => {
  if (event.target.matches('.tick input')) showSelection();
  if (event.target.matches('[data-every]')) showSelection();
  if (event.target.matches('input[type=file][data-now]') && event.target.files.length > 0) {
    event.target.form.requestSubmit($(event.target.dataset.now));
  }
});

/* The frame a mail's HTML is shown in is as high as the mail, up to where no letter ends that somebody wrote */

const highest = 200_000;

function fitFrame(frame) {
  const root = frame.contentDocument?.documentElement;
  if (!root) return;
  const resize = () => {
    frame.style.height = `${Math.min(Math.ceil(root.getBoundingClientRect().height) + 1, highest)}px`;
  };
  // A letter set for a wide page is shown smaller rather than cut off, as far as it can still be read.
  const shrink = () => {
    root.style.zoom = '';
    const fits = frame.clientWidth / root.scrollWidth;
    if (fits < 1) root.style.zoom = String(Math.max(fits, 0.5));
    resize();
  };
  shrink();
  new ResizeObserver(resize).observe(root);
  let width = frame.clientWidth;
  new ResizeObserver(() => {
    if (frame.clientWidth !== width) shrink();
    width = frame.clientWidth;
  }).observe(frame);
}

/* Words of a search in a mail's HTML: ranges over its text, so that its markup stays what the server made safe */

const folded = text =>
  text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase();

function markSought(frame) {
  const { Highlight, CSS } = frame.contentWindow;
  const sought = JSON.parse(frame.dataset.sought ?? '[]');
  if (!Highlight || sought.length === 0) return;
  const found = new Highlight();
  const texts = frame.contentDocument.createTreeWalker(frame.contentDocument.body, NodeFilter.SHOW_TEXT);
  for (let left = 200_000; left > 0 && texts.nextNode(); left -= texts.currentNode.length + 20)
    for (const [from, to] of hitsIn(texts.currentNode.data, sought)) {
      const range = frame.contentDocument.createRange();
      range.setStart(texts.currentNode, from);
      range.setEnd(texts.currentNode, to);
      found.add(range);
    }
  CSS.highlights.set('sought', found);
}

/** As mail/search-hits.ts finds them, but for scripts without spaces, whose pairs are looked for as they stand. */
function* hitsIn(text, sought) {
  const words = [...text.matchAll(/[\p{L}\p{N}\p{M}]+/gu)].map(w => ({
    word: folded(w[0]),
    from: w.index,
    to: w.index + w[0].length,
  }));
  for (const [at, { word, from }] of words.entries())
    for (const one of sought) {
      const last = words[at + one.words.length - 1];
      const stands = (w, i) =>
        words[at + i]?.word === w || (one.begins && i === one.words.length - 1 && words[at + i]?.word.startsWith(w));
      if (last && one.words.every(stands)) yield [from, last.to];
      else if (/[^\u0000-\u02ff]/.test(one.words[0]) && word.includes(one.words[0])) {
        const start = from + word.indexOf(one.words[0]);
        if (word.length === words[at].to - from) yield [start, start + one.words[0].length];
      }
    }
}

function fitFrames() {
  for (const frame of $$('iframe[data-frame]:not([data-fitted])')) {
    frame.dataset.fitted = '';
    const arrived = () => {
      fitFrame(frame);
      markSought(frame);
    };
    frame.addEventListener('load', arrived);
    if (frame.contentDocument?.readyState === 'complete' && frame.contentDocument.URL !== 'about:blank') arrived();
  }
}

/* Answers come in any order */

let asked = 0;
/** Which request brought the page that is shown. */
let shown = 0;

document.addEventListener('htmx:before:request', ({ detail: { ctx } }) => {
  asked += 1;
  ctx.asked = asked;
});

// An answer to what was asked earlier would put what was there before in place of what was asked for since.
document.addEventListener('htmx:before:swap', event => {
  const { ctx } = event.detail;
  const page = isPage(ctx.target);
  if (!page && ctx.target?.id !== 'list') return;
  if (ctx.asked < shown && ctx.request.method === 'GET') event.preventDefault();
  else if (page) shown = Math.max(shown, ctx.asked);
});

/** The Back button exchanges the whole body, what is boosted all that is in it. */
const isPage = target => target?.id === 'app' || target === document.body;

/* New mail: one stream a browser, shared by its tabs (a browser opens six connections to a site, no more) */

const channel = 'BroadcastChannel' in window ? new BroadcastChannel('cwmail') : null;
const shownModseq = () => Number($('#list')?.dataset.modseq ?? document.body.dataset.modseq ?? 0);
const soonMs = 300;
const againMs = 5_000;
const seldomMs = 60_000;
/** The newest change heard of; the list may not show it yet. */
let heard = 0;
let waiting = null;

function onHint(hint) {
  heard = Math.max(heard, hint.modseq);
  // Several changes come together; and what the person is doing now has its answer on the way.
  if (heard > shownModseq()) refreshIn(soonMs);
}

function refreshIn(delay) {
  if (waiting) return;
  waiting = setTimeout(async () => {
    waiting = null;
    const list = $('#list[data-modseq]');
    if (!list || heard <= shownModseq()) return;
    await refresh(list).catch(() => {});
    // The line may be down: what was heard of is not forgotten.
    if (heard > shownModseq()) refreshIn(againMs);
  }, delay);
}

async function refresh(list) {
  const before = unread();
  const page = shown;
  const within = list.contains(document.activeElement);
  await htmx.ajax('GET', list.dataset.here, { source: list, target: list, swap: 'outerMorph' });
  // Another page came meanwhile, and said for itself what is new.
  if (page !== shown) return;
  if (within) findFocus(place);
  if (unread() > before) announce($('title').textContent);
}

const unread = () => Number($('#rail [data-unread]')?.dataset.unread ?? 0);

function showIcon() {
  const icon = $('link[rel=icon]');
  const count = Math.min(unread(), 100);
  const href = count === 0 ? icon.dataset.noneHref : icon.dataset.someHref.replace('0', String(count));
  if ($('#rail') && icon.getAttribute('href') !== href) icon.setAttribute('href', href);
}

/** A stream that goes on by itself after the line was down, and is begun anew where the browser gave it up. */
function listen() {
  let stream = null;
  let pause = againMs;
  let later = null;
  const open = () => {
    clearTimeout(later);
    stream?.close();
    stream = new EventSource(`${document.body.dataset.eventsHref}?since=${Math.max(shownModseq(), heard)}`);
    stream.addEventListener('open', () => {
      pause = againMs;
    });
    stream.addEventListener('changed', event => {
      const hint = JSON.parse(event.data);
      onHint(hint);
      channel?.postMessage(hint);
    });
    // Any answer but 200, such as a proxy's while we restart, ends it for good.
    stream.addEventListener('error', () => {
      if (stream.readyState !== EventSource.CLOSED) return;
      later = setTimeout(open, pause);
      pause = Math.min(pause * 2, seldomMs);
    });
  };
  open();
  // A machine that slept finds its connections dead and does not know it.
  window.addEventListener('online', open);
  window.addEventListener('pageshow', event => event.persisted && open());
  return {
    open,
    close() {
      clearTimeout(later);
      stream.close();
    },
  };
}

function follow() {
  if (!$('#app')) return;
  channel?.addEventListener('message', event => onHint(event.data));
  if (navigator.locks && channel)
    return void navigator.locks.request('cwmail-events', () => new Promise(() => listen()));
  const stream = listen();
  document.addEventListener('visibilitychange', () => (document.hidden ? stream.close() : stream.open()));
}

/* The sheet of other pages comes while nothing else is to do, so that the first of them is not seen without it */

addEventListener('load', () => {
  const sheet = Object.assign(document.createElement('link'), { rel: 'stylesheet', media: 'not all' });
  sheet.href = document.body.dataset.pagesHref ?? '';
  if (sheet.href && !$('.shell > link')) setTimeout(() => document.head.append(sheet), 500);
});

/* Keys; never in fields, never with a modifier the browser uses */

const goal = name => document.body.dataset[`${name}Href`];
/** The action of each key, or of two keys with a space between; of who wants none, there are none. */
const shortcuts = JSON.parse(document.body.dataset.shortcuts ?? '{}');
const secondWithin = 1500;

async function openKeys() {
  const list = $('#keys');
  if (!list || list.open) return;
  if (!list.firstChild) {
    const answer = await fetch(list.dataset.helpHref).catch(() => null);
    if (!answer?.ok || answer.redirected) return;
    list.innerHTML = await answer.text();
  }
  if (!list.open) list.showModal();
}

const rowNow = () => document.activeElement?.closest?.('.row') ?? $('.row.open');

function step(by) {
  const open = $(by > 0 ? '.message [data-key=older]' : '.message [data-key=newer]');
  if (open) return open.click();
  const rows = $$('#list .row');
  const at = rows.indexOf(rowNow());
  const row = rows[at < 0 ? 0 : Math.min(Math.max(at + by, 0), rows.length - 1)];
  $('.row-link', row)?.focus();
}

/** A key acts on the open message, else on what is ticked, else on the row in focus. */
function press(key) {
  const tool = $(`.message [data-key=${key}]`);
  if (tool) return tool.click();
  const button = $(`#list [data-key=${key}]`);
  if (!button) return;
  const row = rowNow();
  if (row && !ticks().some(tick => tick.checked)) {
    const tick = $('.tick input', row);
    if (tick) tick.checked = true;
  }
  if (ticks().some(tick => tick.checked)) button.click();
}

/** What is not here is pressed: the button of that name. */
const acts = {
  next: () => step(1),
  previous: () => step(-1),
  open: () => rowNow()?.querySelector('.row-link').click(),
  back: () => $('.message [data-key=back]')?.click(),
  compose: () => $('.compose')?.click(),
  select: () => rowNow()?.querySelector('.tick input').click(),
  undo: () => $('[data-key=undo]')?.click(),
  search: () => $('#q')?.focus(),
  help: openKeys,
};

/** The first of two keys, as long as the second may come. */
let begun = '';
let over = null;

/** On a keyboard whose letters are not Latin, the letter that stands there on one whose are. */
function signOf(event) {
  const letter = /^Key([A-Z])$/.exec(event.code)?.[1];
  if (!letter || !/^\P{Script=Latin}$/u.test(event.key)) return event.key;
  return event.shiftKey ? letter : letter.toLowerCase();
}

function actionOf(event) {
  const signs = [event.key, signOf(event)].map(sign => (begun === '' ? sign : `${begun} ${sign}`));
  const known = signs.find(keys => Object.hasOwn(shortcuts, keys));
  const first = signs.find(keys => begun === '' && Object.keys(shortcuts).some(other => other.startsWith(`${keys} `)));
  clearTimeout(over);
  begun = known ? '' : (first ?? '');
  over = setTimeout(() => {
    begun = '';
  }, secondWithin);
  return known && shortcuts[known];
}

document.addEventListener('keydown', event => {
  if ((event.ctrlKey || event.metaKey) && event.key === 'Enter') {
    const send = event.target.closest?.('.compose-form')?.querySelector('[data-key=send]');
    if (send) event.preventDefault();
    return send?.click();
  }
  // What AltGr types is a sign like any other; Windows calls it Ctrl and Alt together.
  const plain = event.getModifierState('AltGraph') || !(event.ctrlKey || event.metaKey || event.altKey);
  if (!plain || event.isComposing || ['Shift', 'AltGraph'].includes(event.key)) return;
  if (event.key === 'Escape') {
    for (const menu of $$('details.menu[open]')) {
      if (menu.contains(event.target)) $('summary', menu).focus();
      menu.open = false;
    }
    return;
  }
  if (event.target.closest?.('input:not([type=checkbox]), textarea, select, [contenteditable], dialog')) return;
  const action = actionOf(event);
  // What is typed before the first field of a letter has focus is meant for the letter.
  if (!action || !$('#app') || $('.compose-page')) return;
  event.preventDefault();
  if (goal(action)) return location.assign(goal(action));
  (acts[action] ?? (() => press(action)))();
});

/* Compose */

// What was typed and not saved is not lost by a closed tab without a question.
let unsaved = false;
document.addEventListener('input', event => {
  if (event.target.closest('.compose-form')) unsaved = true;
});
document.addEventListener('submit', event => {
  if (event.target.matches('.compose-form')) unsaved = false;
});
window.addEventListener('beforeunload', event => {
  if (unsaved) event.preventDefault();
});
document.addEventListener('htmx:after:swap', event => {
  if (event.detail?.ctx?.target?.classList?.contains('draft-state') && event.detail.ctx.response?.status === 200)
    unsaved = false;
  arrived(event.detail?.ctx);
});
for (const name of ['htmx:error', 'htmx:response:error'])
  document.addEventListener(name, event => {
    const { ctx } = event.detail ?? {};
    const state = ctx?.sourceElement?.querySelector?.('[data-failed]');
    if (!state || ctx.response?.status === 409) return;
    state.textContent = ctx.response?.status === 401 ? state.dataset.signin : state.dataset.failed;
    state.classList.add('error');
  });

/* What opens with a field in it is there to be typed into */

document.addEventListener(
  'toggle',
  ({ target }) => {
    if (target.matches('.keeping[open]')) $('input', target).focus();
  },
  true,
);

/* Where a page was asked for and the line is down, nothing would happen at all */

function tellUnreachable(isSo) {
  const words = $('#unreachable');
  if (!words) return;
  words.className = 'toast';
  words.hidden = !isSo;
}

document.addEventListener('htmx:error', ({ detail }) => isPage(detail?.ctx?.target) && tellUnreachable(true));
window.addEventListener('online', () => tellUnreachable(false));

/* What keep.js holds of a letter is not needed when the server has answered its form, nor after signing out */

function forgetTyped(name) {
  try {
    for (const known of Object.keys(localStorage)) if (known.startsWith(name)) localStorage.removeItem(known);
  } catch {
    // This browser keeps nothing.
  }
}

const typedDays = 7;

/** Nor is it for who else signs in here, or for a writer who does not come back. */
function boundTyped() {
  const { account } = document.body.dataset;
  try {
    for (const name of Object.keys(localStorage)) {
      if (!name.startsWith('cwmail typed ')) continue;
      const isOthers = account && !name.startsWith(`cwmail typed ${account} `);
      const at = Number(/^\{"at":(\d+)/.exec(localStorage.getItem(name))?.[1] ?? 0);
      if (isOthers || Date.now() - at > typedDays * 86_400_000) localStorage.removeItem(name);
    }
  } catch {
    // As above.
  }
}

function answered() {
  try {
    const { name, action } = JSON.parse(sessionStorage.getItem('cwmail handed in')) ?? {};
    // Led on from the form, or given it back with what was typed; the page of an error is none of ours.
    const [{ redirectCount }] = performance.getEntriesByType('navigation');
    if (!name || !$('#app') || (redirectCount === 0 && location.href !== action)) return;
    forgetTyped(name);
    sessionStorage.removeItem('cwmail handed in');
  } catch {
    // As above.
  }
}

document.addEventListener('submit', event => {
  if (event.target.action?.endsWith('/logout')) forgetTyped('cwmail typed ');
});

/* An offer to undo what was sent ends before the mail leaves */

function endOffer() {
  const toast = $('.toast[data-seconds]');
  const offer = $('form', toast ?? document)?.action;
  if (!toast || toast.dataset.running === offer) return;
  toast.dataset.running = offer;
  setTimeout(() => {
    const now = $('.toast[data-seconds]');
    if ($('form', now ?? document)?.action === offer) now?.remove();
  }, toast.dataset.seconds * 1000);
}

/* What lies open for a while counts as read, where its reader wants it so */

function readSoon() {
  const form = $('form[data-read-after]');
  if (!form || 'running' in form.dataset) return;
  form.dataset.running = '';
  const fields = () => String(new URLSearchParams(new FormData(form, $('button', form))));
  const meant = fields();
  const wait = () => setTimeout(read, form.dataset.readAfter * 1000);
  const read = async () => {
    // Another message may stand in its place.
    if (!form.isConnected || fields() !== meant) return;
    // What nobody looks at is not read.
    if (document.hidden) return document.addEventListener('visibilitychange', wait, { once: true });
    const body = new URLSearchParams(meant);
    const { type } = await fetch(form.action, { method: 'POST', body, redirect: 'manual' }).catch(() => ({}));
    if (type !== 'opaqueredirect' || !form.isConnected || fields() !== meant) return;
    const opposite = $('.message [data-key=unread]');
    opposite.hidden = false;
    if (form.contains(document.activeElement)) opposite.focus();
    form.hidden = true;
  };
  wait();
}

/* After a page was exchanged: where to be, and what to say */

let place = location.pathname + location.search;
/** Which row of the list one was at last. */
let rowAt = 0;

document.addEventListener('focusin', event => {
  const row = event.target.closest?.('#list .row');
  if (row) rowAt = $$('#list .row').indexOf(row);
});

function arrived(ctx) {
  fitFrames();
  if (isPage(ctx?.target)) untick(ctx.request);
  showSelection();
  showIcon();
  endOffer();
  readSoon();
  if (!isPage(ctx?.target)) return;
  tellUnreachable(false);
  // The answer may have been on its way longer than a hint of what came since.
  if (heard > shownModseq()) refreshIn(soonMs);
  const before = place;
  place = location.pathname + location.search;
  if (place !== before) {
    if ($('.shell')?.dataset.view !== 'list') $('#content > :last-child')?.scrollTo(0, 0);
    if (matchMedia('(max-width: 759px)').matches) window.scrollTo(0, 0);
  }
  findFocus(before);
  // The title changes after what it is the title of.
  setTimeout(() => announce($('.toast > span')?.textContent ?? (place === before ? '' : document.title)));
}

/** Focus that went with what is gone: to the row one came back from, to what took the place of a row, else to the page. */
function findFocus(before) {
  const now = document.activeElement;
  if (now !== document.body && now?.checkVisibility()) return;
  const rows = $$('#list .row-link').filter(row => row.checkVisibility());
  const left = rows.find(row => row.pathname === before.split('?')[0]);
  const beside = $('.shell')?.dataset.view === 'list' ? rows[Math.min(rowAt, rows.length - 1)] : undefined;
  (left ?? beside ?? $('#content'))?.focus({ preventScroll: true });
}

fitFrames();
showSelection();
boundTyped();
answered();
endOffer();
readSoon();
follow();

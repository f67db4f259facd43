/**
 * Tidying with script: the page of goals as a dialogue, with typing that narrows it; and rows dragged to a folder or
 * label. Without it the same buttons lead to the same page. No markup of the page is made here.
 */
{
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];

  /* Choosing in a dialogue */

  /** The browser's Back button brings the page anew, and this with it. */
  const chooserNow = () => $('#chooser');

  async function choose(button) {
    const { form } = button;
    const chooser = chooserNow();
    const choices = await choicesOf(button, form).catch(() => null);
    // Nothing was selected, or the line is down: the page that is answered says so.
    if (!choices) return form.requestSubmit(button);
    chooser.replaceChildren(choices);
    htmx.process(chooser);
    narrow(choices);
    chooser.showModal();
    $('[autofocus], .choice-list button', chooser)?.focus();
  }

  async function choicesOf(button, form) {
    const answer = await fetch(button.formAction, {
      method: 'POST',
      headers: { 'HX-Request': 'true', 'HX-Request-Type': 'partial' },
      body: new URLSearchParams(new FormData(form, button)),
    });
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    return document.adoptNode($('#choices', page));
  }

  document.addEventListener(
    'click',
    event => {
      const button = event.target.closest?.('button[data-choose]');
      if (!button || !chooserNow()?.showModal || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      void choose(button);
    },
    true,
  );

  /** A click beside the dialogue, which is on the dialogue itself, closes it; focus goes back by itself. */
  document.addEventListener('click', event => {
    if (event.target.id === 'chooser') event.target.close();
  });
  document.addEventListener('submit', event => event.target.closest('#chooser')?.close());

  const plain = text => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();

  const begins = (name, typed) =>
    [name, ...name.split(/[^\p{L}\p{N}]+/u)].some(word => plain(word).startsWith(plain(typed)));

  function narrow(place) {
    const field = $('[data-filter]', place);
    if (!field) return;
    const typed = field.value.trim();
    const rows = $$('.choice-list > li', place);
    for (const row of rows) row.hidden = !begins(row.dataset.name, typed);
    $('.none-fits', place).hidden = rows.length === 0 || rows.some(row => !row.hidden);
    const create = $('[data-create]', place);
    create.hidden = typed === '' || rows.some(row => plain(row.dataset.name) === plain(typed));
    $('span', create).textContent = create.dataset.create.replace('{name}', () => typed);
  }

  document.addEventListener('input', event => {
    if (event.target.closest?.('[data-filter]')) narrow(event.target.closest('#choices'));
  });

  document.addEventListener('keydown', event => {
    const place = event.target.closest?.('#choices');
    if (!place) return;
    const field = $('[data-filter]', place);
    const shown = $$('.choice-list > li:not([hidden]) :is(button, a), [data-create]:not([hidden])', place);
    const at = shown.indexOf(event.target);
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      if (event.target.matches('input:not([data-filter])')) return;
      event.preventDefault();
      const next = at + (event.key === 'ArrowDown' ? 1 : -1);
      (next < 0 ? (field ?? shown[0]) : shown[Math.min(next, shown.length - 1)])?.focus();
    }
    // What is typed so far means the first that is left; what fits none is made.
    if (event.key === 'Enter' && event.target === field && field.value.trim() !== '' && shown[0]?.type === 'submit') {
      event.preventDefault();
      shown[0].click();
    }
  });

  /* Dragging rows to a folder or label */

  let dragged = null;

  document.addEventListener('dragstart', event => {
    const row = event.target.closest?.('#list .row');
    const tick = row && $('.tick input', row);
    if (!tick) return;
    const ticks = $$('#list .tick input');
    // A row that is not among those selected is dragged alone.
    if (!tick.checked) for (const one of ticks) one.checked = one === tick;
    tick.dispatchEvent(new Event('change', { bubbles: true }));
    dragged = row;
    event.dataTransfer.effectAllowed = 'copyMove';
    event.dataTransfer.setData('text/plain', $('.subject', row)?.textContent ?? '');
    document.body.classList.add('dragging');
  });

  const goalOf = event => (dragged ? event.target.closest?.('#rail [data-drop]') : null);

  document.addEventListener('dragover', event => {
    const goal = goalOf(event);
    for (const old of $$('#rail .drop-here')) if (old !== goal) old.classList.remove('drop-here');
    if (!goal) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = goal.dataset.field === 'put' ? 'copy' : 'move';
    goal.classList.add('drop-here');
  });

  document.addEventListener('drop', event => {
    const goal = goalOf(event);
    const form = $('#list-form');
    if (!goal || !form) return;
    event.preventDefault();
    const button = document.createElement('button');
    button.type = 'submit';
    button.hidden = true;
    button.formAction = goal.dataset.dropHref;
    button.name = goal.dataset.field;
    button.value = goal.dataset.value;
    form.append(button);
    form.requestSubmit(button);
    button.remove();
  });

  document.addEventListener('dragend', () => {
    const tick = dragged && $('.tick input', dragged);
    dragged = null;
    document.body.classList.remove('dragging');
    for (const old of $$('#rail .drop-here')) old.classList.remove('drop-here');
    if (tick?.isConnected) tick.dispatchEvent(new Event('change', { bubbles: true }));
  });

  /* The list is as wide as its reader makes it, in this browser */

  const fromRight = document.dir === 'rtl';

  const widthNow = divider => divider.parentElement.firstElementChild.offsetWidth;

  /** Null: as wide as it was before anybody dragged it. */
  function widen(divider, width) {
    const { ariaValueMin: least, ariaValueMax: most, dataset } = divider;
    const { dataset: page } = document.documentElement;
    if (width === null) delete page.list;
    else page.list = Math.min(Math.max(Math.round(width / dataset.step) * dataset.step, least), most);
    divider.ariaValueNow = widthNow(divider);
    // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not on plain http.
    document.cookie = `list=${page.list ?? ''}; path=/; max-age=${width === null ? 0 : 31_536_000}; SameSite=Lax`;
  }

  document.addEventListener('focusin', event => {
    const divider = event.target.closest?.('.divider');
    if (divider) divider.ariaValueNow = widthNow(divider);
  });

  document.addEventListener('pointerdown', event => {
    const divider = event.target.closest?.('.divider');
    if (!divider || event.button !== 0) return;
    divider.setPointerCapture(event.pointerId);
    const { left, right } = divider.parentElement.getBoundingClientRect();
    const follow = ({ clientX }) => widen(divider, fromRight ? right - clientX : clientX - left);
    divider.addEventListener('pointermove', follow);
    divider.addEventListener('lostpointercapture', () => divider.removeEventListener('pointermove', follow), {
      once: true,
    });
  });
  document.addEventListener('dblclick', event => {
    const divider = event.target.closest?.('.divider');
    if (divider) widen(divider, null);
  });
  document.addEventListener('keydown', event => {
    const divider = event.target.closest?.('.divider');
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!divider || !way || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    widen(divider, widthNow(divider) + way * (fromRight ? -1 : 1) * divider.dataset.step);
  });

  /* On a touch screen a row is swiped to where one of its buttons would put it */

  /** Pixels: from where a touch is a swipe, how near the edge it is the browser's own, and from where it counts. */
  const [begun, edge, sure] = [12, 24, 96];

  function swipe(row, { clientX: x, clientY: y, pointerId }) {
    const over = new AbortController();
    let by = 0;
    const buttonOf = way => $(`.quick > [name=to][value=${way}]`, row);
    const show = () => {
      row.classList.toggle('swiping', by !== 0);
      row.toggleAttribute('data-sure', Math.abs(by) >= sure);
      row.style.setProperty('--swipe', `${by}px`);
    };
    const follow = event => {
      const [across, down] = [event.clientX - x, Math.abs(event.clientY - y)];
      if (by === 0 && (Math.abs(across) < begun || Math.abs(across) < 2 * down)) return;
      row.setPointerCapture(pointerId);
      row.dataset.swipe = across > 0 === fromRight ? 'trash' : 'archive';
      by = buttonOf(row.dataset.swipe) ? across : 0;
      show();
    };
    const swallow = event => {
      event.preventDefault();
      event.stopImmediatePropagation();
    };
    const back = () => {
      by = 0;
      show();
    };
    const end = event => {
      over.abort();
      if (by === 0) return;
      // The click that a browser makes of the end of a touch is none.
      row.addEventListener('click', swallow, true);
      setTimeout(() => {
        row.removeEventListener('click', swallow, true);
        if (event.type === 'pointercancel' || Math.abs(by) < sure) return back();
        by = Math.sign(by) * row.offsetWidth;
        show();
        // Where it did not go, for want of a line, it comes back.
        document.addEventListener('htmx:finally:request', back, { once: true });
        buttonOf(row.dataset.swipe).click();
      });
    };
    const { signal } = over;
    row.addEventListener('pointermove', follow, { signal });
    for (const name of ['pointerup', 'pointercancel']) row.addEventListener(name, end, { signal });
  }

  document.addEventListener('pointerdown', event => {
    const row = event.target.closest?.('[data-swipes] #list .row');
    const isTouch = event.pointerType === 'touch' && event.isPrimary && !event.target.closest('.tick, .star');
    const isOurs = event.clientX > edge && event.clientX < innerWidth - edge;
    if (row && isTouch && isOurs) swipe(row, event);
  });
}

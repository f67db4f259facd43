/**
 * Writing with formatting: the editor's frame takes the place of the text field, and what it says goes into a field of
 * the form. The frame has no origin, so all it is told and says is messages; only those of its window are heard.
 */
for (const area of document.querySelectorAll('.compose-text[data-rich]')) richText(area);

function richText(area) {
  const { form } = area.querySelector('textarea[name=html]');
  const field = area.querySelector('textarea[name=html]');
  const text = area.querySelector('textarea:not([name=html])');
  const toggle = form.querySelector('[data-rich-toggle]');
  const readyMs = 20_000;
  const answerMs = 3_000;
  let frame = null;
  /** Resolves with the frame's window once its editor is there. */
  let open = null;
  let becomeReady = null;
  let isReady = false;
  let isSettled = false;
  let asked = 0;
  const answers = new Map();
  /** What was given up for plain text, and the text it became: going back unchanged gives all of it back. */
  let before = null;

  const announce = words => {
    const said = document.querySelector('#announce');
    if (said) said.textContent = words;
  };
  const keep = html => {
    if (field.value === html) return;
    field.value = html;
    field.dispatchEvent(new Event('input', { bubbles: true }));
  };
  const say = message => open?.then(editor => editor.postMessage(message, '*'));

  /* What the frame says */

  const heard = {
    ready: () => {
      isReady = true;
      becomeReady?.(frame.contentWindow);
    },
    changed: ({ html }) => keep(html),
    answer: ({ id }) => answers.get(id)?.(),
    send: ({ html }) => {
      keep(html);
      form.querySelector('[data-key=send]').click();
    },
    wants: ({ label }) => void fetchPicture(label),
    picture: ({ label, file }) => area.dispatchEvent(new CustomEvent('rich:picture', { detail: { label, file } })),
    files: ({ files }) => area.dispatchEvent(new CustomEvent('rich:files', { detail: { files } })),
  };
  area.addEventListener('rich:drop', ({ detail: { label } }) => say({ kind: 'drop', label }));
  window.addEventListener('message', event => {
    if (frame && event.source === frame.contentWindow) heard[event.data?.kind]?.(event.data);
  });

  /** A picture of the draft, or of the mail that is quoted; the frame cannot ask for it. */
  async function fetchPicture(label) {
    if (!/^[a-z][a-z0-9-]{0,59}$/.test(label)) return;
    const draft = form.querySelector('[name=draft]')?.value;
    const part = /^related-([\d-]+)$/.exec(label)?.[1].replaceAll('-', '.');
    const from = [];
    if (draft) from.push(`${area.dataset.draftHref}${draft}/images/${label}`);
    if (part && area.dataset.relatedHref) from.push(`${area.dataset.relatedHref}${part}?inline`);
    for (const path of from) {
      const answer = await fetch(path).catch(() => null);
      if (answer?.ok && !answer.redirected) return say({ kind: 'picture', label, blob: await answer.blob() });
    }
  }

  /* Into the frame, and out of it */

  function show(focus) {
    isReady = false;
    const html = field.value;
    frame = area.querySelector('[data-editor]').content.firstElementChild.cloneNode(true);
    area.append(frame);
    open = new Promise((resolve, reject) => {
      becomeReady = resolve;
      setTimeout(reject, readyMs, new Error('the editor did not come'));
    });
    field.disabled = false;
    text.hidden = true;
    text.disabled = true;
    area.classList.add('rich');
    area.querySelector('[data-unscripted]')?.remove();
    toggle.setAttribute('aria-pressed', 'true');
    if (focus) frame.focus();
    open.then(
      editor => editor.postMessage({ kind: 'load', html, focus, pictures: 'draftHref' in area.dataset }, '*'),
      // The letter stays what it is: its markup is in the field, and is sent.
      () => announce(area.dataset.failed),
    );
  }

  function hide() {
    frame?.remove();
    frame = null;
    open = null;
    field.disabled = true;
    text.hidden = false;
    text.disabled = false;
    text.readOnly = false;
    text.name = text.dataset.field;
    area.classList.remove('rich');
    toggle.setAttribute('aria-pressed', 'false');
    text.focus();
  }

  /** What is in the frame and not yet told goes into the field first. */
  async function settle() {
    if (!frame || !open) return;
    const id = ++asked;
    const answered = new Promise(resolve => answers.set(id, resolve));
    say({ kind: 'ask', id });
    await Promise.race([answered, new Promise(resolve => setTimeout(resolve, answerMs))]);
    answers.delete(id);
  }

  async function converted(given) {
    const fields = new URLSearchParams(given);
    for (const name of ['from', 'related', 'relation']) fields.set(name, form.elements[name]?.value ?? '');
    const answer = await fetch(area.dataset.convertHref, { method: 'POST', body: fields });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    return answer.json();
  }

  toggle.addEventListener('click', async () => {
    toggle.disabled = true;
    try {
      if (frame) {
        await settle();
        const { text: said } = await converted({ html: field.value });
        before = { html: field.value, said };
        text.value = said;
        hide();
      } else {
        const { html } = before?.said === text.value ? before : await converted({ text: text.value });
        field.value = html;
        show(true);
      }
      (frame ? field : text).dispatchEvent(new Event('input', { bubbles: true }));
    } catch {
      announce(area.dataset.failed);
    } finally {
      toggle.disabled = false;
    }
  });

  // The form is sent with what was typed up to this moment; the frame's own word of the last key may be on its way still.
  form.addEventListener(
    'submit',
    event => {
      if (!frame || !isReady || isSettled) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      const { submitter } = event;
      settle().then(() => {
        isSettled = true;
        form.requestSubmit(submitter);
        isSettled = false;
      });
    },
    true,
  );
  form.querySelector('[data-author]')?.addEventListener('change', event => {
    if (frame) say({ kind: 'sign', html: event.target.selectedOptions[0].dataset.signatureMarkup });
  });

  /* Texts kept under a name go where the caret is; in plain text, or where it never was, above the signature */

  const canned = form.querySelector('[data-replies-href]');
  canned?.addEventListener('change', async () => {
    const id = canned.value;
    canned.value = '';
    if (!id) return;
    const answer = await fetch(`${canned.dataset.repliesHref}${id}/text`).catch(() => null);
    if (!answer?.ok || answer.redirected) return announce(area.dataset.failed);
    const reply = await answer.json();
    if (frame) say({ kind: 'insert', html: reply.html, text: reply.text });
    else {
      const at = caret ?? Math.max(text.value.search(/\n+-- \n|\n+[^\n]+\n> ?/), 0);
      text.setRangeText(reply.text.trimEnd(), at, at, 'end');
      text.focus();
      text.dispatchEvent(new Event('input', { bubbles: true }));
    }
  });
  let caret = null;
  text.addEventListener('blur', () => {
    caret = text.selectionEnd;
  });
  // From the subject Enter goes on to the text.
  form.elements.subject?.addEventListener('keydown', event => {
    if (event.key !== 'Enter' || event.isComposing || !frame) return;
    event.preventDefault();
    frame.focus();
    say({ kind: 'focus' });
  });

  if (area.dataset.rich !== 'later') show('focus' in area.dataset);
}

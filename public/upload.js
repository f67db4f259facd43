/**
 * Files go to the draft one by one while the person writes on: chosen, dropped on the page, or pasted. Each has a row
 * with its progress, can be called off, and is tried again when the line breaks. Without script the form does it.
 */
for (const area of document.querySelectorAll('.compose-files[data-files-href]')) uploads(area);

function uploads(area) {
  const form = area.closest('form');
  const input = area.querySelector('input[type=file]');
  const list = area.querySelector('.on-their-way');
  const text = form.querySelector('.compose-text');
  const atOnce = 2;
  /** Milliseconds before each further try. */
  const pauses = [1_000, 4_000, 15_000];
  const waiting = [];
  const running = new Set();
  const failed = new Set();
  /** What Send was pressed with, to be pressed again when all are here. */
  let toSend = null;

  const announce = words => {
    const said = document.querySelector('#announce');
    if (said) said.textContent = words;
  };
  const filled = (words, values) => words.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  /** As the server says sizes. */
  function sizeOf(octets) {
    const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];
    const step = Math.min(Math.floor(Math.log10(Math.max(octets, 1)) / 3), units.length - 1);
    const size = octets / 1000 ** step;
    const format = new Intl.NumberFormat(document.documentElement.lang, {
      style: 'unit',
      unit: units[step],
      unitDisplay: step === 0 ? 'long' : 'short',
      maximumFractionDigits: step > 0 && size < 10 ? 1 : 0,
    });
    return format.format(size).replace('kB', 'KB');
  }

  const kept = () => area.querySelector('.files-kept');
  const room = () => [...waiting, ...running].reduce((left, job) => left - job.file.size, Number(kept().dataset.room));

  /* Rows */

  function rowOf(file) {
    const row = area.querySelector('template[data-upload]').content.firstElementChild.cloneNode(true);
    row.querySelector('b').textContent = file.name;
    const cancel = row.querySelector('[data-cancel]');
    cancel.setAttribute('aria-label', cancel.dataset.label.replace('{name}', file.name));
    list.append(row);
    list.hidden = false;
    return row;
  }

  function say(job, words, wrong = false) {
    const small = job.row.querySelector('small');
    small.textContent = words;
    small.classList.toggle('error', wrong);
    if (wrong) announce(`${job.file.name}: ${words}`);
  }

  function leave(job) {
    for (const jobs of [running, failed]) jobs.delete(job);
    if (waiting.includes(job)) waiting.splice(waiting.indexOf(job), 1);
    clearTimeout(job.timer);
    const had = job.row.contains(document.activeElement);
    job.row.remove();
    list.hidden = list.children.length === 0;
    if (had) input.focus();
  }

  /** `label`: it is a picture within the text, which names it so. */
  function take(files, label = null) {
    for (const file of files) {
      const job = { file, label, name: freshName(), row: rowOf(file), tries: 0, request: null, timer: null };
      job.row.querySelector('[data-cancel]').addEventListener('click', () => {
        callOff(job);
        leave(job);
        if (job.label) text.dispatchEvent(new CustomEvent('rich:drop', { detail: { label: job.label } }));
        next();
      });
      job.row.querySelector('[data-again]').addEventListener('click', () => {
        job.tries = 0;
        retry(job);
      });
      const left = room();
      if (file.size > left)
        fail(job, filled(area.dataset.large, { size: sizeOf(file.size), room: sizeOf(Math.max(0, left)) }), false);
      else waiting.push(job);
    }
    next();
  }

  /** What was sent may be at the server all the same: every form of this page goes on to say that it is not wanted. */
  function callOff(job) {
    if (!job.request) return;
    job.request.abort();
    const dropped = Object.assign(document.createElement('input'), {
      type: 'hidden',
      name: 'dropped',
      value: job.name,
    });
    area.append(dropped);
    dropped.dispatchEvent(new Event('input', { bubbles: true }));
  }

  /** By which the server knows it again; `randomUUID` is not there on plain http. */
  const freshName = () =>
    [...crypto.getRandomValues(new Uint8Array(12))].map(n => n.toString(16).padStart(2, '0')).join('');

  function retry(job) {
    failed.delete(job);
    job.row.querySelector('[data-again]').hidden = true;
    waiting.push(job);
    next();
  }

  function fail(job, words, again = true) {
    running.delete(job);
    failed.add(job);
    toSend = null;
    say(job, words, true);
    job.row.querySelector('progress').hidden = true;
    job.row.querySelector('[data-again]').hidden = !again;
  }

  /* On their way */

  function next() {
    while (running.size < atOnce && waiting.length > 0) send(waiting.shift());
    // What did not fit is said, and holds nothing up that goes.
    if (toSend && running.size + waiting.length === 0) {
      const { submitter } = toSend;
      toSend = null;
      form.requestSubmit(submitter);
    }
  }

  function send(job) {
    running.add(job);
    const body = new FormData(form);
    body.delete('files');
    body.append('upload', job.name);
    body.append(job.label ? `image.${job.label}` : 'files', job.file, job.file.name || 'file');
    const request = new XMLHttpRequest();
    job.request = request;
    const bar = job.row.querySelector('progress');
    bar.hidden = false;
    request.upload.addEventListener('progress', event => {
      bar.value = event.loaded / event.total;
      const sent = Math.min(event.loaded, job.file.size);
      say(job, filled(area.dataset.sent, { sent: sizeOf(sent), size: sizeOf(job.file.size) }));
    });
    request.addEventListener('load', () => answered(job, request));
    request.addEventListener('error', () => broken(job));
    request.open('POST', area.dataset.filesHref);
    request.send(body);
  }

  /** It keeps its place among those under way, so what is sent waits for it. */
  function broken(job) {
    const pause = pauses[job.tries++];
    if (pause === undefined) {
      fail(job, area.dataset.failed);
      return next();
    }
    say(job, area.dataset.broken, true);
    job.timer = setTimeout(send, pause, job);
  }

  function answered(job, request) {
    const typeIs = type => (request.getResponseHeader('Content-Type') ?? '').startsWith(type);
    if (request.status >= 500 && request.status !== 507) return broken(job);
    if (new URL(request.responseURL).pathname.endsWith('/login')) return fail(job, area.dataset.signin);
    if (request.status !== 200) {
      fail(job, typeIs('text/plain') ? request.responseText : area.dataset.failed);
      return next();
    }
    place(request.responseText);
    announce(filled(area.dataset.done, { name: job.file.name }));
    leave(job);
    next();
  }

  /** What the server says of the draft takes the place of what stands here. */
  function place(markup) {
    const { body } = new DOMParser().parseFromString(markup, 'text/html');
    const fresh = body.querySelector('.files-kept');
    const state = body.querySelector('.draft-state');
    if (fresh) kept().replaceWith(fresh);
    if (state) {
      const address = `${text.dataset.draftHref}${state.querySelector('[name=draft]').value}`;
      form.querySelector('.draft-state').replaceWith(state);
      if (location.pathname !== address) history.replaceState(history.state, '', address);
    }
  }

  /* Where they come from */

  const takeChosen = () => {
    if (input.files.length === 0) return;
    take([...input.files]);
    input.value = '';
  };
  input.addEventListener('change', event => {
    event.stopPropagation();
    takeChosen();
  });
  const files = event => [...((event.clipboardData ?? event.dataTransfer)?.files ?? [])];
  text.querySelector('textarea:not([name=html])').addEventListener('paste', event => {
    if (files(event).length === 0 || event.clipboardData.types.includes('text/plain')) return;
    event.preventDefault();
    take(files(event));
  });
  text.addEventListener('rich:files', event => take(event.detail.files));
  text.addEventListener('rich:picture', event => take([event.detail.file], event.detail.label));

  const carries = event => [...(event.dataTransfer?.types ?? [])].includes('Files');
  let depth = 0;
  const show = by => {
    depth = by === 0 ? 0 : Math.max(0, depth + by);
    form.classList.toggle('dropping', depth > 0);
    form.dataset.dropping = area.dataset.drop;
  };
  document.addEventListener('dragenter', event => carries(event) && show(1));
  document.addEventListener('dragleave', event => carries(event) && show(-1));
  document.addEventListener('dragover', event => carries(event) && event.preventDefault());
  document.addEventListener('drop', event => {
    if (!carries(event)) return;
    event.preventDefault();
    show(0);
    take(files(event));
  });

  const hold = (event, words) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    announce(words);
    const state = form.querySelector('.draft-state small');
    if (!state) return;
    state.textContent = words;
    state.classList.toggle('error', failed.size > 0);
  };
  form.addEventListener(
    'submit',
    event => {
      const goal = event.submitter?.formAction ?? '';
      if (/\/removals$/.test(goal)) return;
      if (running.size + waiting.length > 0) {
        toSend = { submitter: event.submitter };
        hold(event, area.dataset.waiting);
      } else if (failed.size > 0 && /\/submissions$/.test(goal)) {
        // What was to go along and did not is not left out unseen.
        const [job] = failed;
        hold(event, `${job.file.name}: ${job.row.querySelector('small').textContent}`);
        job.row.querySelector('button:not([hidden])').focus();
      }
    },
    true,
  );
  // On a slow line they may have been chosen before this was here.
  takeChosen();
  window.addEventListener('beforeunload', event => {
    if (running.size + waiting.length > 0) event.preventDefault();
  });
}

/**
 * What is typed and not saved yet stands in this browser until the server has it: a crash, or a server out of reach,
 * loses nothing. What is found of an earlier page is offered, never put in unasked. app.js forgets it when the server
 * has answered a form, at sign-out, when somebody else signs in, and after some days.
 */
const prefix = 'cwmail typed ';
const afterMs = 300;

const form = document.querySelector('.compose-form');
if (form) keep();

function keep() {
  const mine = `${prefix}${form.elements.writer.value} `;
  const own = mine + form.elements.key.value;
  const notTyped = new Set(['sure', 'day', 'time']);
  let typedAt = 0;
  let askedAt = 0;
  let timer = null;

  // The lock says that a page lives: what it keeps is nobody else's to offer.
  navigator.locks?.request(own, () => new Promise(() => {}));
  drop(own);

  function store() {
    const fields = [...new FormData(form)].filter(([name, value]) => typeof value === 'string' && !notTyped.has(name));
    try {
      localStorage.setItem(own, JSON.stringify({ at: Date.now(), fields }));
    } catch {
      // No room, or not allowed: then the server's copy is all there is.
    }
  }
  form.addEventListener('input', () => {
    typedAt = Date.now();
    clearTimeout(timer);
    timer = setTimeout(store, afterMs);
  });
  form.addEventListener('submit', event => {
    clearTimeout(timer);
    if (typedAt === 0) return;
    store();
    handedIn(own, event.submitter?.formAction ?? form.action);
  });
  const isSave = event => event.detail?.ctx?.sourceElement?.closest?.('.draft-saver') ?? false;
  document.addEventListener('htmx:before:request', event => {
    if (isSave(event)) askedAt = Date.now();
  });
  document.addEventListener('htmx:after:swap', event => {
    if (!isSave(event) || event.detail.ctx.response?.status !== 200) return;
    clearTimeout(timer);
    // What was typed while the answer was on its way is not saved yet.
    if (typedAt > askedAt) store();
    else drop(own);
  });

  found(mine, own).then(name => name && offer(name));
}

const read = name => {
  try {
    return JSON.parse(localStorage.getItem(name));
  } catch {
    return null;
  }
};

function drop(name) {
  try {
    localStorage.removeItem(name);
  } catch {
    // It may not be looked at.
  }
}

function handedIn(name, action) {
  try {
    sessionStorage.setItem('cwmail handed in', JSON.stringify({ name, action }));
  } catch {
    // As above.
  }
}

/** The newest of this account's that no page holds. Without locks one can only be old enough. */
async function found(mine, own) {
  const held = navigator.locks ? (await navigator.locks.query()).held.map(lock => lock.name) : null;
  const names = Object.keys(localStorage).filter(name => name.startsWith(mine) && name !== own);
  const some = [];
  for (const name of names) {
    const { at = 0 } = read(name) ?? {};
    if (held ? !held.includes(name) : Date.now() - at > 60_000) some.push({ name, at });
  }
  return some.sort((a, b) => b.at - a.at)[0]?.name;
}

/** By the server, as if its form were sent now: so it is saved, or asked about where the draft is another by now. */
function offer(name) {
  const template = document.querySelector('template[data-kept]');
  const { at, fields } = read(name);
  const value = field => fields.find(([known]) => known === field)?.[1] ?? '';
  const start = [value('subject'), value('text')].join(' ').trim();
  if (!template || start === '') return drop(name);
  const box = template.content.firstElementChild.cloneNode(true);
  const words = box.querySelector('p');
  const shown = { time: new Date(at).toLocaleString(document.documentElement.lang), start: start.slice(0, 80) };
  words.textContent = words.textContent.replace(/\{(\w+)\}/g, (_, part) => shown[part]);
  const back = box.querySelector('form');
  for (const [field, text] of fields) {
    const input = document.createElement('textarea');
    Object.assign(input, { name: field, value: text, hidden: true });
    back.append(input);
  }
  back.addEventListener('submit', () => handedIn(name, back.action));
  box.querySelector('[data-forget]').addEventListener('click', () => {
    drop(name);
    box.remove();
  });
  form.before(box);
}

/**
 * Recipients as chips, with suggestions while one types (the combobox of the ARIA practices). The field of the form
 * stays what it is without script: one line of addresses, in a hidden input; the chips only show it.
 */
const waitMs = 120;

/** The entries of a list: a comma or semicolon between quotes, or in angle brackets, ends nothing. */
function entriesOf(text) {
  const entries = [''];
  let inside = '';
  for (const sign of text) {
    if (inside === '' && /[,;\n\r\t]/.test(sign)) {
      entries.push('');
      continue;
    }
    if (sign === '"' && inside !== '<') inside = inside === '"' ? '' : '"';
    if (sign === '<' && inside === '') inside = '<';
    if (sign === '>' && inside === '<') inside = '';
    entries[entries.length - 1] += sign;
  }
  return entries.map(entry => entry.trim()).filter(Boolean);
}

const addressOf = entry => /<([^<>]*)>\s*$/.exec(entry)?.[1].trim() ?? entry.trim();
const looksRight = entry => /^[^\s@,;:<>]+@[^\s@,;:<>]+$|^"[^"]+"@\S+$/.test(addressOf(entry));
const nameOf = entry =>
  entry
    .replace(/<[^<>]*>\s*$/, '')
    .trim()
    .replace(/^"(.*)"$/, '$1')
    .replaceAll('\\"', '"') || entry;

/** The server's markup for a chip, filled. */
function makeChip(entry, wrongWords) {
  const chip = document.querySelector('#chip').content.firstElementChild.cloneNode(true);
  const [text, remove] = chip.children;
  chip.dataset.entry = entry;
  text.textContent = nameOf(entry);
  text.title = entry;
  remove.setAttribute('aria-label', remove.dataset.label.replace('{name}', nameOf(entry)));
  if (!looksRight(entry)) {
    chip.classList.add('wrong');
    text.title = `${entry}: ${wrongWords}`;
    text.setAttribute('aria-label', text.title);
  }
  return chip;
}

function setUp(row) {
  const input = row.querySelector('input');
  const field = document.createElement('input');
  field.type = 'hidden';
  field.name = input.name;
  field.value = input.value;
  const chips = document.createElement('ul');
  chips.className = 'chips';
  const box = document.createElement('div');
  box.className = 'chip-box';
  const popup = document.createElement('div');
  popup.className = 'offers';
  popup.hidden = true;
  input.replaceWith(box);
  input.removeAttribute('name');
  box.append(chips, input, field, popup);
  // Without this the list has no role where its signs are off (Safari).
  chips.setAttribute('role', 'list');

  const listId = `${input.id}-offers`;
  for (const [name, value] of Object.entries({
    role: 'combobox',
    'aria-autocomplete': 'list',
    'aria-expanded': 'false',
    'aria-controls': listId,
    autocomplete: 'off',
  }))
    input.setAttribute(name, value);
  popup.innerHTML = `<ul role="listbox" id="${listId}"></ul>`;
  popup.firstElementChild.setAttribute('aria-label', row.dataset.offers);

  const all = () => [...chips.children];
  /** The hidden field says what the chips and the unfinished text say, and the draft saver hears of it. */
  const changed = () => {
    const text = [...all().map(chip => chip.dataset.entry), input.value.trim()].filter(Boolean).join(', ');
    chips.hidden = chips.children.length === 0;
    if (text === field.value) return;
    field.value = text;
    field.dispatchEvent(new Event('input', { bubbles: true }));
  };
  const add = text => {
    const known = new Set(all().map(chip => addressOf(chip.dataset.entry).toLowerCase()));
    for (const entry of entriesOf(text)) {
      const key = addressOf(entry).toLowerCase();
      if (!known.has(key)) chips.append(makeChip(entry, row.dataset.wrong));
      known.add(key);
    }
  };
  const isNew = text => {
    const known = new Set(all().map(chip => addressOf(chip.dataset.entry).toLowerCase()));
    return entriesOf(text).some(entry => !known.has(addressOf(entry).toLowerCase()));
  };
  /** What was typed becomes a chip. */
  const finish = () => {
    if (input.value.trim() === '') return false;
    add(input.value);
    input.value = '';
    close();
    changed();
    return true;
  };
  const edit = chip => {
    finish();
    input.value = chip.dataset.entry;
    chip.remove();
    changed();
    input.focus();
  };
  const remove = chip => {
    const beside = chip.nextElementSibling ?? chip.previousElementSibling;
    chip.remove();
    changed();
    (beside?.querySelector('.chip-remove') ?? input).focus();
  };

  let timer = null;
  let asking = null;
  let active = -1;
  const options = () => [...popup.querySelectorAll('[role=option]')];
  const close = () => {
    clearTimeout(timer);
    asking?.abort();
    popup.hidden = true;
    active = -1;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  };
  const activate = at => {
    const some = options();
    active = some.length === 0 ? -1 : (at + some.length) % some.length;
    for (const [i, option] of some.entries()) option.setAttribute('aria-selected', String(i === active));
    if (active < 0) return input.removeAttribute('aria-activedescendant');
    input.setAttribute('aria-activedescendant', some[active].id);
    some[active].scrollIntoView({ block: 'nearest' });
  };
  const choose = option => {
    input.value = '';
    add(option.dataset.value);
    close();
    changed();
    input.focus();
  };
  const ask = async () => {
    const typed = input.value.trim();
    if (typed === '') return close();
    asking?.abort();
    asking = new AbortController();
    try {
      const query = new URLSearchParams({ q: typed, list: listId });
      const answer = await fetch(`${row.dataset.peopleHref}?${query}`, { signal: asking.signal });
      // Signed out meanwhile: the answer is another page.
      if (!answer.ok || answer.redirected || input.value.trim() !== typed) return;
      popup.innerHTML = await answer.text();
    } catch {
      return;
    }
    // Who has the letter already is not offered again.
    for (const option of options()) if (!isNew(option.dataset.value)) option.remove();
    const some = options();
    if (some.length === 0 || document.activeElement !== input) return close();
    popup.hidden = false;
    input.setAttribute('aria-expanded', 'true');
    activate(0);
    const place = document.querySelector('#announce');
    if (place) place.textContent = popup.firstElementChild.dataset.said;
  };

  input.addEventListener('input', () => {
    if (/[,;]\s*$/.test(input.value) && entriesOf(`${input.value}x`).length > 1) return finish();
    changed();
    clearTimeout(timer);
    timer = setTimeout(ask, waitMs);
  });
  input.addEventListener('paste', event => {
    const text = event.clipboardData?.getData('text') ?? '';
    if (!/[,;\n]/.test(text.trim())) return;
    event.preventDefault();
    input.setRangeText(text.replace(/[\r\n]+/g, ', '), input.selectionStart, input.selectionEnd, 'end');
    finish();
  });
  const keys = {
    ArrowDown: () => (popup.hidden ? ask() : activate(active + 1)),
    ArrowUp: () => !popup.hidden && activate(active - 1),
    Escape: () => !popup.hidden && close(),
    Enter: () => (active >= 0 && !looksRight(input.value) ? choose(options()[active]) : finish()),
  };
  input.addEventListener('keydown', event => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Tab' && !event.shiftKey && active >= 0 && !looksRight(input.value)) {
      event.preventDefault();
      return choose(options()[active]);
    }
    const last = chips.lastElementChild;
    if (input.value === '' && last && event.key === 'Backspace') {
      event.preventDefault();
      return edit(last);
    }
    if (input.selectionEnd === 0 && last && event.key === 'ArrowLeft')
      return last.querySelector('.chip-remove').focus();
    const act = keys[event.key];
    if (!act) return;
    if (event.key !== 'Escape' || !popup.hidden) event.preventDefault();
    act();
  });
  input.addEventListener('blur', () => {
    close();
    finish();
  });
  // A press would take the focus from the field, and close the list before it is a click.
  popup.addEventListener('mousedown', event => event.preventDefault());
  popup.addEventListener('click', event => {
    const option = event.target.closest('[role=option]');
    if (option) choose(option);
  });
  chips.addEventListener('click', event => {
    const chip = event.target.closest('.chip');
    if (!chip) return;
    if (event.target.closest('.chip-remove')) remove(chip);
    else edit(chip);
  });
  chips.addEventListener('keydown', event => {
    const chip = event.target.closest('.chip');
    const to = { ArrowLeft: chip.previousElementSibling, ArrowRight: chip.nextElementSibling ?? input }[event.key];
    if (to) (to.querySelector?.('.chip-remove') ?? to).focus();
    else if (event.key === 'Backspace' || event.key === 'Delete') remove(chip);
    else return;
    event.preventDefault();
  });
  box.addEventListener('click', event => {
    if (event.target === box || event.target === chips) input.focus();
  });
  add(input.value);
  input.value = '';
  changed();
  // A field that is put elsewhere loses the focus, and what autofocus wished.
  if (input.autofocus && document.activeElement === document.body) input.focus();
}

for (const row of document.querySelectorAll('.compose-row[data-people-href]')) setUp(row);

/* The signature goes with the address one writes as */

for (const choice of document.querySelectorAll('[data-author]'))
  choice.addEventListener('change', () => {
    const { form } = choice;
    const signatureOf = address => {
      const { signature = '' } = [...choice.options].find(option => option.value === address)?.dataset ?? {};
      return signature === '' ? '' : `-- \n${signature}`;
    };
    const [before, after] = [signatureOf(form.elements.signed.value), signatureOf(choice.value)];
    const text = form.elements.text;
    const at = before === '' ? -1 : text.value.lastIndexOf(before);
    const end = at + before.length;
    if (at >= 0 && (text.value[end] ?? '\n') === '\n') text.setRangeText(after, at, end);
    else if (before === '' && after !== '') text.setRangeText(`\n\n${after}\n`, ...placeOf(text.value));
    form.elements.signed.value = choice.value;
    text.dispatchEvent(new Event('input', { bubbles: true }));
  });

/** Above what is quoted, with the line that says whose words they are; else at the end. */
function placeOf(text) {
  const at = /(?:^|\n)[^\n]+\n> ?/.exec(text)?.index ?? text.length;
  return [at, at];
}

/* How many get it, and who of them is not of the house */

for (const line of document.querySelectorAll('.crowd[data-crowd]')) {
  const { form } = document.querySelector('.compose-form [name=subject]');
  const domainOf = address => address.slice(address.lastIndexOf('@') + 1).toLowerCase();
  const tell = () => {
    const people = ['to', 'cc', 'bcc']
      .flatMap(name => entriesOf(form.elements[name]?.value ?? ''))
      .map(addressOf)
      .filter(address => address.includes('@'));
    const { domain, least, named, crowd, outside } = line.dataset;
    const others = people.filter(address => domainOf(address) !== domain);
    const told = [];
    if (people.length >= Number(least)) told.push(crowd.replace('{n}', String(people.length)));
    if (others.length > 0 && others.length < people.length) {
      const some = others.slice(0, Number(named)).join(', ') + (others.length > Number(named) ? ', …' : '');
      told.push(outside.replace('{who}', some));
    }
    line.hidden = told.length === 0;
    const words = line.querySelector('span');
    if (words.textContent !== told.join(' ')) words.textContent = told.join(' ');
  };
  form.addEventListener('input', event => ['to', 'cc', 'bcc'].includes(event.target.name) && tell());
}

/* From the subject Enter goes on to the text, as in a letter */

for (const subject of document.querySelectorAll('.compose-form input[name=subject]'))
  subject.addEventListener('keydown', event => {
    if (event.key !== 'Enter' || event.isComposing || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    subject.form.elements.text.focus();
  });

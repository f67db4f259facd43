import type { Card, Cards } from '../card.ts';
import { escaped } from '../content-lines.ts';
import { cleanedNote, finished } from './finish.ts';

const mostColumns = 200;
/** Twice what an address book holds: what is behind is not even looked at. */
const mostRows = 20_000;

/** A table with a head, as Google, Outlook and most others write it. Columns are known by name; addresses by their look. */
export function readTable(text: string): Cards {
  const [head, ...body] = rowsOf(text);
  if (!head) return { cards: [], left: 0 };
  const columns = head.map(name => name.trim().toLowerCase());
  const full = body.filter(row => row.some(cell => cell.trim() !== ''));
  const cards = full.map(row => cardOf(columns, row)).filter(card => card !== null);
  return { cards, left: full.length - cards.length };
}

function cardOf(columns: string[], row: string[]): Card | null {
  const cell = (...names: string[]): string => {
    for (const name of names) {
      const value = (row[columns.indexOf(name)] ?? '').trim();
      if (value !== '') return value;
    }
    return '';
  };
  const parts = [
    cell('first name', 'given name', 'vorname'),
    cell('middle name', 'additional name'),
    cell('last name', 'family name', 'nachname'),
  ];
  const organisation = cell('organization name', 'company', 'organization 1 - name', 'firma');
  const phones = columns.flatMap((name, i) =>
    /phone|telefon|mobil/.test(name) && !/type|label/.test(name) ? [(row[i] ?? '').trim()] : [],
  );
  return finished({
    uid: null,
    name: cell('name', 'display name', 'file as', 'anzeigename') || parts.filter(Boolean).join(' ') || organisation,
    addresses: addressesOf(columns, row),
    note: cleanedNote(cell('notes', 'note', 'notizen')),
    groups: cell('labels', 'group membership', 'categories', 'kategorien')
      .split(/ ::: |;/)
      .map(g => g.trim().replace(/^\* ?/, ''))
      .filter(g => g !== '' && !/^my ?contacts$/i.test(g)),
    kept: [
      ...phones
        .filter(Boolean)
        .slice(0, 20)
        .map(phone => `TEL:${escaped(phone).slice(0, 100)}`),
      ...(organisation === '' ? [] : [`ORG:${escaped(organisation).slice(0, 500)}`]),
    ],
  });
}

/** Google puts several addresses into one cell, with ` ::: ` between; other programs' columns are called anything. */
function addressesOf(columns: string[], row: string[]): Card['addresses'] {
  return row.flatMap((cell, i) => {
    if (!cell.includes('@') || /note|notiz|web|url|display name/.test(columns[i] ?? '')) return [];
    const label = (row[columns.indexOf((columns[i] ?? '').replace(/ - value$/, ' - label'))] ?? '').trim();
    const known = /home|work/i.exec(label === cell.trim() ? '' : label)?.[0].toLowerCase() ?? '';
    return cell
      .split(/ ::: |[,;\s]+/)
      .filter(piece => piece.includes('@'))
      .map(address => ({ label: known, address }));
  });
}

/** RFC 4180, with the comma, semicolon or tab that the head has most of. */
function rowsOf(text: string): string[][] {
  const head = text.slice(0, 5_000).split(/[\r\n]/, 1)[0] ?? '';
  const sign = [',', ';', '\t'].sort((a, b) => head.split(b).length - head.split(a).length)[0]!;
  const rows: string[][] = [];
  let row: string[] = [];
  for (let at = 0; at < text.length && rows.length < mostRows; ) {
    const cell = text[at] === '"' ? quotedCell(text, at) : plainCell(text, at, sign);
    if (row.length < mostColumns) row.push(cell.value);
    at = cell.end;
    if (text[at] === sign) {
      at++;
      if (at < text.length) continue;
    }
    if (text[at] === '\r' && text[at + 1] === '\n') at++;
    at++;
    rows.push(row);
    row = [];
  }
  return rows;
}

function plainCell(text: string, from: number, sign: string): { value: string; end: number } {
  let end = from;
  while (end < text.length && text[end] !== sign && text[end] !== '\n' && text[end] !== '\r') end++;
  return { value: text.slice(from, end), end };
}

/** What stands between the closing quote and the next sign belongs to nobody, and would never end: it is a cell that goes on. */
function quotedCell(text: string, from: number): { value: string; end: number } {
  const pieces: string[] = [];
  let at = from + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return { value: pieces.join('') + text.slice(at), end: text.length };
    pieces.push(text.slice(at, quote));
    if (text[quote + 1] !== '"') {
      const end = /[,;\t\r\n]|$/g;
      end.lastIndex = quote + 1;
      return { value: pieces.join(''), end: end.exec(text)?.index ?? text.length };
    }
    pieces.push('"');
    at = quote + 2;
  }
}

import { parseAddress } from '../address.ts';
import type { Card, Cards } from '../card.ts';
import { escaped } from '../content-lines.ts';
import { cleaned, cleanedNote, finished } from './finish.ts';

const mostColumns = 200;
/** Twice what an address book holds: what is behind is not even looked at. */
const mostRows = 20_000;
/** UTF-16 units of what a column, or the kind of an address, is called: each row would read more of it again. */
const longestTitle = 100;

type Column = {
  name: string;
  isPhone: boolean;
  mayBeAddress: boolean;
  /** Columns that say what kind of address stands in this one; -1: there is none. */
  kinds: number[];
};
/** `at`: where a column of that name is. */
type Head = { columns: Column[]; at: Map<string, number> };

/**
 * A table as Gmail, Outlook, Thunderbird and most others write it. Columns are known by the names that these give them in
 * English and German, addresses by their look; what has no head is read by looks alone.
 */
export function readTable(text: string): Omit<Cards, 'over'> {
  const rows = rowsOf(text.replace(/^sep=.\r?\n/i, ''));
  const isHeadless = rows[0]?.some(isAddress) ?? false;
  const head = isHeadless ? [] : (rows[0] ?? []);
  const known = headOf(head);
  const cards: Card[] = [];
  const unaddressed: number[] = [];
  for (const [at, row] of rows.entries()) {
    if ((at === 0 && !isHeadless) || row.every(cell => cell.trim() === '')) continue;
    const card = finished(cardOf(known, row));
    if (card && card.addresses.length > 0) cards.push(card);
    else unaddressed.push(at + 1);
  }
  return { cards, left: unaddressed.length, unaddressed, columns: head.map(cleaned).filter(name => name !== '') };
}

const isAddress = (cell: string): boolean => parseAddress(cell.trim()) !== null;

function headOf(cells: string[]): Head {
  const names = cells.map(name => name.trim().slice(0, longestTitle).toLowerCase());
  const columns = names.map(name => ({
    name,
    isPhone: PHONE.test(name),
    mayBeAddress: !OTHERWISE.test(name),
    kinds: [' - label', ' - type'].map(what => names.indexOf(name.replace(/ - value$/, what))),
  }));
  return { columns, at: new Map(names.map((name, i): [string, number] => [name, i]).reverse()) };
}

function cardOf({ columns, at }: Head, row: string[]): Card {
  const cell = (...names: string[]): string => {
    for (const name of names) {
      const value = (row[at.get(name) ?? -1] ?? '').trim();
      if (value !== '') return value;
    }
    return '';
  };
  const parts = [
    cell('first name', 'given name', 'first', 'vorname'),
    cell('middle name', 'additional name', 'weitere vornamen', 'zweiter vorname'),
    cell('last name', 'family name', 'surname', 'last', 'nachname', 'familienname'),
  ].filter(part => part !== '');
  const whole = cell('name', 'display name', 'full name', 'file as', 'anzeigename', 'vollständiger name');
  const nick = cell('nickname', 'nick name', 'spitzname');
  const organisation = cell(
    ...['organization name', 'company', 'company name', 'organization 1 - name', 'organization', 'organisation'],
    ...['firma', 'unternehmen'],
  );
  const phones = columns.flatMap(({ isPhone }, i) => (isPhone ? [(row[i] ?? '').trim()] : []));
  return {
    uid: null,
    name: whole || parts.join(' ') || nick || organisation || (columns.length === 0 ? firstWords(row) : ''),
    addresses: addressesOf(columns, row),
    note: cleanedNote(cell('notes', 'note', 'notizen', 'notiz', 'bemerkungen')),
    groups: cell('labels', 'group membership', 'groups', 'categories', 'kategorien', 'gruppen')
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
  };
}

const firstWords = (row: string[]): string => row.find(cell => /\p{L}/u.test(cell) && !cell.includes('@')) ?? '';

/** "Phone 1 - Value", "Mobile Number", "Tel. dienstlich", "Mobil-Tel.-Nr."; not what kind of one it is. */
const PHONE = /^(?!.*(?:type|label|typ$))(?:.*(?:phone|telefon)|mobil|tel\.|handy)/;
/** Columns that may hold an @ and no address to write to. */
const OTHERWISE =
  /note|notiz|bemerk|web|url|display name|anzeigename|angezeigter|\bim\b|instant|messenger|screen name|chat/;

/** Google puts several addresses into one cell, with ` ::: ` between; other programs' columns are called anything. */
function addressesOf(columns: Column[], row: string[]): Card['addresses'] {
  return row.flatMap((cell, i) => {
    const column = columns[i];
    if (!cell.includes('@') || column?.mayBeAddress === false) return [];
    const beside = column?.kinds.map(kind => row[kind] ?? '').find(one => one.trim() !== '' && one !== cell);
    const label = kindOf(beside?.slice(0, longestTitle) ?? column?.name ?? '');
    return cell
      .split(/ ::: |[,;\s]+/)
      .map(piece => piece.replace(/^<|>$/g, ''))
      .filter(piece => piece.includes('@'))
      .map(address => ({ label, address }));
  });
}

/** "Email (home)", "E-Mail geschäftlich": as a label of an address. */
const kindOf = (label: string): string =>
  /home|privat/i.test(label) ? 'home' : /work|business|dienst|geschäft/i.test(label) ? 'work' : '';

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

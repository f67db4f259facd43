import { addressKey, parseAddress } from '../address.ts';
import type { Guest, Status } from '../calendar.ts';
import { type Property, properties, unescaped } from '../content-lines.ts';
import { cleanText } from '../header.ts';

/** A property, with its value for people. */
export type Line = Pick<Property, 'name' | 'params' | 'value'> & { text: string };

/** The properties of a component by name; those inside of it (alarms) are left out. */
export type Component = Map<string, Line[]>;
/** A zone, and what holds in it from when on. */
export type ZoneComponent = { of: Component; observances: Component[] };

export type Calendar = { /** Upper case; empty: none. */ method: string; events: Component[]; zones: ZoneComponent[] };

const MOST_EVENTS = 100;
const MOST_ZONES = 50;
const MOST_OBSERVANCES = 50;
const MOST_LINES = 20_000;
const MOST_OF_A_NAME = 1_000;
const DEEPEST = 8;

export function readCalendar(text: string): Calendar {
  const calendar: Calendar = { method: '', events: [], zones: [] };
  const open: { name: string; component: Component }[] = [];
  let count = 0;
  for (const property of properties(text)) {
    if (++count > MOST_LINES) break;
    const name = property.value.trim().toUpperCase();
    if (property.name === 'BEGIN') {
      if (open.length < DEEPEST) open.push({ name, component: begun(calendar, name, open.at(-1)?.name ?? '') });
    } else if (property.name === 'END') {
      // What is ended by another name than the innermost has forgotten an end.
      const at = open.findLastIndex(c => c.name === name);
      if (at >= 0) open.length = at;
    } else keep(calendar, open.at(-1), property);
  }
  return calendar;
}

function begun(calendar: Calendar, name: string, around: string): Component {
  const component: Component = new Map();
  if (name === 'VEVENT' && calendar.events.length < MOST_EVENTS) calendar.events.push(component);
  if (name === 'VTIMEZONE' && calendar.zones.length < MOST_ZONES)
    calendar.zones.push({ of: component, observances: [] });
  const zone = around === 'VTIMEZONE' ? calendar.zones.at(-1) : undefined;
  if ((name === 'STANDARD' || name === 'DAYLIGHT') && zone && zone.observances.length < MOST_OBSERVANCES)
    zone.observances.push(component);
  return component;
}

function keep(calendar: Calendar, open: { name: string; component: Component } | undefined, p: Property): void {
  if (!open) return;
  if (open.name === 'VCALENDAR' && p.name === 'METHOD') calendar.method ||= p.value.trim().toUpperCase();
  const lines = open.component.get(p.name) ?? [];
  if (lines.length >= MOST_OF_A_NAME) return;
  lines.push({ name: p.name, params: p.params, value: p.value, text: unescaped(p.value) });
  open.component.set(p.name, lines);
}

export const firstOf = (component: Component, name: string): Line | null => component.get(name)?.[0] ?? null;

export const paramOf = ({ params }: Line, name: string): string => params.find(([known]) => known === name)?.[1] ?? '';

const STATUSES = new Set<Status>(['accepted', 'declined', 'tentative', 'delegated']);

/** RFC 5545 §3.3.3: a person is a `mailto:`; other addresses nobody can write to. */
export function personOf(line: Line): Guest {
  const status = paramOf(line, 'PARTSTAT').toLowerCase() as Status;
  return {
    name: cleanText(paramOf(line, 'CN').slice(0, 200)).trim(),
    address: mailAddress(line.value) || mailAddress(paramOf(line, 'EMAIL')),
    status: STATUSES.has(status) ? status : 'needs-action',
    optional: /^(?:opt|non)-participant$/i.test(paramOf(line, 'ROLE')),
  };
}

function mailAddress(value: string): string {
  const bare = value
    .trim()
    .slice(0, 400)
    .replace(/^mailto:/i, '')
    .replace(/\?.*$/, '');
  const address = decoded(bare);
  return parseAddress(address) ? addressKey(address) : '';
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

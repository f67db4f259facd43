/**
 * Whether what a message invites to was changed or cancelled by a later message; search knows them by the event's UID.
 * Every guest knows that, and who the organiser is: only who sent the invitation, or the organiser, is believed.
 */
import { addressKey } from '../daemon/mail/address.ts';
import type { CalendarEvent } from '../daemon/mail/calendar.ts';
import type { Message } from '../daemon/store.ts';
import type { InvitationCard } from '../views/invitation.ts';
import { folderPath, type Screen } from '../views/layout.ts';
import type { Bodies } from './bodies.ts';
import { eventOf } from './invitation.ts';
import { findPage } from './lists.ts';
import type { Site } from './site.ts';

/** Of so many messages that name the event, the newest, */
const mostFound = 50;
/** so many that may be believed are looked into. */
const mostLooked = 10;
const longestUid = 300;

export async function overtakenBy(
  site: Site,
  s: Screen,
  bodies: Bodies,
  m: Message,
  event: CalendarEvent,
): Promise<InvitationCard['later']> {
  if (event.method !== 'request' || event.cancelled || event.uid === '') return null;
  const named = `"${event.uid.slice(0, longestUid).replaceAll('"', ' ')}"`;
  const { messages } = await findPage(site, s, named, null, mostFound);
  const believed = messages.filter(o => o.id > m.id && isBelieved(o, m, event));
  for (const other of believed.slice(0, mostLooked)) {
    const folder = s.folders.find(f => f.id === other.folderId);
    if (!folder || folder.role === 'junk') continue;
    const later = await eventOf(bodies, await bodies.content(other));
    if (later && isChangeOf(later, event))
      return { cancelled: later.cancelled, path: `${folderPath(folder)}/${other.id}` };
  }
  return null;
}

/** Calendars send their changes from where they sent the invitation, which need not be the organiser's address. */
function isBelieved(later: Message, m: Message, { organizer }: CalendarEvent): boolean {
  if (later.fromAddress === '') return false;
  const from = addressKey(later.fromAddress);
  return from === addressKey(m.fromAddress) || from === organizer?.address;
}

/** Who invites raises the number with each change (RFC 5546 §2.1.4); not all do. */
function isChangeOf(later: CalendarEvent, event: CalendarEvent): boolean {
  if (later.uid !== event.uid || later.organizer?.address !== event.organizer?.address) return false;
  if (later.recurrence !== event.recurrence || later.sequence < event.sequence) return false;
  if (later.cancelled) return true;
  const isMoved = later.start?.at !== event.start?.at || later.start?.wall !== event.start?.wall;
  return later.method === 'request' && (later.sequence > event.sequence || isMoved);
}

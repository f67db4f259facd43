/** Whether what a message invites to was changed or cancelled by a later message; search knows them by the event's UID. */
import type { CalendarEvent } from '../daemon/mail/calendar.ts';
import type { Message } from '../daemon/store.ts';
import type { InvitationCard } from '../views/invitation.ts';
import { folderPath, type Screen } from '../views/layout.ts';
import type { Bodies } from './bodies.ts';
import { eventOf } from './invitation.ts';
import { findPage } from './lists.ts';
import type { Site } from './site.ts';

/** Of so many messages that name the event, the newest, each is looked into. */
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
  const { messages } = await findPage(site, s, named, null, mostLooked);
  for (const other of messages.filter(o => o.id > m.id)) {
    const folder = s.folders.find(f => f.id === other.folderId);
    if (!folder || folder.role === 'junk') continue;
    const later = await eventOf(bodies, await bodies.content(other));
    if (later && isChangeOf(later, event))
      return { cancelled: later.cancelled, path: `${folderPath(folder)}/${other.id}` };
  }
  return null;
}

/** Who invites raises the number with each change (RFC 5546 §2.1.4); not all do. */
function isChangeOf(later: CalendarEvent, event: CalendarEvent): boolean {
  if (later.uid !== event.uid || later.organizer?.address !== event.organizer?.address) return false;
  if (later.recurrence !== event.recurrence || later.sequence < event.sequence) return false;
  if (later.cancelled) return true;
  const isMoved = later.start?.at !== event.start?.at || later.start?.wall !== event.start?.wall;
  return later.method === 'request' && (later.sequence > event.sequence || isMoved);
}

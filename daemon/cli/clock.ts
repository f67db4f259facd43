import type { Settings } from '../config.ts';

/** A machine that lost its clock begins in 1970 or 2000, long before there was this program. */
const earliest = Date.UTC(2026, 0, 1);

/** What is odd about the time that mail would be dated with; null: nothing. */
export function clockProblem(settings: Settings): string | null {
  if (Date.now() < earliest)
    return `the clock of this machine says ${new Date().toISOString()}: mail would be dated with it`;
  if (settings.timezone !== '') return null;
  const asked = process.env.TZ?.replace(/^:/, '');
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone as string | undefined;
  const isKnown = zone !== undefined && zone !== 'Etc/Unknown';
  // Rules such as CET-1CEST are taken for UTC without a word.
  const isMeant = !asked || zone !== 'UTC' || /^(etc\/)?(utc|uct|gmt|zulu|universal|greenwich)/i.test(asked);
  if (isKnown && isMeant) return null;
  const whose = asked ? `TZ is "${asked}", which names no zone` : 'the zone of this machine is not known';
  return `${whose}: mail would be dated in UTC; the setting timezone takes a name such as Europe/Berlin`;
}

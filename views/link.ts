/**
 * Where a link in a mail may lead: an absolute http, https or mailto address, spelled as the browser will read it.
 * Nothing relative (that would be a page of ours) and no user name before the host (it only serves to mislead).
 */
const OUTWARD = new Set(['http:', 'https:', 'mailto:']);

/** The new page gets neither our window nor our address, and search engines are told nothing. */
export const outwardLink = { target: '_blank', rel: 'noopener noreferrer nofollow' };

/** null: no such address, or one that may not be followed. */
export function outwardUrl(text: string): string | null {
  const url = URL.parse(text);
  if (!url || !OUTWARD.has(url.protocol)) return null;
  url.username = '';
  url.password = '';
  return url.href;
}

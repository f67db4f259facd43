import { html } from 'hono/html';
import { hostsIn, sameHost, strangeHost } from '../../daemon/mail/lookalike.ts';

/** UTF-16 units of a link's words that are looked at. */
const LONGEST = 2_000;

/**
 * Says behind a link where it leads, when its words name another host, or when the host's name is one to be taken for
 * another. It works on what `clean` made, where each `<` begins a tag. `leads` makes the words for a host.
 */
export function nameTargets(safe: string, leads: (host: string) => string): string {
  const out: string[] = [];
  let from = 0;
  let open: { host: string; at: number } | null = null;
  for (const tag of safe.matchAll(/<(\/?)a\b([^<>]*)>/g)) {
    const end = tag.index + tag[0].length;
    if (tag[1] === '') open = hostOf(tag[2]!, end);
    else if (open) {
      if (misleads(safe.slice(open.at, Math.min(tag.index, open.at + LONGEST)), open.host)) {
        out.push(safe.slice(from, end), String(html` <small class="cw-leads">${leads(open.host)}</small>`));
        from = end;
      }
      open = null;
    }
  }
  return from === 0 ? safe : out.join('') + safe.slice(from);
}

function hostOf(attributes: string, at: number): { host: string; at: number } | null {
  const href = / href="(https?:[^"]*)"/.exec(attributes)?.[1];
  const host = href === undefined ? '' : (URL.parse(href.replaceAll('&amp;', '&'))?.hostname ?? '');
  return host === '' ? null : { host, at };
}

function misleads(markup: string, host: string): boolean {
  if (strangeHost(host)) return true;
  const words = markup.replace(/<[^<>]*>/g, '').replaceAll('&amp;', '&');
  return hostsIn(words).some(named => !sameHost(named, host));
}

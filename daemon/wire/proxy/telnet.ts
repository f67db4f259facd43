import { createLineReader } from '../lines.ts';
import { type Destination, failed, type Handshake, type Step, wait, worded } from './handshake.ts';

/** Most octets a proxy may say before the destination's greeting: banners, prompts, an echo. */
const mostSaid = 16 * 1024;
const longestLine = 2000;

/**
 * The original's `proxy_domain`: a line is sent to the telnet port of a proxy, and what follows is read until the
 * first line that begins with 220. That line is the destination's greeting, and is given back with what follows it.
 */
export function telnet(to: Destination, request: string): Handshake {
  const lines = createLineReader({ limit: longestLine, ending: 'lf' });
  let said = 0;
  let last = '';

  function read(): Step {
    for (let line = lines.next(); line; line = lines.next()) {
      const octets = line.kind === 'line' ? withoutOptions(line.bytes) : Buffer.alloc(0);
      const text = octets.toString('latin1');
      if (text.startsWith('220'))
        return { kind: 'open', rest: Buffer.concat([octets, Buffer.from('\r\n'), lines.rest()]) };
      if (text.trim() !== '') last = worded(text);
      // The destination's own refusal; waiting for a greeting behind it would only cost time.
      if (/^[45]\d\d[ -]/.test(text)) return failed('unreachable', `says: ${last}`);
    }
    return said > mostSaid ? failed('proxy', `goes on without a greeting: ${last}`) : wait;
  }

  return {
    opening: Buffer.from(`${filled(request, to)}\r\n`, 'latin1'),
    hear(octets) {
      said += octets.length;
      lines.feed(octets);
      return read();
    },
    hungUp: () => failed('unreachable', last === '' ? 'hung up without a word' : `hung up; it said: ${last}`),
  };
}

/** `$IP`, `$HOST` and `$PORT`; an address has no letters that could end the line, and a name is held to a host's. */
function filled(request: string, { name, address, port }: Destination): string {
  if (!/^[\w.:-]+$/.test(name)) throw new TypeError(`no host name: ${worded(name)}`);
  const values: Record<string, string> = { $IP: address ?? name, $HOST: name, $PORT: String(port) };
  return request.replace(/\$(?:IP|HOST|PORT)/g, macro => values[macro] ?? macro);
}

/** Telnet's option negotiation (RFC 854), which a telnet port may begin with; unanswered, all options stay off. */
const withoutOptions = (line: Buffer): Buffer =>
  line.includes(255) ? Buffer.from(line.toString('latin1').replace(/\xff[\xfb-\xfe][\s\S]/g, ''), 'latin1') : line;

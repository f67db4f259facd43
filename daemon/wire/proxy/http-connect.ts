import { isIP } from 'node:net';
import { type Destination, failed, type Handshake, type Step, wait, worded } from './handshake.ts';
import type { Login } from './socks5.ts';

/** Most octets of an answer's head; proxies that show an error page show it behind the head. */
const mostHead = 16 * 1024;

/** HTTP CONNECT (RFC 9110 §9.3.6), with Basic credentials (RFC 7617). */
export function httpConnect(to: Destination, login: Login | null): Handshake {
  let heard = Buffer.alloc(0);

  /** An interim answer (1xx) is passed over (RFC 9110 §15.2). */
  function read(): Step {
    for (;;) {
      const end = endOfHead(heard);
      if (end === null) return heard.length > mostHead ? failed('proxy', 'answers without end') : wait;
      const line = heard.toString('latin1', 0, Math.min(end, 300)).split(/\r?\n/, 1)[0] ?? '';
      heard = heard.subarray(end);
      const code = Number(/^HTTP\/1\.\d (\d{3})(?: |$)/.exec(line)?.[1]);
      if (Number.isNaN(code)) return failed('proxy', `speaks no HTTP: ${worded(line)}`);
      if (code >= 200) return answered(code, line);
    }
  }

  function answered(code: number, line: string): Step {
    if (code < 300) return { kind: 'open', rest: heard };
    // 401 is meant for origins, but before a tunnel stands only the proxy can say it, and tinyproxy does.
    if (code === 407 || code === 401)
      return failed('proxy', login ? `refuses our user and password (${code})` : `wants a user and password (${code})`);
    return failed(code === 504 ? 'timeout' : 'unreachable', `says: ${worded(line)}`);
  }

  return {
    opening: request(to, login),
    hear(octets) {
      heard = Buffer.concat([heard, octets]);
      // Nonsense is known by its first octets; only an answer may go on to its bound.
      if (heard.length > 0 && !'HTTP/1.'.startsWith(heard.toString('latin1', 0, Math.min(heard.length, 7))))
        return failed('proxy', `speaks no HTTP: ${worded(heard.toString('latin1', 0, 60))}`);
      return read();
    },
    hungUp: () => failed('proxy', 'hung up before it had answered'),
  };
}

/** Offset behind the empty line; a bare LF ends a line too (RFC 9112 §2.2). */
function endOfHead(octets: Buffer): number | null {
  const head = octets.subarray(0, mostHead).toString('latin1');
  const found = /\r?\n\r?\n/.exec(head);
  return found ? found.index + found[0].length : null;
}

/** The name comes from DNS or a settings line and is written as it stands, so it may hold nothing but a host's letters. */
function request({ name, address, port }: Destination, login: Login | null): Buffer {
  const host = address ?? name;
  if (!isIP(host) && !/^[\w.-]+$/.test(host)) throw new TypeError(`no host name: ${worded(host)}`);
  const where = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  const basic = login ? Buffer.from(`${login.user}:${login.password}`, 'utf8').toString('base64') : null;
  const lines = [`CONNECT ${where} HTTP/1.1`, `Host: ${where}`];
  if (basic !== null) lines.push(`Proxy-Authorization: Basic ${basic}`);
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

import { isIP } from 'node:net';
import type { DialFailure } from '../dial.ts';
import { addressOctets } from '../ip.ts';
import { type Destination, failed, type Handshake, type Step, wait } from './handshake.ts';

/** Octets, each from 1 to 255 of them (RFC 1929 §2). */
export type Login = { user: string; password: string };

const noLogin = 0;
const byPassword = 2;

/** SOCKS version 5 (RFC 1928), with user and password (RFC 1929) where the proxy wants them. */
export function socks5(to: Destination, login: Login | null): Handshake {
  if (to.address === null && !(to.name.length > 0 && Buffer.byteLength(to.name) <= 255))
    throw new TypeError('no host name: its length has no place in SOCKS5');
  let state: 'method' | 'login' | 'answer' = 'method';
  let heard = Buffer.alloc(0);

  const take = (count: number): Buffer => {
    const taken = heard.subarray(0, count);
    heard = heard.subarray(count);
    return taken;
  };

  function chooseMethod(): Step {
    const [version, method] = take(2);
    if (version !== 5) return failed('proxy', 'speaks no SOCKS5');
    if (method === byPassword && login) {
      state = 'login';
      return { kind: 'send', bytes: Buffer.concat([Buffer.from([1]), counted(login.user), counted(login.password)]) };
    }
    if (method !== noLogin)
      return failed('proxy', login ? 'takes neither our password nor none' : 'wants a user and password');
    return ask();
  }

  function takeLogin(): Step {
    return take(2)[1] === 0 ? ask() : failed('proxy', 'refuses our user and password');
  }

  function ask(): Step {
    state = 'answer';
    const port = Buffer.from([to.port >> 8, to.port & 255]);
    return { kind: 'send', bytes: Buffer.concat([Buffer.from([5, 1, 0]), target(to), port]) };
  }

  /** The bound address in the answer is of no use to us, but it must be passed over to its last octet. */
  function takeAnswer(): Step {
    const [version = 0, code = 1, , type = 0] = heard;
    if (version !== 5) return failed('proxy', 'answered something that is no SOCKS5');
    if (code !== 0) return failed(...(refusals[code] ?? (['proxy', `refuses with code ${code}`] as const)));
    if (type !== 1 && type !== 3 && type !== 4) return failed('proxy', 'answered something that is no SOCKS5');
    if (type === 3 && heard.length < 5) return wait;
    const length = type === 1 ? 4 : type === 4 ? 16 : 1 + (heard[4] ?? 0);
    if (heard.length < 4 + length + 2) return wait;
    take(4 + length + 2);
    return { kind: 'open', rest: heard };
  }

  return {
    opening: Buffer.from(login ? [5, 2, noLogin, byPassword] : [5, 1, noLogin]),
    hear(octets) {
      heard = Buffer.concat([heard, octets]);
      if (state === 'answer') return heard.length < 4 ? wait : takeAnswer();
      if (heard.length < 2) return wait;
      return state === 'method' ? chooseMethod() : takeLogin();
    },
    // RFC 1928 §3, §6: a proxy hangs up after it refused, and some do without saying so.
    hungUp: () => failed('proxy', state === 'answer' ? 'hung up instead of connecting' : 'hung up'),
  };
}

const counted = (text: string): Buffer => {
  const octets = Buffer.from(text, 'utf8');
  return Buffer.concat([Buffer.from([octets.length]), octets]);
};

function target({ name, address }: Destination): Buffer {
  const where = address ?? name;
  const version = isIP(where);
  if (version === 0) return Buffer.concat([Buffer.from([3]), counted(where)]);
  return Buffer.from([version === 4 ? 1 : 4, ...addressOctets(where)]);
}

/** RFC 1928 §6. Whether it is the destination's fault or the proxy's decides if another address is tried by it. */
const refusals: Record<number, readonly [DialFailure, string]> = {
  1: ['unreachable', 'could not connect (general failure)'],
  2: ['unreachable', 'may not connect there by its rules'],
  3: ['unreachable', 'says that the network is unreachable'],
  4: ['unreachable', 'says that the host is unreachable'],
  5: ['refused', 'says that the connection was refused'],
  6: ['timeout', 'got no answer'],
  7: ['proxy', 'does not know CONNECT'],
  8: ['unreachable', 'does not know this kind of address'],
};

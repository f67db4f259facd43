/**
 * One POST to an address that a stranger wrote, from which nobody may learn or reach anything of ours.
 *
 * By https to port 443 only; the name is looked up once and the connection goes to what was found, which must all be
 * hosts out on the net; no redirect is followed, no cookie sent or kept, and of the answer only its status is looked at.
 */
import { request } from 'node:https';
import { isIP } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { DialError, dial, type LocalAddresses } from './dial.ts';
import type { AddressAnswer } from './dns.ts';
import { isGlobal } from './ip.ts';

export type Posted =
  | { kind: 'done' }
  /** It answered otherwise; a redirect is no answer (RFC 8058 §3.1). */
  | { kind: 'refused'; status: number }
  /** It may not be asked: not https, another port, or no host out on the net. */
  | { kind: 'forbidden' }
  /** It could not be reached, or was too slow. */
  | { kind: 'unreachable'; why: string };

export type PostOptions = {
  addresses(host: string): Promise<AddressAnswer>;
  from?: LocalAddresses;
  /** Milliseconds for all of it. */
  timeout: number;
  /** Which addresses may be dialled, on which port; absent: those out on the net, on 443. */
  allowed?: { address(address: string): boolean; port: number };
  /** PEM to trust besides the usual certificates. */
  ca?: string;
};

/** What is not a form. */
export type Parcel = { headers: Record<string, string>; body: Uint8Array };

export async function post(address: string, form: string | Parcel, options: PostOptions): Promise<Posted> {
  const { allowed = { address: isGlobal, port: 443 }, timeout } = options;
  const url = URL.parse(address);
  const port = url?.port === '' ? 443 : Number(url?.port);
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '' || port !== allowed.port)
    return { kind: 'forbidden' };
  const deadline = AbortSignal.timeout(timeout);
  try {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const found: AddressAnswer = isIP(host) ? { kind: 'found', addresses: [host] } : await options.addresses(host);
    if (found.kind === 'later') return { kind: 'unreachable', why: found.reason };
    // One of them inside is enough: who chooses the name chooses which is dialled.
    if (found.kind === 'none' || !found.addresses.every(allowed.address)) return { kind: 'forbidden' };
    const status = await send(url, form, found.addresses, { ...options, port, deadline });
    return status >= 200 && status < 300 ? { kind: 'done' } : { kind: 'refused', status };
  } catch (error) {
    const why = deadline.aborted
      ? 'no answer in time'
      : error instanceof DialError
        ? error.message
        : (error as Error).message;
    return { kind: 'unreachable', why };
  }
}

async function send(
  url: URL,
  form: string | Parcel,
  addresses: string[],
  { port, deadline, ...options }: PostOptions & { port: number; deadline: AbortSignal },
): Promise<number> {
  const socket = await dial(addresses, port, options.timeout, options.from);
  const secure = tlsConnect({
    socket,
    ...(isIP(url.hostname) ? {} : { servername: url.hostname }),
    ...(options.ca && { ca: options.ca }),
  });
  try {
    return await new Promise<number>((resolve, reject) => {
      const { headers, body } = typeof form === 'string' ? parcelOf(form) : form;
      const asked = request(url, {
        method: 'POST',
        headers: { ...headers, 'Content-Length': body.length, Connection: 'close' },
        // Only without an agent, `false` included, is this what connects: no name is looked up a second time.
        createConnection: () => secure,
        signal: deadline,
      });
      secure.once('error', reject);
      asked.once('error', reject);
      // The body is nobody's business: closing is enough.
      asked.once('response', response => resolve(response.statusCode ?? 0));
      asked.end(body);
    });
  } finally {
    secure.on('error', () => {});
    secure.destroy();
    socket.destroy();
  }
}

const parcelOf = (form: string): Parcel => ({
  headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  body: Buffer.from(form),
});

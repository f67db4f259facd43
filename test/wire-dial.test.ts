import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DialError, dial } from '../daemon/wire/dial.ts';

let server: Server;
let port = 0;
beforeAll(async () => {
  server = createServer(socket => socket.on('error', () => {}));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  port = typeof address === 'object' && address ? address.port : 0;
});
afterAll(() => server.close());

const kind = (addresses: string[], to = port, timeout = 400) =>
  dial(addresses, to, timeout).then(
    socket => {
      const to = `connected ${socket.remoteAddress}`;
      socket.destroy();
      return to;
    },
    error => (error instanceof DialError ? error.kind : error),
  );

test('dial takes the first address that answers, in their order', async () => {
  // 192.0.2.0/24 is nobody's (RFC 5737); here it is unreachable or silent, and either must not stop the next.
  expect(await kind(['127.0.0.2', '127.0.0.1'])).toBe('connected 127.0.0.1');
  expect(await kind(['192.0.2.1', '127.0.0.1'], port, 1000)).toBe('connected 127.0.0.1');
  expect(await kind(['localhost'])).toBe('connected 127.0.0.1');
});

test('dial says what went wrong', async () => {
  expect(await kind(['127.0.0.2'])).toBe('refused');
  expect(await kind(['no.such.host.invalid'], port, 20_000)).toBe('dns');
  expect(await kind([])).toBe('dns');
});

test('dial keeps its deadline for all addresses together', async () => {
  const began = performance.now();
  expect(['timeout', 'unreachable']).toContain(await kind(['192.0.2.1', '192.0.2.2', '192.0.2.3'], port, 300));
  expect(performance.now() - began).toBeLessThan(800);
});

describe('dial goes out from the address it is given', () => {
  const from = { ipv4: '127.0.0.9', ipv6: null };
  const source = (addresses: string[], by = from, to = port) =>
    dial(addresses, to, 1000, by).then(
      socket => {
        const own = socket.localAddress;
        socket.destroy();
        return own;
      },
      error => (error as Error).message,
    );
  test('of the family of the other end, names looked up first', async () => {
    expect(await source(['127.0.0.1'])).toBe('127.0.0.9');
    expect(await source(['localhost'])).toBe('127.0.0.9');
    expect(await source(['::1', '127.0.0.1'])).toBe('127.0.0.9');
  });
  test('and says so when it is no address of this machine', async () => {
    expect(await source(['127.0.0.1'], { ipv4: '192.0.2.1', ipv6: null })).toMatch(/no such address on this machine/);
  });
});

test('dial goes on to IPv4 where IPv6 leads nowhere', async () => {
  // 2001:db8::/32 is nobody's (RFC 3849).
  expect(await kind(['2001:db8::1', '127.0.0.1'], port, 2000)).toBe('connected 127.0.0.1');
});

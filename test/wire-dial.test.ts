import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
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

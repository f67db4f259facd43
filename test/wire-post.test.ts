import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isGlobal, isLoopback } from '../daemon/wire/ip.ts';
import { post } from '../daemon/wire/post.ts';
import { localhost } from './certificate.ts';

let server: Server;
let port = 0;
let asked: { method?: string; url?: string; body: string; headers: IncomingMessage['headers'] }[] = [];
beforeAll(async () => {
  server = createServer(localhost, (request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', piece => (body += piece));
    request.on('end', () => {
      const { method, url, headers } = request;
      asked.push({ method, url, body, headers });
      if (url === '/moved') response.writeHead(302, { Location: '/elsewhere' }).end();
      else if (url === '/no') response.writeHead(404).end();
      else if (url === '/silent') return;
      else if (url === '/flood') response.writeHead(200).write(Buffer.alloc(50_000_000));
      else response.writeHead(202, { 'Set-Cookie': 'a=b' }).end('ok');
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const form = 'List-Unsubscribe=One-Click';
const found =
  (...addresses: string[]) =>
  async () => ({ kind: 'found' as const, addresses });
const here = (path: string, more = {}) =>
  post(`https://localhost:${port}${path}`, form, {
    addresses: found('127.0.0.1'),
    timeout: 5_000,
    allowed: { address: isLoopback, port },
    ca: localhost.cert,
    ...more,
  });

describe('post', () => {
  test('sends the form once, and nothing that tells of us', async () => {
    asked = [];
    expect(await here('/leave?id=1')).toEqual({ kind: 'done' });
    expect(asked).toMatchObject([{ method: 'POST', url: '/leave?id=1', body: form }]);
    const { headers } = asked[0]!;
    expect(Object.keys(headers).sort()).toEqual(['connection', 'content-length', 'content-type', 'host']);
    expect(headers['content-type']).toBe('application/x-www-form-urlencoded');
  });

  test('follows no redirect, and takes no other answer for a yes', async () => {
    asked = [];
    expect(await here('/moved')).toEqual({ kind: 'refused', status: 302 });
    expect(await here('/no')).toEqual({ kind: 'refused', status: 404 });
    expect(asked).toHaveLength(2);
  });

  test('waits no longer than it was told, reads no more than the status, and wants a good certificate', async () => {
    expect(await here('/silent', { timeout: 300 })).toMatchObject({ kind: 'unreachable', why: 'no answer in time' });
    expect(await here('/flood')).toEqual({ kind: 'done' });
    expect(await here('/leave', { ca: undefined })).toMatchObject({ kind: 'unreachable' });
    expect(await here('/leave', { addresses: async () => ({ kind: 'later', reason: 'no name server' }) })).toEqual({
      kind: 'unreachable',
      why: 'no name server',
    });
  });

  test('goes to what was looked up, and looks nothing up again', async () => {
    asked = [];
    // Nobody listens there, and on 127.0.0.1 somebody does.
    expect(await here('/leave', { addresses: found('127.0.0.2') })).toMatchObject({ kind: 'unreachable' });
    expect(asked).toEqual([]);
  });

  // What a name leads to, or is.
  test.each([
    ['https://localhost:PORT/', ['127.0.0.1']],
    ['https://two.example:PORT/', ['9.9.9.9', '127.0.0.1']],
    ['https://inside.example:PORT/', ['10.0.0.1']],
    ['https://127.0.0.1:PORT/', []],
    ['https://2130706433:PORT/', []],
    ['https://0x7f.1:PORT/', []],
    ['https://[::1]:PORT/', []],
    ['https://[::ffff:127.0.0.1]:PORT/', []],
    ['https://[64:ff9b::7f00:1]:PORT/', []],
    ['https://169.254.169.254:PORT/latest/meta-data/', []],
    ['http://shop.example:PORT/', ['9.9.9.9']],
    ['https://user:pass@shop.example:PORT/', ['9.9.9.9']],
    ['https://shop.example:25/', ['9.9.9.9']],
    ['https://shop.example/', ['9.9.9.9']],
    ['file:///etc/passwd', []],
    ['gopher://shop.example:PORT/', ['9.9.9.9']],
    ['nonsense', []],
  ])('does not ask %s', async (url, addresses) => {
    asked = [];
    const options = { addresses: found(...addresses), timeout: 1_000, allowed: { address: isGlobal, port } };
    expect(await post(url.replace('PORT', String(port)), form, options)).toEqual({ kind: 'forbidden' });
    expect(asked).toEqual([]);
  });

  test('asks on 443 only where nothing else is said', async () => {
    const options = { addresses: found('10.0.0.1'), timeout: 1_000 };
    expect(await post('https://shop.example:8443/', form, options)).toEqual({ kind: 'forbidden' });
    expect(await post('https://shop.example/', form, options)).toEqual({ kind: 'forbidden' });
  });
});

const inside =
  `127.0.0.1 127.9.9.9 0.0.0.0 10.1.2.3 100.64.0.1 169.254.169.254 172.31.0.1 192.168.1.1 198.18.0.1 203.0.113.1
  224.0.0.1 255.255.255.255 ::1 :: ::ffff:10.0.0.1 fe80::1 fe80::1%eth0 fc00::1 fd12::1 ff02::1 64:ff9b::a00:1 2002:a00:1::
  2001:0:1:: 2001:db8::1 name.example`.split(/\s+/);
test.each([
  ...['9.9.9.9', '2620:fe::fe', '::ffff:9.9.9.9'].map((a): [string, boolean] => [a, true]),
  ...[...inside, ''].map((a): [string, boolean] => [a, false]),
])('isGlobal of %s is %s', (address, is) => {
  expect(isGlobal(address)).toBe(is);
});

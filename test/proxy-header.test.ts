import { expect, test } from 'vitest';
import { type ProxyHeader, readProxyHeader } from '../daemon/wire/proxy-header.ts';

const v2 = (command: number, family: number, block: number[]) =>
  Buffer.from([
    ...Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1'),
    ...[0x20 | command, family, block.length >> 8, block.length & 255],
    ...block,
  ]);
const four = [192, 0, 2, 1, 10, 0, 0, 9, 0x12, 0x34, 0, 25];
const six = [...Array(15).fill(0), 1, 0x20, 1, 0xd, 0xb8, ...Array(11).fill(0), 2, 0x12, 0x34, 0, 25];

const from = (client: string, local: string): object => ({
  kind: 'header',
  ends: { client: { address: client, port: 4660 }, local: { address: local, port: 25 } },
});
const alone = { kind: 'header', ends: null };
const wrong = { kind: 'wrong' };

test.each<[string, Buffer, object]>([
  ['version 1, IPv4', Buffer.from('PROXY TCP4 192.0.2.1 10.0.0.9 4660 25\r\n'), from('192.0.2.1', '10.0.0.9')],
  ['version 1, IPv6', Buffer.from('PROXY TCP6 ::1 2001:db8::2 4660 25\r\n'), from('::1', '2001:db8::2')],
  ['version 1, unknown', Buffer.from('PROXY UNKNOWN\r\n'), alone],
  ['version 1, unknown with what the proxy knows', Buffer.from('PROXY UNKNOWN ffff:: ffff:: 65535 65535\r\n'), alone],
  ['version 2, IPv4', v2(1, 0x11, four), from('192.0.2.1', '10.0.0.9')],
  ['version 2, IPv4 and more behind it', v2(1, 0x11, [...four, 3, 0, 4, 1, 2, 3, 4]), from('192.0.2.1', '10.0.0.9')],
  ['version 2, IPv6', v2(1, 0x21, six), from('0:0:0:0:0:0:0:1', '2001:db8:0:0:0:0:0:2')],
  ['version 2, the proxy itself', v2(0, 0, []), alone],
  ['version 2, a socket of a file system', v2(1, 0x31, Array(216).fill(0)), alone],
  // what is no header, or a broken one
  ['a client', Buffer.from('EHLO client.example\r\n'), wrong],
  ['another word', Buffer.from('PROXYTCP4 1.2.3.4 1.2.3.4 1 2\r\n'), wrong],
  ['a name for an address', Buffer.from('PROXY TCP4 host 10.0.0.9 1 25\r\n'), wrong],
  ['the wrong family', Buffer.from('PROXY TCP6 192.0.2.1 10.0.0.9 1 25\r\n'), wrong],
  ['a port that is none', Buffer.from('PROXY TCP4 192.0.2.1 10.0.0.9 1 70000\r\n'), wrong],
  ['no ports', Buffer.from('PROXY TCP4 192.0.2.1 10.0.0.9\r\n'), wrong],
  ['too much', Buffer.from('PROXY TCP4 192.0.2.1 10.0.0.9 1 25 26\r\n'), wrong],
  ['no end', Buffer.from(`PROXY UNKNOWN ${'x'.repeat(100)}`), wrong],
  ['version 3', Buffer.from([...v2(1, 0x11, four)].map((o, i) => (i === 12 ? 0x31 : o))), wrong],
  ['a block too short', v2(1, 0x11, four.slice(0, 8)), wrong],
  ['a block too long', v2(1, 0x11, Array(3000).fill(0)), wrong],
])('readProxyHeader reads %s, whole and cut at every place', (_, bytes, expected) => {
  expect(readProxyHeader(bytes)).toMatchObject(expected);
  const follows = Buffer.concat([bytes, Buffer.from('EHLO x\r\n')]);
  const whole: ProxyHeader = readProxyHeader(follows);
  expect(whole).toMatchObject(expected);
  if (whole.kind !== 'header') return;
  expect(whole.octets).toBe(bytes.length);
  for (let cut = 0; cut < bytes.length; cut++)
    expect(readProxyHeader(bytes.subarray(0, cut))).toEqual({ kind: 'incomplete' });
});

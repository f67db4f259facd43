import { isIPv4, isIPv6 } from 'node:net';

/** Where a connection really comes from and goes to, as the proxy in front of us saw it. */
export type ProxiedEnds = { client: { address: string; port: number }; local: { address: string; port: number } };

/**
 * The PROXY header (HAProxy's proxy-protocol.txt), version 1 or 2, at the start of a connection.
 * `ends` null: the proxy speaks for itself, such as when it asks whether we are there.
 */
export type ProxyHeader =
  | { kind: 'incomplete' }
  | { kind: 'wrong' }
  | { kind: 'header'; octets: number; ends: ProxiedEnds | null };

const wrong: ProxyHeader = { kind: 'wrong' };
const incomplete: ProxyHeader = { kind: 'incomplete' };

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
/** §2.1: 107 octets with the line end. */
const longestLine = 107;
/** Behind the fixed part; addresses and what proxies add to them (TLVs) are far shorter. */
const longestBlock = 2048;

export function readProxyHeader(bytes: Buffer): ProxyHeader {
  const begins = signature.subarray(0, bytes.length);
  return bytes.subarray(0, signature.length).equals(begins) ? readBinary(bytes) : readText(bytes);
}

function readText(bytes: Buffer): ProxyHeader {
  const text = bytes.toString('latin1', 0, longestLine);
  const end = text.indexOf('\r\n');
  if (end < 0) return text.length < longestLine && 'PROXY '.startsWith(text.slice(0, 6)) ? incomplete : wrong;
  const [word, family, client = '', local = '', clientPort = '', localPort = '', ...more] = text
    .slice(0, end)
    .split(' ');
  if (word !== 'PROXY') return wrong;
  if (family === 'UNKNOWN') return { kind: 'header', octets: end + 2, ends: null };
  const fits = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isIPv6 : () => false;
  const ports = [clientPort, localPort].map(p => (/^\d{1,5}$/.test(p) ? Number(p) : Number.NaN));
  if (more.length || !fits(client) || !fits(local) || !ports.every(p => p <= 65_535)) return wrong;
  const ends = { client: { address: client, port: ports[0]! }, local: { address: local, port: ports[1]! } };
  return { kind: 'header', octets: end + 2, ends };
}

const sizes: Record<number, number> = { 17: 4, 33: 16 };

function readBinary(bytes: Buffer): ProxyHeader {
  if (bytes.length < 16) return incomplete;
  const command = bytes[12]!;
  const family = bytes[13]!;
  const length = bytes.readUInt16BE(14);
  if (command >> 4 !== 2 || (command & 15) > 1 || length > longestBlock) return wrong;
  if (bytes.length < 16 + length) return incomplete;
  const header = { kind: 'header' as const, octets: 16 + length };
  const size = sizes[family];
  // LOCAL, or something that is not TCP over IP: the proxy's own address stands.
  if ((command & 15) === 0 || size === undefined) return { ...header, ends: null };
  if (length < 2 * size + 4) return wrong;
  const end = (at: number, port: number) => ({
    address: addressOf(bytes.subarray(at, at + size)),
    port: bytes.readUInt16BE(port),
  });
  const ports = 16 + 2 * size;
  return { ...header, ends: { client: end(16, ports), local: end(16 + size, ports + 2) } };
}

function addressOf(octets: Buffer): string {
  if (octets.length === 4) return [...octets].join('.');
  return Array.from({ length: 8 }, (_, i) => octets.readUInt16BE(2 * i).toString(16)).join(':');
}

import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

type Srv = [priority: number, weight: number, port: number, host: string];

/** Records by name; a string in place of a list is how the server fails: an RCODE, or no answer at all. */
export type Zone = Record<
  string,
  | {
      MX?: [preference: number, exchange: string][];
      A?: string[];
      AAAA?: string[];
      PTR?: string[];
      CNAME?: string;
      SRV?: Srv[];
    }
  | 'SERVFAIL'
  | 'REFUSED'
  | 'SILENCE'
>;

const types = { 1: 'A', 12: 'PTR', 15: 'MX', 28: 'AAAA', 33: 'SRV' } as const;
const rcodes = { SERVFAIL: 2, REFUSED: 5 } as const;

export type NameServer = {
  address: string /** `TYPE name`, with ` by TCP` behind it. */;
  asked: string[];
  close(): void;
};

/**
 * A name server that knows one zone and follows its CNAMEs; names not in it do not exist. What is longer than 512 octets it truncates, so
 * that it must be asked for by TCP. `silent`: it hears nothing this way.
 */
export async function nameServer(
  zone: Zone,
  { silent, host = '127.0.0.1' }: { silent?: 'udp' | 'tcp'; host?: string } = {},
): Promise<NameServer> {
  const asked: string[] = [];
  const tcp = createServer(socket => {
    socket.on('error', () => {});
    if (silent === 'tcp') return void socket.destroy();
    socket.on('data', query => {
      const answer = answerTo(query.subarray(2), zone, asked, ' by TCP');
      if (answer) socket.write(Buffer.concat([Buffer.from([answer.length >> 8, answer.length & 255]), answer]));
    });
  });
  await new Promise<void>(resolve => tcp.listen(0, host, resolve));
  const { port } = tcp.address() as { port: number };
  const udp = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  udp.on('message', (query, from) => {
    const answer = silent === 'udp' ? null : answerTo(query, zone, asked, '');
    if (answer) udp.send(answer.length > 512 ? truncated(answer) : answer, from.port, from.address);
  });
  await new Promise<void>(resolve => udp.bind(port, host, resolve));
  const close = () => {
    udp.close();
    tcp.close();
  };
  return { address: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`, asked, close };
}

/** TC, and no records (RFC 2181 §9). */
function truncated(answer: Buffer): Buffer {
  const short = Buffer.from(answer);
  short.writeUInt16BE(short.readUInt16BE(2) | 0x200, 2);
  short.writeUInt16BE(0, 6);
  let end = 12;
  while (short[end] !== 0) end += 1 + (short[end] ?? 0);
  return short.subarray(0, end + 5);
}

/** RFC 1035 §4: header, the question given back, the answers. */
function answerTo(query: Buffer, zone: Zone, asked: string[], way: string): Buffer | null {
  let at = 12;
  const labels: string[] = [];
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const name = labels.join('.').toLowerCase();
  const type = types[query.readUInt16BE(at + 1) as keyof typeof types];
  asked.push(`${type} ${name}${way}`);
  const { rows, last } = follow(name, type, zone);
  if (last === 'SILENCE') return null;
  const rcode = last === undefined ? 3 : typeof last === 'string' ? rcodes[last] : 0;
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8180 | rcode, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(rows.length, 6);
  return Buffer.concat([header, query.subarray(12, at + 5), ...rows]);
}

type Type = (typeof types)[keyof typeof types];
const cname = 5;

/** The records a name leads to; in a circle of CNAMEs it goes round once, as servers do. */
function follow(name: string, type: Type | undefined, zone: Zone): { rows: Buffer[]; last: Zone[string] | undefined } {
  const rows: Buffer[] = [];
  const seen = new Set<string>();
  let owner = name;
  for (;;) {
    const known = zone[owner];
    if (typeof known !== 'object' || known.CNAME === undefined || seen.has(owner)) {
      const found = typeof known === 'object' && type ? (known[type] ?? []) : [];
      const number = Number(Object.keys(types).find(n => types[n as unknown as keyof typeof types] === type) ?? 0);
      rows.push(...found.map(r => record(owner, number, encode(r))));
      return { rows, last: known };
    }
    seen.add(owner);
    rows.push(record(owner, cname, domain(known.CNAME)));
    owner = known.CNAME;
  }
}

function record(owner: string, type: number, data: Buffer): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(60, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([domain(owner), fixed, data]);
}

function encode(record: string | [number, string] | Srv): Buffer {
  if (typeof record !== 'string' && record.length === 4)
    return Buffer.concat([
      ...record.slice(0, 3).map(n => Buffer.from([Number(n) >> 8, Number(n) & 255])),
      domain(record[3]),
    ]);
  if (typeof record !== 'string')
    return Buffer.concat([Buffer.from([record[0] >> 8, record[0] & 255]), domain(record[1])]);
  if (/[g-z]/.test(record)) return domain(record);
  if (!record.includes(':')) return Buffer.from(record.split('.').map(Number));
  const [head = '', tail = ''] = record.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':').map(g => Number.parseInt(g, 16)));
  const all = [...groups(head), ...Array(8 - groups(head).length - groups(tail).length).fill(0), ...groups(tail)];
  return Buffer.from(all.flatMap(g => [g >> 8, g & 255]));
}

function domain(name: string): Buffer {
  const labels = name.split('.').filter(l => l !== '');
  return Buffer.concat([...labels.map(l => Buffer.from([l.length, ...Buffer.from(l)])), Buffer.from([0])]);
}

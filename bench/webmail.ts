/**
 * Pages a second beside Roundcube (Debian's, elastic, PHP-FPM behind nginx, Dovecot with Maildir), on the same mail,
 * by 16 signed-in clients without a pause. What a person waits for is counted: of Roundcube's inbox the page and the
 * list it then calls for; of a search the answer alone. Sessions of PHP lie in files, the kindest choice for it.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { type Browser, chromium } from 'playwright-core';
import { connectSmtp } from '../daemon/smtp-client.ts';
import { openStore } from '../daemon/store.ts';
import { type House, startHouse, untilIndexed } from '../test/harness.ts';
import { type Peer, roundcube } from './roundcube.ts';
import { median, ms, perSecond, type Row, times } from './row.ts';

const password = 'correct horse 1';
const address = 'bench@localhost';
const messages = 2_000;
const clients = 16;
const seconds = 8;

type Visits = { headers: Record<string, string>; visits: string[][] }[];
type Measured = { rate: number; p50: number; p99: number };

export async function benchWebmail(): Promise<Row[]> {
  const house = await startHouse({});
  const peer = existsSync('/var/lib/roundcube/public_html') ? await roundcube(letters()) : null;
  try {
    await house.addUser(address, password);
    await fill(house);
    const rows: Row[] = [];
    for (const page of ['Inbox', 'Message', 'Search'] as const) {
      const own = await measured(house.ports.http, await ourVisits(house, page));
      const theirs = peer && (await measured(peer.port, await peer.visits(page, clients, password)));
      rows.push(...rowsOf(page, own, theirs));
    }
    return [...rows, ...(await inChromium(house, peer))];
  } finally {
    await house.remove();
    await peer?.stop();
  }
}

const peerName = 'Roundcube, Dovecot';

function rowsOf(page: string, own: Measured, theirs: Measured | null): Row[] {
  return [
    {
      what: `${page} pages, ${clients} clients, ${messages.toLocaleString('en')} messages`,
      ours: perSecond(own.rate),
      peer: theirs && perSecond(theirs.rate),
      peerName,
      ratio: theirs ? times(own.rate, theirs.rate) : '',
    },
    {
      what: `the same, median and 99th of a hundred`,
      ours: `${ms(own.p50)}, ${ms(own.p99)}`,
      peer: theirs && `${ms(theirs.p50)}, ${ms(theirs.p99)}`,
      peerName,
      ratio: theirs ? times(theirs.p99, own.p99) : '',
    },
  ];
}

const words = 'harbour meadow invoice lantern quarter budget spring letter garden meeting'.split(' ');

/** Of 4 KB each, every fiftieth about the quarterly budget. */
function letters(): string[] {
  return Array.from({ length: messages }, (_, i) => {
    const line = Array.from({ length: 9 }, (_, k) => words[(i * 7 + k * 3) % words.length]).join(' ');
    const subject = `${words[i % words.length]} ${words[(i * 3) % 7]} ${i}${i % 50 === 0 ? ' quarterly' : ''}`;
    return [
      ...[`From: Person ${i % 97} <person${i % 97}@example.net>`, `To: ${address}`, `Subject: ${subject}`],
      ...[`Message-ID: <${i}@example.net>`, `Date: ${new Date(1_750_000_000_000 + i * 60_000).toUTCString()}`],
      ...['MIME-Version: 1.0', 'Content-Type: text/plain; charset=utf-8', '', ...Array<string>(62).fill(line), ''],
    ].join('\r\n');
  });
}

async function fill(house: House): Promise<void> {
  const client = await connectSmtp({ host: '127.0.0.1', port: house.ports.smtp, name: 'bench.test', tls: 'off' });
  for (const letter of letters()) {
    const bytes = Buffer.from(letter);
    const [reply] = await client.send({
      ...{ reversePath: 'person@example.net', recipients: [{ address }], size: bytes.length },
      content: Readable.from([bytes]),
    });
    if (reply?.code !== 250) throw new Error(`our own door answered ${JSON.stringify(reply)}`);
  }
  await client.close();
  const store = await openStore({ path: house.data, writer: 'inline', indexes: false, fatal: () => {} });
  await untilIndexed(store);
  await store.close();
}

async function ourVisits(house: House, page: 'Inbox' | 'Message' | 'Search'): Promise<Visits> {
  const origin = `http://127.0.0.1:${house.ports.http}`;
  return Promise.all(
    Array.from({ length: clients }, async () => {
      const headers = { cookie: await signedIn(origin), 'accept-encoding': 'gzip' };
      if (page === 'Inbox') return { headers, visits: [['/mail/inbox']] };
      if (page === 'Search') return { headers, visits: [['/search?q=quarterly']] };
      const list = await (await fetch(`${origin}/mail/inbox`, { headers: { cookie: headers.cookie } })).text();
      const paths = [...list.matchAll(/href="(\/mail\/inbox\/\d+)"/g)].map(m => [m[1]!]);
      return { headers, visits: paths };
    }),
  );
}

async function signedIn(origin: string): Promise<string> {
  const answer = await fetch(`${origin}/login`, {
    ...{ method: 'POST', redirect: 'manual', body: new URLSearchParams({ username: address, password }) },
    headers: { origin },
  });
  if (answer.status !== 303) throw new Error(`our sign-in answered ${answer.status}`);
  return answer.headers
    .getSetCookie()
    .map(c => c.split(';')[0])
    .join('; ');
}

/** The clients are a process of their own, the same one for both sides. */
async function measured(port: number, visits: Visits): Promise<Measured> {
  const script = new URL('web-client.ts', import.meta.url).pathname;
  const running = promisify(execFile)(process.execPath, [script], { maxBuffer: 1e7 });
  running.child.stdin!.end(JSON.stringify({ port, seconds, clients: visits }));
  const { stdout } = await running;
  const { took, elapsed } = JSON.parse(stdout) as { took: number[]; elapsed: number };
  took.sort((a, b) => a - b);
  return { rate: (took.length * 1000) / elapsed, p50: median(took), p99: took[Math.floor(took.length * 0.99)]! };
}

/** From the click on a bookmark to a list that can be read and used, nothing of it in the browser's cache. */
async function inChromium(house: House, peer: Peer | null): Promise<Row[]> {
  if (!existsSync('/usr/bin/chromium')) return [];
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
  try {
    const ours = `http://127.0.0.1:${house.ports.http}`;
    const own = await opened(browser, `${ours}/mail/inbox`, await signedIn(ours), '#list .row');
    const theirs =
      peer &&
      (await opened(browser, `${peer.origin}/?_task=mail`, await peer.signedIn(password), '#messagelist tbody tr'));
    return [
      {
        what: 'Inbox opened in Chromium, empty cache, until its list can be used',
        ours: ms(own),
        peer: theirs === null ? null : ms(theirs),
        peerName,
        ratio: theirs === null ? '' : times(theirs, own),
      },
    ];
  } finally {
    await browser.close();
  }
}

async function opened(browser: Browser, url: string, cookie: string, row: string): Promise<number> {
  const seen: number[] = [];
  for (let i = 0; i < 7; i++) {
    const context = await browser.newContext();
    await context.addCookies(
      cookie.split('; ').map(pair => ({
        name: pair.slice(0, pair.indexOf('=')),
        value: pair.slice(pair.indexOf('=') + 1),
        url: new URL(url).origin,
      })),
    );
    const page = await context.newPage();
    const began = performance.now();
    await page.goto(url, { waitUntil: 'load' });
    await page.waitForSelector(row);
    seen.push(performance.now() - began);
    await context.close();
  }
  return median(seen);
}

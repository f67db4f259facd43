/**
 * Hostile mails in a real browser: a small site that shows each in a frame behind the walls asked for, and a watch on
 * what gets out. It counts scripts (hooked functions, dialogs, console, errors; in pages the mail opens as well),
 * requests (ours at the site, others' at a trap that every name leads to, so that nothing the browser does goes
 * unseen), and navigations of the page around the mail.
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTrap } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { frameHeaders, frameSandbox, messageFrame, safeHtml } from '../views/safe-html.ts';
import { launchChromium } from './browser.ts';

export type Vector = { id: string; html: string };
export type Walls = { allowList: boolean; sandbox: boolean; policy: boolean };
export type Escapes = { scripts: string[]; requests: string[]; tops: string[] };

type Batch = { mails: Vector[]; walls: Walls; inPage: boolean; escapes: Escapes };

const BATCH = 80;
/** Milliseconds for what comes after the load: timers, animations, refreshes of zero seconds. */
const SETTLE = 150;
/** As little of the site's policy as may be: with its frame-src it would help the wall that is to stand alone. */
const SITE_POLICY = "script-src 'self'; style-src 'self'";
const HTMX = readFileSync(new URL('../node_modules/htmx.org/dist/htmx.min.js', import.meta.url));
/** Whom the browser calls of its own accord. */
export const BROWSERS_OWN = /(?:^|\.)(?:google|googleapis|gstatic)\.com/i;
/** What the trap answers: a script that gives itself away, or as a page just its text. */
const BAIT = 'console.log("ran", "a remote script")';

export class XssRig {
  readonly #site: Server;
  readonly #trap = createTrap(socket => {
    socket.once('data', hello => socket.end(this.#caught(hello.toString('latin1')))).on('error', () => {});
  });
  #browser: Browser | null = null;
  #origin = '';
  #batch: Batch | null = null;

  constructor() {
    this.#site = createServer((request, response) => this.#answer(request, response, this.#batch!));
  }

  async open(): Promise<void> {
    this.#origin = `http://127.0.0.1:${await listening(this.#site)}`;
    this.#browser = await launchChromium([leadingTo(await listening(this.#trap))]);
  }

  async close(): Promise<void> {
    await this.#browser?.close();
    this.#site.closeAllConnections();
    this.#site.close();
    this.#trap.close();
  }

  /** Each mail in a frame of its own; those that come out alike are shown once. */
  async show(vectors: Vector[], walls: Walls, inPage = false): Promise<Escapes> {
    const escapes: Escapes = { scripts: [], requests: [], tops: [] };
    const mails = await prepared(vectors, walls);
    for (let from = 0; from < mails.length; from += BATCH) {
      this.#batch = { mails: mails.slice(from, from + BATCH), walls, inPage, escapes };
      await this.#showBatch(escapes);
    }
    return escapes;
  }

  /** In a page of the application, where htmx reads them: never to be done; here to see what it would do. */
  async showInPage(vectors: Vector[], allowList: boolean): Promise<Escapes> {
    return this.show(vectors, { allowList, sandbox: false, policy: false }, true);
  }

  /** How high each cleaned mail is, in pixels, in a frame of 500. */
  async heights(vectors: Vector[]): Promise<number[]> {
    const walls = { allowList: true, sandbox: true, policy: true };
    const mails = await prepared(vectors, walls);
    this.#batch = { mails, walls, inPage: false, escapes: { scripts: [], requests: [], tops: [] } };
    const page = await this.#browser!.newPage();
    await page.goto(this.#origin);
    const heights = await page.evaluate(heightsOfFrames);
    await page.close();
    return heights;
  }

  async #showBatch({ scripts, tops }: Escapes): Promise<void> {
    const context = await this.#browser!.newContext();
    context.on('page', page => watchScripts(page, scripts));
    await context.addInitScript(hookFunctions);
    const page = await context.newPage();
    // Watched from the start: on a slow machine a mail leaves while the page is still being loaded.
    page.on('framenavigated', frame => {
      if (frame === page.mainFrame() && frame.url() !== `${this.#origin}/`) tops.push(frame.url());
    });
    // Asked for is as good as gone: on a slow machine the batch is over before the other page is there.
    page.on('request', request => {
      const leaves = request.isNavigationRequest() && request.frame() === page.mainFrame();
      if (leaves && request.url() !== `${this.#origin}/`) tops.push(request.url());
    });
    // A mail may keep the page from ever being loaded; it is watched all the same.
    await page.goto(this.#origin, { timeout: 20_000 }).catch(() => {});
    await page.waitForTimeout(SETTLE);
    // A page that went elsewhere meanwhile cannot be touched; that it went is noted.
    await page.evaluate(touchEverything).catch(() => {});
    await page.waitForTimeout(SETTLE);
    await context.close();
  }

  #answer(request: IncomingMessage, response: ServerResponse, batch: Batch): void {
    const path = request.url ?? '/';
    const [, part, index] = path.split('/');
    const mail = part === 'mails' ? batch.mails[Number(index)] : undefined;
    if (path === '/') send(response, { 'Content-Security-Policy': SITE_POLICY }, pageOf(batch));
    else if (path === '/htmx.js') send(response, { 'Content-Type': 'text/javascript' }, HTMX);
    else if (path === '/cid/known' || path === '/favicon.ico') send(response, {}, '');
    else if (mail && path === `/mails/${index}/body`) {
      const headers = batch.walls.policy ? frameHeaders({ remoteImages: false }) : {};
      send(response, headers, messageFrame({ title: 'Mail', body: mail.html }));
    } else {
      const kind = request.headers['sec-fetch-dest'];
      batch.escapes.requests.push(`${request.method} own ${kind} ${path} ${mail?.id ?? ''}`);
      send(response, {}, '');
    }
  }

  #caught(hello: string): string {
    const asked = askedOf(hello);
    if (asked !== null) this.#batch?.escapes.requests.push(asked);
    const head = `HTTP/1.1 200 OK\r\nContent-Type: text/javascript\r\nContent-Length: ${BAIT.length}\r\nConnection: close`;
    return `${head}\r\n\r\n${BAIT}`;
  }
}

/** Has a browser ask this port for whatever it would ask of others, by any name. */
export const leadingTo = (port: number): string => `--host-resolver-rules=MAP * 127.0.0.1:${port}, EXCLUDE 127.0.0.1`;

/** A request in the clear by its first line and host, one behind TLS by the name it asks for; null: the browser's own. */
export function askedOf(hello: string): string | null {
  const clear = /^([A-Z]+ \S+) HTTP\S+\r\nHost: (\S+)/i.exec(hello);
  const name = clear?.[2] ?? serverName(hello);
  return BROWSERS_OWN.test(name) ? null : `${clear?.[1] ?? 'TLS'} ${name}`;
}

async function prepared(vectors: Vector[], walls: Walls): Promise<Vector[]> {
  const options = { remoteImages: false, dark: true, cid: (id: string) => (id === 'known' ? '/cid/known' : null) };
  const alike = new Map<string, Vector>();
  for (const { id, html } of vectors) {
    const shown = walls.allowList ? (await safeHtml(html, options)).html : html;
    if (!alike.has(shown)) alike.set(shown, { id, html: shown });
  }
  return [...alike.values()];
}

/** The name in a TLS ClientHello (RFC 6066 §3): extension 0, its length, the list's, type 0, the name's. */
export function serverName(hello: string): string {
  const number = (octets = '') => octets.charCodeAt(0) * 256 + octets.charCodeAt(1);
  for (const { index, 1: extension, 2: list, 3: name } of hello.matchAll(/(?=\0\0(..)(..)\0(..))/gs)) {
    const fits = number(extension) === number(list) + 2 && number(list) === number(name) + 3;
    if (fits) return hello.slice(index + 9, index + 9 + number(name));
  }
  return 'without a name';
}

function pageOf({ mails, walls, inPage }: Batch): string {
  const sandbox = walls.sandbox ? ` sandbox="${frameSandbox}"` : '';
  const shown = mails.map((mail, index) =>
    inPage ? mail.html : `<iframe${sandbox} src="/mails/${index}/body"></iframe>`,
  );
  return `<!doctype html><script src="/htmx.js"></script><div id="canary"></div>${shown.join('\n')}`;
}

export function watchScripts(page: Page, scripts: string[]): void {
  // What the browser itself reports has no arguments; only a script's own words do.
  page.on('console', message => message.args().length > 0 && scripts.push(message.text().slice(0, 80)));
  page.on('pageerror', error => scripts.push(String(error).slice(0, 80)));
  page.on('dialog', dialog => {
    scripts.push(`dialog ${dialog.message().slice(0, 80)}`);
    dialog.dismiss().catch(() => {});
  });
}

/** Runs in each document before its own scripts. */
export function hookFunctions(): void {
  for (const name of ['alert', 'confirm', 'prompt', 'print', 'open']) {
    Reflect.set(globalThis, name, (...given: unknown[]) => console.log('ran', name, String(given)));
  }
}

/** Runs in the page. */
function heightsOfFrames(): number[] {
  type Frame = { style: { height: string }; contentDocument: { documentElement: { offsetHeight: number } } };
  const own = Reflect.get(globalThis, 'document') as { querySelectorAll(selector: string): Iterable<Frame> };
  return [...own.querySelectorAll('iframe')].map(frame => {
    frame.style.height = '500px';
    return frame.contentDocument.documentElement.offsetHeight;
  });
}

type Link = { protocol?: string; target?: string };
type Touched = EventTarget & { click?: () => void; requestSubmit?: () => void; closest(selector: string): Link | null };
type Tree = { querySelectorAll(selector: string): Iterable<Touched & { contentDocument?: Tree | null }> };

/** Runs in the page: all a hand could do to each mail, but following a link that leads out into a page of its own. */
export function touchEverything(): void {
  const events = 'mouseover mouseenter mousemove mousedown mouseup focus focusin input keydown scroll toggle wheel';
  const own = Reflect.get(globalThis, 'document') as Tree;
  const trees = [own, ...[...own.querySelectorAll('iframe')].flatMap(frame => frame.contentDocument ?? [])];
  for (const element of trees.flatMap(tree => [...tree.querySelectorAll('*')])) {
    for (const event of events.split(' ')) element.dispatchEvent(new Event(event, { bubbles: true }));
    const { protocol = '', target = '' } = element.closest('[href]') ?? {};
    if (!/^(?:https?|mailto):$/.test(protocol) || /^_(?:top|parent)$/.test(target)) element.click?.();
    element.requestSubmit?.();
  }
}

function send(response: ServerResponse, headers: Record<string, string>, body: string | Buffer): void {
  response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', ...headers }).end(body);
}

export async function listening(server: {
  listen(port: number, host: string, done: () => void): unknown;
  address(): unknown;
}) {
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
}

/** Debian's Chromium for tests, and the test site as it is met there. */
import type { AddressInfo } from 'node:net';
import { type Browser, chromium, type Page } from 'playwright-core';
import { serveSite } from '../web/app.ts';
import { hasCommand } from './harness.ts';
import type { TestSite } from './site.ts';

/** The shell is the same engine without a window's own pages around it, at less than half the processor time. */
export const chromiumCommand = hasCommand('chromium-headless-shell') ? 'chromium-headless-shell' : 'chromium';

/** A file without it skips one test whose name says so; in CI that is a failure (closing-line.ts). */
export const hasChromium = hasCommand(chromiumCommand);

/** Each step on a page has less time than its test, so that one that hangs is named by its line. */
const stepLimit = 20_000;

/** As root it has no sandbox of its own; and it is to ask nobody for anything. */
export async function launchChromium(more: string[] = [], command = chromiumCommand): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: `/usr/bin/${command}`,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', ...more],
  });
  return browser.on('context', context => context.setDefaultTimeout(stepLimit));
}

type Served = { base: string; servers: ReturnType<typeof serveSite> };

/** The test site on a port of its own. */
export async function serve(site: TestSite): Promise<Served> {
  const servers = serveSite({ app: site.app });
  await new Promise<void>(resolve => servers.http.listen(0, '127.0.0.1', () => resolve()));
  return { base: `http://127.0.0.1:${(servers.http.address() as AddressInfo).port}`, servers };
}

export type Visited = Served & {
  browser: Browser;
  /** Ends the browser, the servers and the site. */
  close(): Promise<void>;
};

export async function inChromium(site: TestSite, command = chromiumCommand): Promise<Visited> {
  const { base, servers } = await serve(site);
  const browser = await launchChromium([], command);
  return {
    base,
    browser,
    servers,
    async close() {
      await browser.close();
      await servers.close(500);
      await site.close();
    },
  };
}

/** Signs in by the form, as a person does. */
export async function enter(page: Page, base: string, username: string, password = 'correct horse'): Promise<void> {
  await page.goto(`${base}/login`);
  await page.fill('#username', username);
  await page.fill('#password', password);
  await page.click('button[type=submit]');
  await page.waitForURL('**/mail/inbox');
}

/** Whatever breaks in the page, or is held by its policy, is added to `complaints`. */
export function hearComplaints(page: Page, complaints: string[]): void {
  page.on('pageerror', error => complaints.push(error.message));
  page.on('console', m => /Content Security Policy|Uncaught/.test(m.text()) && complaints.push(m.text()));
}

/** Pictures from the disk, in the whole browser: it gives the editor's frame a process of its own, the shell does not. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Account } from '../daemon/store.ts';
import { enter, inChromium, type Visited } from './browser.ts';
import { hasCommand } from './harness.ts';
import { openSite, type TestSite } from './site.ts';

const present = hasCommand('chromium');
if (!present) test.skip('a picture from the disk needs a browser: the package chromium would run it', () => {});

let site: TestSite;
let ann: Account;
let visited: Visited;
let folder = '';

beforeAll(async () => {
  if (!present) return;
  folder = mkdtempSync(join(tmpdir(), 'cwmail-picture-'));
  // It need not be one that can be drawn.
  writeFileSync(join(folder, 'plan.png'), deflateSync(Buffer.alloc(100_000, 'plan')));
  site = await openSite({ host_domain: ['example.org'] });
  ann = await site.account('ann');
  visited = await inChromium(site, 'chromium');
});
afterAll(async () => {
  if (!present) return;
  await visited.close();
  rmSync(folder, { recursive: true });
});

async function choosing(): Promise<Page> {
  const page = await (await visited.browser.newContext()).newPage();
  await enter(page, visited.base, 'ann');
  await page.goto(`${visited.base}/compose?to=bo@example.net&subject=S`);
  await page.getByRole('button', { name: 'Formatting', exact: true }).click();
  await page.frameLocator('.compose-text iframe').locator('#letter:focus').waitFor();
  return page;
}
const choose = (page: Page) =>
  page.frameLocator('.compose-text iframe').locator('#pictures').setInputFiles(join(folder, 'plan.png'));
const pictures = (page: Page) => page.frameLocator('.compose-text iframe').locator('#letter img');
const draft = async () => (await site.store.drafts.list(ann.id))[0];

describe.skipIf(!present)('a picture from the disk', () => {
  test('goes into the text and to the draft', async () => {
    const page = await choosing();
    await choose(page);
    await pictures(page).waitFor({ state: 'attached' });
    await expect.poll(async () => (await draft())?.uploads.map(u => u.name)).toEqual(['plan.png']);
    await page.locator('.on-their-way').waitFor({ state: 'hidden' });
    expect(await page.locator('.uploading').count()).toBe(0);
    await page.context().close();
  });

  test('goes out of the text when its sending is called off', async () => {
    const page = await choosing();
    await page.route('**/drafts/files', route => route.abort());
    await choose(page);
    await pictures(page).waitFor({ state: 'attached' });
    await page.getByRole('button', { name: /^Cancel .*plan\.png/ }).click();
    await expect.poll(() => pictures(page).count()).toBe(0);
    await page.unroute('**/drafts/files');
    await page.getByRole('button', { name: 'Save draft', exact: true }).click();
    await page.waitForURL('**/mail/drafts');
    expect((await draft())?.html ?? '').not.toContain('img');
    await page.context().close();
  });
});

import type { Page } from 'playwright-core';
import { authenticator, keyIn, tokenIn } from './authenticator.ts';
import type { TestSite } from './site.ts';

const password = 'correct horse';
const home = '/settings/second-factor';

/** Who is pictured is signed in by the password alone: as in a browser that is trusted. */
export const trustedCookie = { name: 'trusted', value: 't'.repeat(43) };

/** Pictures of two-step sign-in and of app passwords. */
export async function signInShots(site: TestSite, base: string) {
  const stepper = await site.account('stepper');
  const now = site.clock.now;
  const make = (name: string, key: string, at: number) =>
    site.store.appPasswords.make({ accountId: stepper.id, name, key, hash: key, at });
  const phone = await make('Phone', 'phone-key', now - 9e9);
  await make('Thunderbird on the laptop that stands in the kitchen and is shared with the neighbours', 'laptop', now);
  if (typeof phone === 'number')
    await site.store.appPasswords.used(phone, { way: 'pop3', from: '2001:db8::7', at: now - 4e6 });
  const b = site.browser();
  await b.login('stepper');
  const offered = await b.post(`${home}/offers`, { password });
  await b.post(home, { token: tokenIn(offered.html), code: authenticator(keyIn(offered.html)).code(now) });
  const { id } = (await site.store.sessions.list(stepper.id, now))[0]!;
  await site.store.trustedBrowsers.trust('held', {
    ...{ accountId: stepper.id, sessionId: id, at: now, expiresAt: now + 2e9, address: '192.0.2.7' },
    agent: 'Mozilla/5.0 (Windows NT 10.0) Firefox/131.0',
  });
  await site.store.trustedBrowsers.trust(trustedCookie.value, {
    ...{ accountId: stepper.id, sessionId: 0, at: now, expiresAt: now + 2e9, address: '192.0.2.8', agent: '' },
  });
  const give =
    (selector: string, ...typed: string[]) =>
    async (page: Page) => {
      for (const [i, text] of typed.entries()) await page.locator(selector).nth(i).fill(text);
      await page.locator(selector).last().press('Enter');
      await page.waitForLoadState();
    };
  const setUp = async (page: Page) => {
    await give('#password', password)(page);
    await page.locator('.qr').waitFor();
  };
  const halfway = async (page: Page) => {
    await page.context().clearCookies();
    await page.goto(`${base}/login`);
    await page.fill('#username', 'stepper');
    await page.fill('#password', password);
    await page.press('#password', 'Enter');
    await page.locator('#code').waitFor();
  };
  const as = { who: 'stepper' as const };
  return [
    { name: 'app-passwords', path: '/settings/app-passwords', ...as },
    { name: 'app-passwords-none', path: '/settings/app-passwords', who: 'newcomer' as const },
    {
      ...{ name: 'app-password-made', path: '/settings/app-passwords', who: 'newcomer' as const },
      act: async (page: Page) => {
        await page.fill('#name', 'Thunderbird on the laptop');
        await setUpPassword(page);
      },
    },
    { name: 'factor-on', path: home, ...as },
    { name: 'factor-off', path: home, who: 'newcomer' as const },
    { name: 'factor-setup', path: home, who: 'newcomer' as const, act: setUp },
    {
      ...{ name: 'factor-recovery', path: home, who: 'ann' as const },
      act: async (page: Page) => {
        await setUp(page);
        const app = authenticator((await page.locator('dd.secret').textContent())!);
        await give('#code', app.code(site.clock.now))(page);
        await page.locator('.codes').waitFor();
        await site.store.secondFactors.switchOff((await site.store.accounts.byAddress('ann@example.org'))!.id);
      },
    },
    { name: 'login-code', path: '/login', act: halfway },
    {
      ...{ name: 'login-code-wrong', path: '/login' },
      act: async (page: Page) => {
        await halfway(page);
        await give('#code', '12')(page);
        await page.locator('#code-error').waitFor();
      },
    },
    {
      ...{ name: 'login-recovery', path: '/login' },
      act: async (page: Page) => {
        await halfway(page);
        await page.click('a[href*=recovery]');
        await page.waitForURL('**recovery**');
      },
    },
    { name: 'devices', path: '/settings/devices', ...as },
    { name: 'settings-stepper', path: '/settings', ...as },
  ];

  async function setUpPassword(page: Page) {
    await page.fill('#password', password);
    await page.press('#password', 'Enter');
    await page.locator('p.secret').waitFor();
  }
}

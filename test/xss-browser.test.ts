import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium } from './browser.ts';
import { type Escapes, type Vector, XssRig } from './xss-rig.ts';

type Listed = Vector & { chromium156_raw?: { script: string | null; load: boolean } };

const own = listed(new URL('./corpus/xss.jsonl', import.meta.url).pathname);
const corpus = corpusFolder();
const published = corpus === null ? [] : ['vectors', 'htmx'].flatMap(name => listed(`${corpus}/xss/${name}.jsonl`));
const all = [...own, ...published];
/** Those known to do something where no wall stands; ours are written to. */
const live = [...own, ...published.filter(({ chromium156_raw: raw }) => raw?.script || raw?.load)];

const NO_WALL = { allowList: false, sandbox: false, policy: false };
const EVERY_WALL = { allowList: true, sandbox: true, policy: true };
const NOTHING = { scripts: [], requests: [], tops: [] };

if (!hasChromium) test.skip('XssRig needs a browser: the package chromium would run it', () => {});

describe.skipIf(!hasChromium)(
  `safeHtml in a browser, ${own.length} mails of test/corpus, ${published.length} of ${corpus ?? 'no other folder'},`,
  {
    timeout: 240_000,
  },
  () => {
    const rig = new XssRig();
    beforeAll(() => rig.open());
    afterAll(() => rig.close());

    test('XssRig sees mails run scripts, load and leave where no wall stands', async () => {
      const { scripts, requests, tops } = await rig.show(live, NO_WALL);
      expect(scripts.length).toBeGreaterThan(live.length / 5);
      expect(requests.length).toBeGreaterThan(live.length / 3);
      expect(tops.length).toBeGreaterThan(0);
    });

    test('safeHtml, frameSandbox and frameHeaders together let nothing out', async () => {
      expect(await rig.show(all, EVERY_WALL)).toEqual(NOTHING);
    });

    test('safeHtml alone lets nothing out', async () => {
      expect(await rig.show(all, { ...NO_WALL, allowList: true })).toEqual(NOTHING);
    });

    test('frameHeaders alone lets nothing out; images of our own are the one thing it allows', async () => {
      expect(withoutOwnImages(await rig.show(live, { ...NO_WALL, policy: true }))).toEqual(NOTHING);
    });

    test('frameSandbox alone lets no script run and keeps the page around the mail', async () => {
      const { scripts, tops } = await rig.show(live, { ...NO_WALL, sandbox: true });
      expect({ scripts, tops }).toEqual({ scripts: [], tops: [] });
    });

    test('messageFrame is as high as the mail, whatever the mail says of its height', async () => {
      const styles = [
        'html,body{height:100%!important}',
        ':root:root{min-height:100%!important}',
        'body{min-height:100vh}',
        // By what else is as high as the frame: its box, its columns of writing, a container, the queries of its kind.
        ':root{position:absolute;top:0;bottom:0}',
        'html{position:absolute!important;inset:0}',
        ':root{writing-mode:vertical-rl}',
        'body{writing-mode:vertical-lr!important}',
        'p{height:calc(100cqh + 1px)}',
        'p{height:100cqb;min-height:90CQMAX}',
        'p{writing-mode:vertical-rl;height:100vi}',
        '@media (min-height:100px){p{height:900px}}',
        '@media screen and (max-height:9999px){p{height:900px}}',
        '@media (orientation:portrait){p{height:900px}}',
        '@media (max-aspect-ratio:1/1){p{height:900px}}',
        '@media (min-width:10vh){p{height:900px}}',
      ];
      const mails = styles.map((style, at) => ({ id: `height-${at}`, html: `<style>${style}</style><p>${at}` }));
      const heights = await rig.heights(mails);
      expect(heights).toHaveLength(styles.length);
      expect(Math.max(...heights)).toBeLessThan(200);
    });

    const forHtmx = own.filter(({ id }) => id.startsWith('own-htmx'));

    test('htmx obeys a mail that stands in a page of the application', async () => {
      const { requests } = await rig.showInPage(forHtmx, false);
      expect(requests.length).toBeGreaterThan(forHtmx.length / 3);
    });

    test('safeHtml leaves htmx nothing to obey even there', async () => {
      expect(await rig.showInPage(forHtmx, true)).toEqual(NOTHING);
    });
  },
);

function withoutOwnImages({ requests, ...escapes }: Escapes): Escapes {
  return { ...escapes, requests: requests.filter(request => !request.startsWith('GET own image ')) };
}

/** The published collection, where there is one; test/corpus alone is used otherwise. */
function corpusFolder(): string | null {
  const folder = process.env.MAIL_CORPUS ?? new URL('../../shared/corpus', import.meta.url).pathname;
  return existsSync(`${folder}/xss`) ? folder : null;
}

function listed(path: string): Listed[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter(line => line !== '').map(line => JSON.parse(line));
}

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commands } from '../daemon/cli/commands.ts';
import { loadSettings } from '../daemon/config.ts';

// What the documents promise of each other, of the commands and of the settings.
const root = new URL('..', import.meta.url).pathname;
const documents = ['README.md', 'SECURITY.md', ...readdirSync(join(root, 'docs')).map(name => `docs/${name}`)].filter(
  name => name.endsWith('.md'),
);
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const withoutCode = (text: string): string => text.replace(/^```[\s\S]*?^```$/gm, '').replace(/`[^`\n]*`/g, '');

/** The anchor that GitHub gives a heading. */
const anchorOf = (heading: string): string =>
  heading
    .replace(/[`*]/g, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');

const headingsOf = (path: string): string[] =>
  [
    ...read(path)
      .replace(/^```[\s\S]*?^```$/gm, '')
      .matchAll(/^#{1,6} (.+)$/gm),
  ].map(m => m[1]!);
const linksOf = (path: string): string[] =>
  [...withoutCode(read(path)).matchAll(/\]\(([^)\s]+)\)|src="([^"]+)"/g)].map(m => (m[1] ?? m[2])!);

describe.each(documents)('%s', path => {
  test('its links lead to files and headings that are there', () => {
    const broken = linksOf(path)
      .filter(link => !/^(https?|mailto):/.test(link))
      .filter(link => {
        const [file = '', anchor] = link.split('#');
        const target = file === '' ? path : normalize(join(dirname(path), file));
        if (!existsSync(join(root, target))) return true;
        return anchor !== undefined && !headingsOf(target).map(anchorOf).includes(anchor);
      });
    expect(broken).toEqual([]);
  });

  test('no heading stands twice, and no line of prose', () => {
    const twice = (all: string[]) => all.filter((text, i) => all.indexOf(text) !== i);
    expect(twice(headingsOf(path))).toEqual([]);
    // Settings are repeated in defaults; tables and short lines are alike by right.
    const prose = withoutCode(read(path)).split('\n');
    expect(twice(prose.filter(line => line.length > 60 && !line.startsWith('|')))).toEqual([]);
  });
});

test('the manual names every command, in its table', () => {
  const manual = read('docs/manual.md');
  expect(Object.keys(commands).filter(name => !manual.includes(`| \`${name}\` |`))).toEqual([]);
});

test('the manual and README call no command that is not there', () => {
  const words = Object.keys(commands).map(name => name.split(' ')[0]);
  const known = [...words, 'help', 'sendmail', 'mailq', 'COMMAND', 'needs', '--help'];
  for (const path of ['README.md', 'docs/manual.md']) {
    const called = [...read(path).matchAll(/(?:^\$ (?:daemon\/)?|`)cwmail ([a-z-]+)(?: ([a-z-]+))?/gm)];
    const strange = called.filter(([, one, two]) => !known.includes(one!) || !isWhole(one!, two));
    expect(strange.map(m => m[0])).toEqual([]);
  }
});

/** A family such as `queue` wants its second word. */
function isWhole(one: string, two: string | undefined): boolean {
  const family = Object.keys(commands).filter(name => name.startsWith(`${one} `));
  return family.length === 0 || (two !== undefined && family.includes(`${one} ${two}`));
}

test('README has every room of the daemon', () => {
  const rooms = readdirSync(join(root, 'daemon'))
    .map(name => name.replace(/\.ts$/, ''))
    .map(name => `daemon/${name}${['mail', 'wire'].includes(name) ? '/' : ''}`);
  const table = read('README.md').split('## The rooms')[1]!.split('## Words')[0]!;
  expect([...new Set(rooms)].filter(room => !table.includes(`\`${room}\``))).toEqual([]);
});

test('the reference has every setting', () => {
  const names = Object.keys(loadSettings({ config: null, set: [] }).settings);
  const reference = read('docs/settings.md');
  expect(names.length).toBeGreaterThan(60);
  expect(names.filter(name => !reference.includes(`### \`${name} `))).toEqual([]);
});

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

// The walls of the house: who may import whom, what may stand where, how long a file may be.
const root = new URL('..', import.meta.url).pathname;
const sources = ['daemon', 'fetcher', 'web', 'views'].flatMap(folder =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => join(folder, name)),
);
const text = new Map(sources.map(path => [path, readFileSync(join(root, path), 'utf8')]));

type Import = { from: string; to: string; typeOnly: boolean };
const imports: Import[] = sources.flatMap(from => {
  const found = text
    .get(from)!
    .matchAll(/^(import|export)( type)?\b[^'";]*?from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gms);
  return [...found].map(m => {
    const named = (m[3] ?? m[4] ?? m[5])!;
    const to = named.startsWith('.') ? normalize(join(dirname(from), named)) : named;
    return { from, to, typeOnly: m[2] !== undefined };
  });
});
const inner = imports.filter(i => text.has(i.to));

/** The room of a file: its face without `.ts`; `mail` and `wire` are open rooms of many faces. */
const roomOf = (path: string): string => {
  const parts = path.replace(/\.ts$/, '').split('/');
  return parts.slice(0, 2).join('/');
};

// Lowest first; a room may import from its own rank's own files and from lower ranks.
const ranks: string[][] = [
  ['daemon/mail', 'daemon/wire'],
  ['daemon/log', 'daemon/config', 'daemon/counters', 'daemon/online'],
  ['daemon/store', 'daemon/store-lock'],
  ['daemon/tell', 'daemon/smtp-client', 'daemon/parking', 'daemon/snapshots'],
  ['daemon/auth'],
  ['daemon/intake'],
  ['daemon/smtp-server', 'daemon/pop3-server', 'daemon/pickup', 'daemon/autoreply'],
  ['daemon/queue'],
  ['daemon/collection', 'daemon/sweep'],
  ['daemon/control'],
  ['daemon/child'],
  ['daemon/main'],
  ['daemon/supervisor'],
  ['daemon/cli'],
];
const rankOf = (room: string): number => ranks.findIndex(rank => rank.includes(room));

describe('house', () => {
  test('house reads all rooms, and knows the rank of each of the daemon', () => {
    expect(sources.length).toBeGreaterThan(60);
    expect(inner.length).toBeGreaterThan(100);
    const unranked = new Set(
      sources
        .filter(s => s.startsWith('daemon/'))
        .map(roomOf)
        .filter(r => rankOf(r) < 0),
    );
    expect([...unranked]).toEqual([]);
  });

  test('imports point down only', () => {
    const wrong = inner
      .filter(i => i.from.startsWith('daemon/') && i.to.startsWith('daemon/') && roomOf(i.from) !== roomOf(i.to))
      .filter(
        i =>
          rankOf(roomOf(i.to)) > rankOf(roomOf(i.from)) ||
          (rankOf(roomOf(i.to)) === rankOf(roomOf(i.from)) && !openRooms.test(i.to)),
      );
    expect(wrong.map(shown)).toEqual([]);
  });
  const openRooms = /^daemon\/(mail|wire|log|config|counters|online)\b/;

  test('daemon never imports the site, the fetcher or the views, but to run them in one process', () => {
    const wrong = inner.filter(i => i.from.startsWith('daemon/') && !i.to.startsWith('daemon/'));
    expect(wrong.map(shown)).toEqual([
      'daemon/cli/cgi.ts -> web/cgi.ts',
      'daemon/supervisor/single.ts -> web/main.ts',
      'daemon/supervisor/single.ts -> fetcher/main.ts',
    ]);
  });

  test('views know mail and types only; web and fetcher keep out of the daemon’s upper rooms', () => {
    const low = /^daemon\/(config|log|online|mail\/|wire\/|store|smtp-client|tell|child)/;
    const wrong = inner.filter(i => {
      if (!i.to.startsWith('daemon/') || i.from.startsWith('daemon/')) return false;
      if (i.from.startsWith('views/'))
        return !i.typeOnly && !i.to.startsWith('daemon/mail/') && !i.to.endsWith('daemon/store.ts');
      return !low.test(i.to);
    });
    expect(wrong.map(shown)).toEqual([]);
    expect(inner.filter(i => i.from.startsWith('views/') && i.to.startsWith('web/')).map(shown)).toEqual([]);
  });

  test('outsiders import a room by its face', () => {
    const wrong = inner.filter(i => {
      const parts = i.to.split('/');
      const open = /^daemon\/(mail|wire|cli)\//.test(i.to);
      const depth = open ? 3 : 2;
      return (
        parts.length > depth &&
        !i.from.startsWith(`${parts.slice(0, depth).join('/')}/`) &&
        i.from !== `${parts.slice(0, depth).join('/')}.ts`
      );
    });
    expect(wrong.map(shown)).toEqual([]);
  });

  test('imports make no circles', () => {
    const next = Map.groupBy(
      inner.filter(i => !i.typeOnly),
      i => i.from,
    );
    const state = new Map<string, 'open' | 'done'>();
    const circles: string[] = [];
    const visit = (file: string, path: string[]) => {
      if (state.get(file) === 'done') return;
      if (state.get(file) === 'open') {
        circles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
        return;
      }
      state.set(file, 'open');
      for (const i of next.get(file) ?? []) visit(i.to, [...path, file]);
      state.set(file, 'done');
    };
    for (const file of sources) visit(file, []);
    expect(circles).toEqual([]);
  });

  test('an npm import path stands in one file', () => {
    const byPackage = Map.groupBy(
      imports.filter(i => !i.to.startsWith('node:') && !text.has(i.to) && !i.typeOnly && !/\.json$/.test(i.to)),
      i => i.to,
    );
    const spread = [...byPackage].filter(
      ([name, where]) => !/^hono(\/|$)/.test(name) && new Set(where.map(w => w.from)).size > 1,
    );
    expect(spread.map(([name, where]) => `${name}: ${where.map(w => w.from).join(', ')}`)).toEqual([]);
  });

  // What may stand where; a pattern, and the files that may hold it.
  const walls: [string, RegExp, RegExp][] = [
    ['SQL', /\b(select .+ from|insert into|delete from|update \w+ set)\b/, /^daemon\/store/],
    ['database drivers', /node:sqlite/, /^daemon\/store/],
    ['node:dns', /from 'node:dns/, /^daemon\/wire\/dns\.ts$/],
    ['child processes', /node:child_process/, /^daemon\/supervisor/],
    ['worker threads', /node:worker_threads/, /^(daemon\/store\/writer|views\/safe-html)/],
    [
      'env, argv, exit, signals',
      /\bprocess\.(env|argv|exit|on|once|kill|exitCode)\b/,
      /^(daemon\/(config|cli|main|child|supervisor)|web\/main|fetcher\/main|web\/cgi)/,
    ],
    ['console and stdout', /\bconsole\.|process\.stdout/, /^daemon\/(log|cli)/],
    [
      'the clock',
      /\bDate\.now\(\)|\bnew Date\(\)/,
      /^daemon\/(main|child|log|queue|smtp-server|pop3-server|supervisor|cli|wire\/certificate)/,
    ],
    ['raw(', /[^\w.]raw\(/, /^views\/safe-html/],
    ['any', /\bas any\b|: any\b/, /^$/],
  ];
  test.each(walls)('%s stands only where it belongs', (_, pattern, allowed) => {
    const wrong = sources.filter(path => !allowed.test(path) && pattern.test(withoutComments(text.get(path)!)));
    expect(wrong).toEqual([]);
  });

  test('a file ends before line 300', () => {
    const long = sources
      .map(path => [path, text.get(path)!.split('\n').length] as const)
      .filter(([, lines]) => lines > 300);
    expect(long.map(([path, lines]) => `${path}: ${lines}`)).toEqual([]);
  });

  test('there is no room for things without a room', () => {
    expect(sources.filter(s => /(^|\/)(index|utils?|helpers?|types|misc|common)\.ts$/.test(s))).toEqual([]);
  });

  test('a face opens with its card, of 12 lines at most', () => {
    const faces = sources.filter(s => /^daemon\/[^/]+\.ts$/.test(s));
    const wrong = faces.filter(f => {
      const card = /^\/\*\*[\s\S]*?\*\//.exec(text.get(f)!)?.[0];
      return !card || card.split('\n').length > 12;
    });
    expect(wrong).toEqual([]);
  });
});

function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}

function shown(i: Import): string {
  return `${i.from} -> ${relative('', i.to)}`;
}

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { loadSettings } from '../daemon/config.ts';
import { createLog } from '../daemon/log.ts';
import { keepChild } from '../daemon/supervisor/child-process.ts';
import { until } from './harness.ts';

const execPath = process.execPath;
afterEach(() => {
  process.execPath = execPath;
});

test('keepChild tries again when the system could not make the process at all', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'cwmail-child-')), 'child.mjs');
  writeFileSync(
    file,
    "process.once('message', () => process.send({ kind: 'ready' })); process.on('message', m => m.kind === 'stop' && process.exit(0));",
  );
  const lines: string[] = [];
  const { settings } = loadSettings({ config: null, set: [] });
  const child = keepChild({
    name: 'fetcher', // it has no ports
    file,
    init: { settings, tls: { key: '', cert: '' }, serviceKey: '' },
    log: createLog('info', line => void lines.push(line)),
    line: () => {},
    attach: () => {},
  });
  await child.ready;
  process.execPath = '/nowhere/node';
  process.kill(child.status().pid!, 'SIGKILL');
  await until('the failure to be said', () => lines.some(l => l.includes('did not start') && l.includes('ENOENT')));
  process.execPath = execPath;
  await until('the restart', () => lines.some(l => l.includes('process restarted')));
  expect(child.status().pid).not.toBeNull();
  await child.stop(2000);
});

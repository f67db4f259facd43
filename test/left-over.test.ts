import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadSettings } from '../daemon/config.ts';
import { createIntake, type Handover } from '../daemon/intake.ts';
import { silentLog } from '../daemon/log.ts';
import { newVisit, takeParameters } from '../daemon/smtp-server/session.ts';
import { openStore, type Store, StoreError } from '../daemon/store.ts';
import { attachAll } from '../web/drafts.ts';
import { FormError } from '../web/form.ts';
import type { Site } from '../web/site.ts';
import { type Received, readUploads } from '../web/upload.ts';
import { fits } from './fits.ts';

let path: string;
let store: Store;
beforeEach(async () => {
  path = mkdtempSync(join(tmpdir(), 'cwmail-left-'));
  const fatal = (error: Error) => {
    throw error;
  };
  store = await openStore({ path, writer: 'inline', fatal });
});
afterEach(async () => {
  await store.close();
  rmSync(path, { recursive: true });
});

const files = () =>
  readdirSync(join(path, 'content'), { recursive: true, withFileTypes: true })
    .filter(f => f.isFile())
    .map(f => f.name);
const large = 'x'.repeat(100_000);

describe('accept', () => {
  const handover: Handover = {
    visitor: { origin: 'peer', account: null, address: '127.0.0.1' },
    id: 'a',
    helo: 'peer.test',
    protocol: 'ESMTP',
  };
  const submitted = {
    envelope: { reversePath: null, recipients: [], ret: null, envid: null, eightBit: false, smtpUtf8: false },
    recipients: [],
    key: null,
    draftId: null,
    releaseAt: null,
  };

  // A commit that failed at its sync may stand after a restart; one that failed otherwise never does.
  test.each([
    ['io', 451, 1],
    ['busy', 451, 0],
    ['full', 452, 0],
  ] as const)('accept answers a store that fails with %s by %i, and leaves %i file', async (kind, code, left) => {
    const accept = async () => {
      throw new StoreError(kind, 'the disk says no');
    };
    const intake = createIntake({
      store: { ...store, accept },
      settings: { ...loadSettings({ config: null, set: [] }).settings, data_path: path },
      log: silentLog(),
      now: () => 1,
      parked: () => null,
      wake: () => {},
      changed: () => {},
    });
    const incoming = intake.receive(handover, []);
    await incoming.push(Buffer.from(`Subject: s\r\n\r\n${large}\r\n`));
    expect((await intake.accept(handover, incoming, submitted)).code).toBe(code);
    expect(files()).toHaveLength(left);
  });
});

describe('prepareReport', () => {
  test('prepareReport leaves no file of a report that could not be written', async () => {
    const account = { address: 'ann@localhost', name: '', passwordHash: null, quota: 0, at: 1 };
    await store.accounts.create(account);
    const create = () => {
      const writer = store.content.create();
      const finish = async () => {
        throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
      };
      return { ...writer, size: 0, finish };
    };
    const intake = createIntake({
      store: { ...store, content: { ...store.content, create } },
      settings: { ...loadSettings({ config: null, set: [] }).settings, data_path: path },
      log: silentLog(),
      now: () => 1,
      parked: () => null,
      wake: () => {},
      changed: () => {},
    });
    const bytes = Buffer.from(`Subject: s\r\n\r\n${large}\r\n`);
    await expect(intake.prepareReport({ to: account.address, bytes, key: 'k' })).rejects.toThrow('no space');
    expect(files()).toEqual([]);
  });
});

describe('attachAll', () => {
  const draftFields = { to: '', cc: '', bcc: '', subject: '', text: '', relatedId: null, relation: null };
  const receivedFile = async (): Promise<Received> => {
    const writer = store.content.create();
    await writer.write(Buffer.from(large));
    return { name: 'f', type: 'text/plain', content: await writer.finish(), discard: () => writer.discard() };
  };
  const siteWith = (over: Partial<Store>) => ({ store: { ...store, ...over }, now: () => 1 }) as Site;

  test('attachAll leaves only the files that were attached when the store fails in between', async () => {
    const ann = await store.accounts.create({ address: 'ann@x', name: '', passwordHash: null, quota: 0, at: 1 });
    const draft = await fits(store.drafts.create(ann?.id ?? 0, draftFields, 1));
    let calls = 0;
    const attach: Store['drafts']['attach'] = async (...args) => {
      if (++calls === 2) throw new StoreError('busy', 'locked');
      return store.drafts.attach(...args);
    };
    const received = [await receivedFile(), await receivedFile(), await receivedFile()];
    const attached = attachAll(siteWith({ drafts: { ...store.drafts, attach } }), draft, received);
    await expect(attached).rejects.toThrow('locked');
    expect(files()).toHaveLength(1);
    expect((await store.drafts.get(ann?.id ?? 0, draft.id))?.uploads).toHaveLength(1);
  });
});

describe('readUploads', () => {
  const part = (name: string, text: string) =>
    `--b\r\nContent-Disposition: form-data; name="files"; filename="${name}"\r\n\r\n${text}\r\n`;
  const post = async (body: string) => {
    const app = new Hono().post('/', async c => {
      const form = await readUploads(c as never, store, 1_000_000).catch((error: FormError) => error);
      return form instanceof FormError ? c.text('', form.status) : c.text(String(form.files.length));
    });
    const headers = { 'Content-Type': 'multipart/form-data; boundary=b' };
    return app.request('/', { method: 'POST', headers, body });
  };

  test('readUploads keeps nothing of a form that breaks off behind a whole file', async () => {
    expect((await post(`${part('a', large)}${part('b', large).slice(0, 50_000)}`)).status).toBe(400);
    expect(files()).toEqual([]);
  });

  test('readUploads keeps the files of a whole form', async () => {
    expect(await (await post(`${part('a', large)}${part('b', large)}--b--\r\n`)).text()).toBe('2');
    expect(files()).toHaveLength(2);
  });
});

describe('takeParameters', () => {
  const service = () => ({ ...newVisit('127.0.0.1'), service: 'fetcher' as const });

  test('takeParameters takes a key as it is, and refuses one it would have to cut', () => {
    const visit = service();
    expect(takeParameters(visit, { XKEY: 'k'.repeat(500) }, 0, 0)).toBeNull();
    expect(visit.key).toBe('k'.repeat(500));
    expect(takeParameters(visit, { XKEY: 'k'.repeat(501) }, 0, 0)?.code).toBe(501);
  });
});

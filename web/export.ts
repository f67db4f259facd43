/** What an account holds, to take along: mail as mbox files, or everything in a zip; read from the store as it goes out, and never held. */
import { Hono } from 'hono';
import { mboxEntry } from '../daemon/mail/mbox.ts';
import { type Account, Flag, type Message, type PageKey, type Store } from '../daemon/store.ts';
import { zipStream } from '../daemon/wire/zip.ts';
import { exportPage, hasMail } from '../views/export.ts';
import { folderName } from '../views/layout.ts';
import type { Words } from '../views/words.ts';
import { cardsOf } from './contacts.ts';
import { idOf, missing, screenOf, show } from './page.ts';
import { disposition, streamOf, withPrefix } from './parts.ts';
import { draftsOf, settingsOf } from './settings-export.ts';
import type { Ctx, Env, Site } from './site.ts';
import { createSoleStreams } from './sole-stream.ts';

/** Seconds after which who asks for a second download of everything may ask again. */
const again = 60;

export function exports(site: Site): Hono<Env> {
  const app = new Hono<Env>();
  const streams = createSoleStreams(site.now);

  /** Each reads all that an account has: one at a time. */
  const allOf = async (c: Ctx, bytes: () => AsyncIterable<Buffer>, head: Record<string, string>) => {
    if (c.req.method === 'HEAD') return c.body(null, 200, head);
    const stream = streams.open(c.var.account.id, bytes(), c.req.raw.signal);
    if (stream) return c.body(stream, 200, head);
    c.header('Retry-After', String(again));
    const s = await screenOf(site, c);
    const content = exportPage(s, s.w.t('export.running'));
    return show(c, s, s.w.t('export.title'), { view: 'page', content }, 503);
  };

  app.get('/settings/export', async c => {
    const s = await screenOf(site, c);
    return show(c, s, s.w.t('export.title'), { view: 'page', content: exportPage(s, '') });
  });

  app.get('/folders/:id/messages.mbox', async c => {
    const id = idOf(c.req.param('id'));
    const folder = (await site.store.folders.list(c.var.account.id)).find(f => f.id === id);
    if (!folder) return missing(site, c);
    const name = folderName(c.var.words, folder);
    return c.body(streamOf(mbox(site.store, c.var.account.id, { id: folder.id, name })), 200, heads(`${name}.mbox`));
  });

  app.get('/settings/export/mail.mbox', async c => {
    const folders = await site.store.folders.list(c.var.account.id);
    const all = async function* () {
      for (const f of folders)
        yield* mbox(site.store, c.var.account.id, { id: f.id, name: folderName(c.var.words, f) });
    };
    return allOf(c, all, heads(`${c.var.account.address}.mbox`));
  });

  app.get('/settings/export/everything.zip', c => {
    const { account, words } = c.var;
    const head = { ...heads(`${account.address}.zip`), 'Content-Type': 'application/zip' };
    return allOf(c, () => everything(site, account, words), head);
  });
  return app;
}

/** Folders are looked at as the answer begins; each file is written while it is sent. */
async function* everything({ store, now }: Site, account: Account, w: Words): AsyncIterable<Buffer> {
  const folders = (await store.folders.list(account.id))
    .filter(hasMail)
    .map(f => ({ id: f.id, name: folderName(w, f) }));
  yield* zipStream(
    [
      ...folders.map(f => ({ name: `${f.name}.mbox`, open: () => mbox(store, account.id, f) })),
      { name: 'contacts.vcf', open: () => cardsOf(store, account.id, null) },
      { name: 'drafts.json', open: () => asJson(draftsOf(store, account)) },
      { name: 'settings.json', open: () => asJson(settingsOf(store, account)) },
    ],
    now(),
  );
}

async function* asJson(value: Promise<unknown>): AsyncIterable<Buffer> {
  yield Buffer.from(`${JSON.stringify(await value, null, 2)}\n`);
}

const heads = (name: string) => ({
  'Content-Type': 'application/mbox',
  'Content-Disposition': disposition('attachment', name),
  'Content-Security-Policy': "default-src 'none'; sandbox",
});

const pageSize = 200;

async function* mbox(store: Store, accountId: number, { id, name }: { id: number; name: string }) {
  let before: PageKey | null = null;
  do {
    const page = await store.messages.page(accountId, id, pageSize, before);
    for (const message of page.messages) yield* entry(store, message, name);
    before = page.next;
  } while (before !== null);
}

/** Nothing of what was removed since its page was read: that is no reason to give up all the others. */
async function* entry(store: Store, m: Message, folder: string): AsyncIterable<Buffer> {
  const octets = store.content.open(m.contentId)[Symbol.asyncIterator]();
  const first = await octets.next().catch(async error => {
    if (await store.content.get(m.contentId)) throw error;
    return null;
  });
  if (first === null) return;
  async function* content(): AsyncIterable<Buffer> {
    for (let next = first; next && !next.done; next = await octets.next()) yield next.value;
  }
  try {
    yield* mboxEntry({ ...marksOf(m), folder, open: () => withPrefix(m.prefix, content()) });
  } finally {
    await octets.return?.();
  }
}

const marksOf = (m: Message) => ({
  sender: m.fromAddress || null,
  at: m.receivedAt,
  seen: (m.flags & Flag.seen) !== 0,
  answered: (m.flags & Flag.answered) !== 0,
  flagged: (m.flags & Flag.flagged) !== 0,
});

/**
 * New mail without reload: one stream of server-sent events a browser, carrying hints, never mail.
 * Each hint has the account's modseq as its id; a stream that comes back with an older one is told at once.
 */
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { readCookie } from './cookie.ts';
import type { Env, Site } from './site.ts';

/** Below the idle limit of usual proxies. */
const beat = 25_000;

/** How often a page asks where no stream can stay open, in milliseconds. */
const seldom = 30_000;

export type Streams = {
  app: Hono<Env>;
  /** Ends all streams, so that the servers can close. */
  close(): void;
};

export function events(site: Site): Streams {
  const app = new Hono<Env>();
  const open = new Set<() => void>();
  let closed = false;

  app.get('/events', c => {
    const { account } = c.var;
    const secret = readCookie(site, c, 'session') ?? '';
    const since = Number(c.req.header('Last-Event-ID') ?? c.req.query('since') ?? account.modseq);
    c.header('X-Accel-Buffering', 'no');
    return streamSSE(c, async stream => {
      const end = Promise.withResolvers<void>();
      let latest = Number.isFinite(since) ? since : account.modseq;
      const hint = async (modseq: number, folder: number | null) => {
        latest = Math.max(latest, modseq);
        await stream.writeSSE({ event: 'changed', id: String(modseq), data: JSON.stringify({ modseq, folder }) });
      };
      const off = site.tell.onChange(change => {
        if (change.accountId === account.id) void hint(change.modseq, change.folderId);
      });
      const pulse = setInterval(async () => {
        // A session ended elsewhere ends its streams too, and a hint that got lost is made up for.
        const session = await site.store.sessions.find(secret, site.now());
        const now = session && (await site.store.accounts.byId(account.id));
        if (!now) return end.resolve();
        if (now.modseq > latest) await hint(now.modseq, null);
        else await stream.write(': \n\n');
      }, beat);
      open.add(end.resolve);
      stream.onAbort(end.resolve);
      if (account.modseq > latest) await hint(account.modseq, null);
      else await stream.write('retry: 3000\n\n');
      // As a CGI program each open stream would be a process: the browser asks again and again instead.
      if (c.env?.cgi) {
        await stream.write(`retry: ${seldom}\n\n`);
        end.resolve();
      }
      if (closed) end.resolve();
      await end.promise;
      clearInterval(pulse);
      off();
      open.delete(end.resolve);
    });
  });

  return {
    app,
    close() {
      closed = true;
      for (const end of open) end();
    },
  };
}

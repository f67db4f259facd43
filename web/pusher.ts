/**
 * Tells devices of new mail by their push services (RFC 8030): at most once for each message, and no more than the
 * person chose. It promises nothing: a service that cannot be reached now is not asked again for the same mail, is asked
 * more and more seldom, and after a week no more.
 */
import { because } from '../daemon/log.ts';
import type { Account, PushSubscription } from '../daemon/store.ts';
import { encryptPush } from '../daemon/wire/web-push.ts';
import { createWords, isLanguage, languages, type Words } from '../views/words.ts';
import type { Site } from './site.ts';

/** How long a push service keeps it for a device that is off, in seconds. */
const keptSeconds = 86_400;

/** Gone for ever (RFC 8030 §7.3), or not ours: the key it was made with was another. */
const lost = new Set([403, 404, 410]);

/** Milliseconds: the pause once it took nothing twice, doubled each time, and how long all of it may last. */
const firstPause = 60_000;
const patience = 7 * 86_400_000;

export type Pusher = {
  /** The accounts that have devices changed. */
  refresh(): Promise<void>;
  close(): void;
};

export function createPusher(site: Site): Pusher {
  let subscribed: Promise<Set<number>> | null = null;
  const load = async () => new Set(await site.store.pushSubscriptions.accounts());
  // What comes while one round goes on is told by the next, all of it at once.
  const rounds = new Map<number, 'going' | 'again'>();

  const begin = async (accountId: number): Promise<void> => {
    if (rounds.has(accountId)) return void rounds.set(accountId, 'again');
    rounds.set(accountId, 'going');
    try {
      subscribed ??= load();
      if ((await subscribed).has(accountId)) await round(site, accountId);
    } catch (error) {
      subscribed = null;
      site.log.error('web.push', because(error));
    }
    const again = rounds.get(accountId) === 'again';
    rounds.delete(accountId);
    if (again) await begin(accountId);
  };
  const off = site.tell.onChange(change => void begin(change.accountId));
  return {
    close: off,
    async refresh() {
      subscribed = load();
      await subscribed;
    },
  };
}

async function round(site: Site, accountId: number): Promise<void> {
  const account = await site.store.accounts.byId(accountId);
  if (!account || account.disabled) return;
  for (const device of await site.store.pushSubscriptions.list(accountId, site.now()))
    await tell(site, account, device);
}

async function tell(site: Site, account: Account, device: PushSubscription): Promise<void> {
  if (!mayBeAsked(device, site.now())) return;
  const fresh = await site.store.pushSubscriptions.fresh(account.id, device.told);
  if (!fresh || !(await site.store.pushSubscriptions.claim(device.id, fresh.newest.id))) return;
  const body = encryptPush(JSON.stringify(noteOf(site, device, fresh)), device);
  if (!body) return void site.store.pushSubscriptions.remove(account.id, device.id);
  const headers = {
    ...site.vapid.headers(device.endpoint, site.now()),
    'Content-Encoding': 'aes128gcm',
    'Content-Type': 'application/octet-stream',
    TTL: String(keptSeconds),
    Urgency: 'normal',
    // What was not seen yet gives way to what is newer (RFC 8030 §5.4).
    Topic: 'mail',
  };
  const posted = await site.post(device.endpoint, { headers, body });
  const { failed, remove } = site.store.pushSubscriptions;
  if (posted.kind === 'done') return device.failures === 0 ? undefined : failed(device.id, null);
  // Its path is a secret of the device.
  site.log.info('web.push', { service: new URL(device.endpoint).host, ...posted });
  // Not its fault.
  if (posted.kind === 'off line') return;
  const over = posted.kind === 'forbidden' || (posted.kind === 'refused' && lost.has(posted.status));
  if (over || site.now() - (device.failingSince ?? site.now()) >= patience) await remove(account.id, device.id);
  else await failed(device.id, site.now());
}

const mayBeAsked = ({ failures, failingSince }: PushSubscription, now: number): boolean =>
  failingSince === null || now >= failingSince + firstPause * (2 ** (failures - 1) - 1);

type Fresh = NonNullable<Awaited<ReturnType<Site['store']['pushSubscriptions']['fresh']>>>;

/** What worker.js shows. Each text is cut: one message of a push service holds 4 KB. */
function noteOf(site: Site, device: PushSubscription, { count, newest }: Fresh) {
  const w = wordsOf(site, device);
  const base = site.settings.base_path;
  const inbox = `${base}/mail/inbox`;
  const about = { lang: w.lang, dir: w.dir, tag: 'mail' };
  if (device.shows === 'arrival') return { ...about, title: w.t('push.new', { n: count }), body: '', url: inbox };
  const more = count > 1 ? `\n${w.t('push.more', { n: count - 1 })}` : '';
  return {
    ...about,
    title: short(newest.fromName || newest.fromAddress || w.t('list.nosender')),
    body: short(newest.subject.trim() || w.t('list.nosubject')) + more,
    url: count > 1 ? inbox : `${inbox}/${newest.id}`,
  };
}

const short = (text: string): string => [...text].slice(0, 150).join('');

function wordsOf(site: Site, { language: wanted }: PushSubscription): Words {
  const language = isLanguage(wanted) ? wanted : 'en';
  return createWords(site.now(), { language, locale: languages[language].locale });
}

/**
 * The pickup folder: files that programs of this machine put there are sent as mail.
 *
 * It promises that a file is removed only after the door said 250, that it is sent once though a crash may come
 * between, and that half-written files are left alone. It follows no links and reads plain files only. Who may write
 * into the folder may send as anyone of our domains: the rights of the folder are the permission.
 */
import { createHash } from 'node:crypto';
import { constants, type FSWatcher, lstatSync, type Stats, watch } from 'node:fs';
import { access, type FileHandle, lstat, mkdir, readdir, unlink } from 'node:fs/promises';
import type { Settings } from './config.ts';
import type { Intake } from './intake.ts';
import { because, type Log } from './log.ts';
import { putAside } from './pickup/bad.ts';
import { hash, isAsRead, openPlain, pathOf, shownName, stampOf } from './pickup/file.ts';
import { handIn, type Sent } from './pickup/hand-in.ts';

export type Pickup = {
  start(): Promise<void>;
  /** Ends what is under way; the other files wait for the next start. */
  stop(): Promise<void>;
};

export type PickupOptions = {
  settings: Pick<Settings, 'pickup_path' | 'host_domain' | 'vdomain' | 'max_message_size' | 'max_retrytime'>;
  intake: Intake;
  log: Log;
  now: () => number;
  /** A file that was not touched for so many milliseconds is taken to be whole. */
  settleMs?: number;
};

const usualSettleMs = 2_000;
/** Looked at so often, whether the system told of a change or not: network folders do not. */
const pollMs = 1_000;
/** After a change: those that come together are one. */
const soonMs = 50;
const firstPauseMs = 30_000;
const longestPauseMs = 900_000;
const together = 10;

const isPassedOver = (name: string): boolean => name.startsWith('.') || name.endsWith('.tmp');
/** One file for as long as it lives: the number alone is given again to another one. */
const birthOf = (s: Stats): string => `${s.ino} ${s.birthtimeMs}`;

function birthAt(path: Buffer): string | null {
  try {
    return birthOf(lstatSync(path));
  } catch {
    return null;
  }
}

type Known = { stamp: string; since: number; pause: number; notBefore: number; told: boolean };

export function createPickup({ settings, intake, log, now, settleMs = usualSettleMs }: PickupOptions): Pickup {
  const folder = settings.pickup_path;
  const known = new Map<string, Known>();
  /** Files seen under a name that is passed over, now and in the round before: a rename makes them whole. */
  let written = new Set<string>();
  let writtenBefore = new Set<string>();
  let watcher: FSWatcher | null = null;
  let timer: NodeJS.Timeout | null = null;
  let stopped = false;
  let looking: Promise<void> = Promise.resolve();
  let hastened = false;
  let lost = false;

  const look = () => {
    timer = null;
    hastened = false;
    looking = round()
      .then(
        () => {
          lost = false;
        },
        error => {
          // Said once: it is looked for again each second.
          if (!lost) log.error('the pickup folder cannot be read', because(error));
          lost = true;
        },
      )
      .then(() => {
        if (!stopped) timer = setTimeout(look, hastened ? soonMs : pollMs);
      });
  };
  /** Something changed. A name that is passed over is looked at here and now: the rename may follow at once. */
  const noticed = (_event: string, name: string | null) => {
    if (name !== null && isPassedOver(name)) {
      const birth = birthAt(pathOf(folder, name));
      if (birth !== null) written.add(birth);
    }
    if (timer && !hastened) {
      clearTimeout(timer);
      timer = setTimeout(look, soonMs);
    }
    hastened = true;
  };

  async function round(): Promise<void> {
    const names = await readdir(folder, { encoding: 'latin1' });
    const there = new Set(names);
    for (const name of known.keys()) if (!there.has(name)) known.delete(name);
    [writtenBefore, written] = [written, new Set()];
    const ready: string[] = [];
    for (const name of names) if (await isReady(name)) ready.push(name);
    for (let at = 0; at < ready.length && !stopped; at += together)
      await Promise.all(ready.slice(at, at + together).map(take));
  }

  async function isReady(name: string): Promise<boolean> {
    const stat = await lstat(pathOf(folder, name)).catch(() => null);
    if (stat === null || stat.isDirectory()) return false;
    if (isPassedOver(name)) {
      written.add(birthOf(stat));
      return false;
    }
    const stamp = stampOf(stat);
    const at = performance.now();
    const before = known.get(name);
    if (before?.stamp === stamp) return at >= before.notBefore && at - before.since >= settleMs;
    const whole = written.has(birthOf(stat)) || writtenBefore.has(birthOf(stat));
    const since = whole ? at - settleMs : at;
    known.set(name, { stamp, since, pause: firstPauseMs, notBefore: 0, told: false });
    return whole;
  }

  async function take(name: string): Promise<void> {
    const opened = await openPlain(folder, name).catch((error: NodeJS.ErrnoException) => error);
    if (opened instanceof Error) return putOff(name, because(opened));
    if (typeof opened === 'string') return await aside(name, opened);
    try {
      await takeOpened(name, opened);
    } catch (error) {
      putOff(name, because(error));
    } finally {
      await opened.close();
    }
  }

  async function takeOpened(name: string, file: FileHandle): Promise<void> {
    const stat = await file.stat();
    if (stampOf(stat) !== known.get(name)?.stamp) return;
    // A link to a file that only we may read must not be mailed to whoever made it.
    if (stat.nlink > 1) return putOff(name, { error: 'it has more than one name (a hard link), so it is left alone' });
    if (stat.size === 0) return await aside(name, 'it is empty');
    if (stat.size > settings.max_message_size)
      return await aside(name, `it is larger than ${settings.max_message_size} octets (max_message_size)`);
    const key = `pickup:${name}:${stat.ino}:${stat.mtimeMs}:${await hash(file)}`;
    const id = createHash('sha256').update(key).digest('hex').slice(0, 20);
    const whole = () => isAsRead(file, stat);
    const sent = await handIn(file, { key: key.slice(-400), id, intake, settings, whole });
    await settle(name, sent, stat.ctimeMs, { id, uid: stat.uid });
  }

  async function settle(name: string, sent: Sent, since: number, about: { id: string; uid: number }): Promise<void> {
    if (sent.kind === 'changed') return void known.delete(name);
    const tooOld = sent.kind === 'later' && now() - since > settings.max_retrytime;
    if (sent.kind === 'later' && !tooOld) return putOff(name, { error: sent.why, ...about });
    if (sent.kind !== 'done') return await aside(name, sent.why);
    await unlink(pathOf(folder, name));
    known.delete(name);
    log.info('picked up', { file: shownName(name), ...about });
  }

  /** Tried again after a growing pause, and told of once. */
  function putOff(name: string, why: Record<string, unknown>): void {
    const entry = known.get(name);
    if (entry === undefined) return;
    if (!entry.told) log.warn('pickup waits', { file: shownName(name), ...(why as object) });
    entry.told = true;
    entry.notBefore = performance.now() + entry.pause;
    entry.pause = Math.min(entry.pause * 2, longestPauseMs);
  }

  async function aside(name: string, why: string): Promise<void> {
    log.warn('pickup refused', { file: shownName(name), why: why.slice(0, 500) });
    try {
      await putAside(folder, name, why, now());
      known.delete(name);
    } catch (error) {
      putOff(name, because(error));
    }
  }

  return {
    async start() {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      // Files are taken away from it when they are sent, or set aside.
      await access(folder, constants.R_OK | constants.W_OK | constants.X_OK).catch(error =>
        log.error('the pickup folder must be writable for us: what is sent stays in it', because(error)),
      );
      try {
        watcher = watch(folder, { encoding: 'latin1' }, noticed);
        watcher.on('error', () => watcher?.close());
      } catch (error) {
        log.info('pickup folder is looked at by the clock only', because(error));
      }
      look();
    },
    async stop() {
      stopped = true;
      watcher?.close();
      if (timer) clearTimeout(timer);
      await looking;
    },
  };
}

import { accessSync, constants, existsSync, type Stats, statfsSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { neededFiles, type Settings } from '../../config.ts';
import { inBytes } from '../bytes.ts';
import { type Finding, good, mend, open } from '../findings.ts';

/** Folders that must be written, files that must be read, and secrets that must be kept. */
export function* filesFound(settings: Settings): Iterable<Finding> {
  const { username, uid } = userInfo();
  if (uid === 0)
    yield open(
      'you are root, who may read and write everything',
      'Call it as the user of the service: runuser -u USER -- cwmail …',
    );
  yield* folderFound('data_path', settings.data_path, username);
  if (settings.pickup_path !== '') yield* folderFound('pickup_path', settings.pickup_path, username);
  yield* secretsFound(settings);
}

function* folderFound(setting: string, path: string, user: string): Iterable<Finding> {
  const there = nearest(path);
  if (!mayWrite(there))
    return yield mend(
      `${setting}: ${user} may not write in ${there}`,
      `Make ${path} and give it to the user of the service.`,
    );
  yield good(there === path ? `${setting} ${path} can be written` : `${setting} ${path} is made at the first start`);
  const { bavail, bsize } = statfsSync(there);
  if (setting === 'data_path' && bavail * bsize < 1024 ** 3)
    yield open(`${inBytes(bavail * bsize)} are free there`, 'Below min_space no mail is taken.');
}

const nearest = (path: string): string => (existsSync(path) || dirname(path) === path ? path : nearest(dirname(path)));

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Settings whose files hold a password or a key. The certificate itself is for everybody. */
const secret = new Set(['gateway', 'proxy_domain', 'fetch', 'etrn_from', 'odmr', 'tls_key']);

function* secretsFound(settings: Settings): Iterable<Finding> {
  const named = neededFiles({ settings, read: [] }).filter(f => secret.has(f.setting));
  const own = ['service.key', 'tls.key'].map(name => ({ path: join(settings.data_path, name), setting: 'data_path' }));
  for (const { path, setting } of [...named, ...own]) {
    const stat: Stats | undefined = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    const isOpen = (stat.mode & 0o007) !== 0;
    yield isOpen
      ? mend(`${setting}: everybody on this machine may read ${path}`, `chmod 600 ${path}`)
      : good(`${setting}: ${path} is kept from others`);
  }
}

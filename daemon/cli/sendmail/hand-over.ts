import { randomBytes } from 'node:crypto';
import { readFileSync, type Stats, statSync } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fromHere, type Settings } from '../../config.ts';
import type { Reply } from '../../mail/reply.ts';
import { HeaderEditor } from '../../mail/trace.ts';
import { ConnectError, connectSmtp, dialOurs } from '../../smtp-client.ts';
import type { Given } from './content.ts';
import type { Options } from './options.ts';

/** This way is closed to the caller, or now; nothing of the content was read. */
export class Unavailable extends Error {}

type Message = Given & { sender: string | null; recipients: string[]; options: Options };

/** As the service `local` of the submission port: for whoever may read its key. */
export async function byService(settings: Settings, message: Message): Promise<Reply[]> {
  const password = keyOf(settings);
  const client = await connectSmtp({
    host: fromHere(settings, 'submission_port'),
    port: settings.submission_port,
    name: settings.host_domain[0]!,
    // The password is for loopback or an address of this machine; its certificate may be one it made itself.
    tls: 'off',
    login: { user: 'local', password, authzid: '' },
    timeouts: { greeting: 30_000 },
    dial: () => dialOurs(settings, 'submission_port'),
  }).catch(error => {
    throw error instanceof ConnectError ? new Unavailable(`the house cannot be reached: ${error.message}`) : error;
  });
  const { notify, ret, envid } = message.options;
  try {
    return await client.send({
      reversePath: message.sender,
      recipients: message.recipients.map(address => ({ address, notify })),
      ret,
      envid,
      size: 0,
      eightBit: true,
      content: message.content,
    });
  } finally {
    await client.close();
  }
}

function keyOf({ data_path }: Settings): string {
  try {
    return readFileSync(join(data_path, 'service.key'), 'utf8').trim();
  } catch (error) {
    throw new Unavailable(`the key of ${data_path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** Null: it lies there, whole. Else why not. */
export async function byPickup({ pickup_path }: Settings, message: Message): Promise<string | null> {
  if (pickup_path === '') return 'and there is no pickup_path to leave it in';
  // Nobody can guess the name, also where the folder cannot be listed.
  const name = `sendmail-${randomBytes(16).toString('hex')}`;
  const path = join(pickup_path, `.${name}`);
  let file: FileHandle;
  try {
    file = await open(path, 'wx', 0o600);
  } catch (error) {
    return `nor can it be left in ${pickup_path} (${(error as NodeJS.ErrnoException).code})`;
  }
  try {
    await write(file, message);
    await file.chmod(modeFor(statSync(pickup_path)));
    await file.sync();
    await rename(path, join(pickup_path, name));
    return null;
  } catch (error) {
    await unlink(path).catch(() => {});
    throw error;
  } finally {
    await file.close();
  }
}

async function write(file: FileHandle, { sender, recipients, content }: Message): Promise<void> {
  const envelope = [`X-Envelope-From: <${sender ?? ''}>`, ...recipients.map(r => `X-Envelope-To: <${r}>`)];
  await file.writeFile(`${envelope.join('\r\n')}\r\n`);
  // Ours alone count.
  const editor = new HeaderEditor({ drop: ['x-envelope-from', 'x-envelope-to'] });
  for await (const chunk of content) for (const piece of editor.push(chunk)) await file.writeFile(piece);
  for (const piece of editor.end()) await file.writeFile(piece);
}

/** The house must be able to read it: by the group that a folder with the setgid bit gives, else as anyone. */
const modeFor = (folder: Stats): number =>
  (folder.mode & 0o2000) !== 0 || folder.uid === process.getuid?.() ? 0o640 : 0o644;

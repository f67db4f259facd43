/** The socket by which `cwmail cgi` reaches the site. */
import { chmodSync, chownSync, lstatSync, rmSync, statSync } from 'node:fs';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';

/** Opens it for the group of its folder. Throws, in words for the operator, what stands in the way. */
export async function listenForCgi(server: Server, path: string): Promise<void> {
  const why = await obstacle(path);
  if (why) throw new Error(`cgi_socket ${path}: ${why}`);
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', error => reject(new Error(`cgi_socket ${path}: ${error.message}`)));
    server.listen(path, resolve);
  });
  admitGroup(path);
}

async function obstacle(path: string): Promise<string | null> {
  if (!statSync(dirname(path), { throwIfNoEntry: false })?.isDirectory()) return 'its folder does not exist';
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there && !there.isSocket()) return 'something lies there that is not a socket';
  if (there && (await answers(path))) return 'another program listens there';
  return null;
}

const answers = (path: string) =>
  new Promise<boolean>(resolve => {
    const socket = connect(path);
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });

function admitGroup(path: string): void {
  const { gid } = statSync(dirname(path));
  try {
    if (gid !== statSync(path).gid) chownSync(path, -1, gid);
  } catch {
    // Not a group of ours: then nobody but us gets in.
    return chmodSync(path, 0o600);
  }
  chmodSync(path, 0o660);
}

/** A POP3 server in a process of its own, over the store in the folder named: for tests that kill it, and for the bench. */
import { startPop3 } from './pop3-house.ts';

const folder = process.argv[2];
if (folder === undefined) throw new Error('which folder?');
const { port, stop } = await startPop3({ folder });
console.log(port);
// Its parent holds the other end.
process.stdin.resume().once('end', () => stop(true));

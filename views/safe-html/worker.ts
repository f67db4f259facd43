/** Cleans one mail beside the server's own thread; aside.ts starts it and ends it. */
import { parentPort, workerData } from 'node:worker_threads';
import { clean, type Policy } from './clean.ts';
import { cleanLetter, type LetterPolicy } from './letter.ts';

const { html, policy }: { html: string; policy: Policy | LetterPolicy } = workerData;
parentPort?.postMessage('remoteImages' in policy ? clean(html, policy) : cleanLetter(html, policy));

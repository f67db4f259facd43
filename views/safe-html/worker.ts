/** Cleans one mail beside the server's own thread; aside.ts starts it and ends it. */
import { parentPort, workerData } from 'node:worker_threads';
import { clean, type Policy } from './clean.ts';

const { html, policy }: { html: string; policy: Policy } = workerData;
parentPort?.postMessage(clean(html, policy));

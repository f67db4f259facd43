/** Asks for pages by as many clients as it is given, each as fast as it is answered; prints what each visit took. */
import { Agent, request } from 'node:http';
import { json } from 'node:stream/consumers';

type Client = { headers: Record<string, string>; visits: string[][] };
const given = (await json(process.stdin)) as { port: number; seconds: number; clients: Client[] };
const agent = new Agent({ keepAlive: true, maxSockets: given.clients.length });

function ask(path: string, headers: Client['headers']): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: given.port, path, headers, agent }, answer => {
      answer.resume();
      answer.once('end', () =>
        answer.statusCode === 200 ? resolve() : reject(new Error(`${answer.statusCode} ${path}`)),
      );
    });
    asked.once('error', reject).end();
  });
}

/** One visit after the other until `end`; those of the first second warm both sides. */
async function visit({ headers, visits }: Client, from: number, end: number, took: number[]): Promise<void> {
  for (let i = 0; performance.now() < end; i++) {
    const began = performance.now();
    for (const path of visits[i % visits.length]!) await ask(path, headers);
    if (began >= from) took.push(performance.now() - began);
  }
}

const from = performance.now() + 1500;
const end = from + given.seconds * 1000;
const took: number[] = [];
await Promise.all(given.clients.map(client => visit(client, from, end, took)));
process.stdout.write(JSON.stringify({ took, elapsed: performance.now() - from }));
process.exit(0);

/** The fetcher as a process that dies by SIGKILL at the n-th line of its log: `folder doorPort upstreamPort n`. */
import { createSubmitter } from '../daemon/smtp-client.ts';
import { openStore } from '../daemon/store.ts';
import { createFeed } from '../fetcher/feed.ts';
import { connectPop3 } from '../fetcher/pop3-client.ts';
import { fetchAccount } from '../fetcher/popfetch.ts';
import { accountAt, serviceKey, tellingLog } from './fetch-door.ts';

const [path = '', doorPort = '', upstreamPort = '', dieAt = ''] = process.argv.slice(2);
const store = await openStore({ path, writer: 'inline', fatal: error => console.error(error) });
const password = serviceKey;
const submitter = createSubmitter({
  host: '127.0.0.1',
  port: Number(doorPort),
  name: 'localhost',
  service: 'fetcher',
  password,
});
const account = accountAt(Number(upstreamPort));
let lines = 0;
const log = tellingLog(() => {
  if (++lines === Number(dieAt)) process.kill(process.pid, 'SIGKILL');
});
await fetchAccount({
  account,
  connect: () => connectPop3({ ...account, timeout: 10_000 }),
  fetched: store.fetched,
  feed: createFeed(submitter),
  maxSize: 1_000_000,
  now: Date.now,
  log,
  batch: 2,
});
await submitter.close();
await store.close();

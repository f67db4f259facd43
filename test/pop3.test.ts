import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { addAccount, deliver, password, startPop3 } from './pop3-house.ts';
import { playTalk, sentenceOf } from './talk.ts';

const folder = (name: string) => new URL(`talk/${name}/`, import.meta.url).pathname;
const talks = ['pop3', 'pop3s'].flatMap(kind => readdirSync(folder(kind)).map(name => folder(kind) + name));
/** 82, 94 and 89 octets with the prefix. */
const contents = [
  'Subject: one\r\n\r\nfirst\r\n',
  'Subject: two\r\n\r\n.dot\r\n..\r\n.\r\nlast\r\n',
  'Subject: three\r\n\r\nl1\r\nl2\r\nl3\r\n',
];

describe('the POP3 talks', () => {
  let pop3: Awaited<ReturnType<typeof startPop3>>;
  let hasty: typeof pop3;
  beforeAll(async () => {
    pop3 = await startPop3();
    hasty = await startPop3({ store: pop3.store, limits: { idle: 1500, login: 2500 } });
  });
  afterAll(async () => {
    await hasty.close(0);
    await pop3.stop();
  });

  for (const [i, path] of talks.entries()) {
    test(sentenceOf(path), async () => {
      const name = `user${i}`;
      const id = await addAccount(pop3.store, name);
      for (const content of contents) await deliver(pop3.store, id, content);
      const plain = Buffer.from(`\0${name}\0${password}`).toString('base64');
      const actForAnother = Buffer.from(`other\0${name}\0${password}`).toString('base64');
      const long = `NOOP ${'x'.repeat(300)}`;
      const { port: clear, tlsPort } = path.endsWith('idle.talk') ? hasty : pop3;
      const port = path.includes('/pop3s/') ? tlsPort : clear;
      await playTalk(path, { host: '127.0.0.1', port, values: { name, password, plain, actForAnother, long } });
    });
  }
});

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type House, startHouse, until } from './harness.ts';
import { popMessages, sendRaw } from './mail-talk.ts';
import { type NextHop, nextHop } from './next-hop.ts';

let house: House;
let hop: NextHop;
afterEach(async () => {
  await house.remove();
  await hop.close();
});

const password = 'correct horse 1';
const send = (to: string) =>
  sendRaw(house.ports.smtp, { from: 'eve@far.test', to: [to], data: Buffer.from('Subject: x\r\n\r\ny\r\n.\r\n') });

/** A settings file that can be written anew. */
async function start(lines: string[]): Promise<(lines: string[]) => void> {
  hop = await nextHop();
  let write: (lines: string[]) => void = () => {};
  house = await startHouse({
    file: ({ smtp, submission, pop3, http }, data) => {
      const ports = [`smtp_port ${smtp}`, `submission_port ${submission}`, `pop_port ${pop3}`, `http_port ${http}`];
      const fixed = [`data_path ${data}`, 'host_domain isp.test', ...ports, `gateway * 127.0.0.1:${hop.port}`];
      write = more => writeFileSync(join(data, 'cwmail.conf'), `${[...fixed, ...more].join('\n')}\n`);
      return `${[...fixed, ...lines].join('\n')}\n`;
    },
  });
  return write;
}

test('a reload parks what waits for a domain suspended now, and lets go what no longer is', async () => {
  const write = await start(['relay_to office.test', 'suspend_domain office.test']);
  await send('a@office.test');
  write(['relay_to office.test,other.test', 'suspend_domain other.test']);
  expect(await house.cli(['reload'])).toMatchObject({ code: 0 });
  await until('it went', () => hop.heard.includes('RCPT TO:<a@office.test>'));
  await send('b@other.test');
  const { stdout } = await house.cli(['queue', 'domains']);
  expect(stdout).toMatch(/^other\.test +suspended +1 +0 /m);
});

test('postmaster is written to of parked mail that nobody calls for', async () => {
  await start(['relay_to office.test', 'suspend_domain office.test', 'park_warn 1s']);
  await send('a@office.test');
  await house.stop();
  await house.restart();
  await house.addUser('postmaster@isp.test', password).catch(() => {});
  await until(
    'the letter is there',
    async () => {
      await house.cli(['user', 'passwd', 'postmaster@isp.test', '--password-stdin'], `${password}\n`);
      const letters = await popMessages(house.ports.pop3, 'postmaster@isp.test', password).catch(() => []);
      return letters.some(l =>
        /Subject: Mail is waiting to be collected[\s\S]* {2}office\.test {2}oldest of/.test(l.toString()),
      );
    },
    30_000,
  );
}, 180_000);

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommand } from './commands.ts';
import { corpusFolder } from './corpus-folder.ts';
import { type House, startHouse, testWith } from './harness.ts';
import { openTalk, type Talk } from './mail-talk.ts';

/** What may stand in MAIL and RCPT, and that nobody relays by any way of writing it. */

const password = 'correct horse 1';
const login = Buffer.from(`\0ann@localhost\0${password}`).toString('base64');
let house: House;
beforeAll(async () => {
  house = await startHouse();
  await house.addUser('ann@localhost', password);
});
afterAll(() => house?.remove());

async function begin(port: number, ...commands: string[]): Promise<Talk> {
  const talk = await openTalk(port);
  await talk.reply();
  await talk.ask('EHLO client.example');
  for (const command of commands) await talk.ask(command);
  return talk;
}
const signedIn = () => begin(house.ports.submission, `AUTH PLAIN ${login}`, 'MAIL FROM:<ann@localhost> SMTPUTF8');

const long = (octets: number) => 'x'.repeat(octets);
const domainOf = (octets: number) =>
  `${`${long(59)}.`.repeat(10)}`
    .slice(0, octets - 8)
    .replace(/\.$/, 'x')
    .concat('.example');

describe('addresses', () => {
  test.each([
    // plain, and all the letters atoms may have
    ['a@b.example', true],
    ["!#$%&'*+/=?^_`{|}~-@b.example", true],
    // quoted: @, spaces, brackets and escaped quotes inside
    ['"a@b c"@b.example', true],
    ['"a>b<c"@b.example', true],
    ['"a\\"b\\\\"@b.example', true],
    ['""@b.example', true],
    // domains: labels of hosts that have an underscore, A-labels, literals, one label alone
    ['a@mail_1.b.example', true],
    ['a@xn--hxajbheg2az3al.xn--jxalpdlp', true],
    ['a@[192.0.2.1]', true],
    ['a@[IPv6:2001:db8::1]', true],
    ['a@b', true],
    // other alphabets
    ['grün@b.example', true],
    ['a@bücher.example', true],
    // long: local parts of forwarding services, and the whole path
    [`${long(100)}@b.example`, true],
    [`a@${domainOf(252)}`, true],
    [`a@${domainOf(253)}`, false],
    // a source route is ignored
    ['@r.example,@s.example:a@b.example', true],
    // half a quote, two strings, letters beside a string
    ['"a@b.example', false],
    ['a"@b.example', false],
    ['"a"b@b.example', false],
    ['"a"."b"@b.example', false],
    // comments and spaces
    ['(c)a@b.example', false],
    ['a(c)@b.example', false],
    ['a @b.example', false],
    ['a b@b.example', false],
    // dots and hyphens where none may stand
    ['.a@b.example', false],
    ['a..b@b.example', false],
    ['a@b..example', false],
    ['a@-b.example', false],
    ['a@b.example-', false],
    ['a@b.example.', false],
    // broken literals
    ['a@[192.0.2.256]', false],
    ['a@[192.0.2.1', false],
    ['a@[IPv6:2001:db8::1::2]', false],
    // more than one @, none, nothing before it
    ['a@c@b.example', false],
    ['a', false],
    ['@b.example', false],
    // what cannot be seen
    ['a\u200b@b.example', false],
    ['a\u202eb@b.example', false],
    ['a\u0000@b.example', false],
    ['"a\tb"@b.example', false],
  ])('RCPT and MAIL read %j: %s', async (address, taken) => {
    const talk = await signedIn();
    const wire = Buffer.from(address).toString('latin1');
    expect(await askOctets(talk, `RCPT TO:<${wire}>`)).toMatch(taken ? /^250 / : /^501 /);
    talk.socket.destroy();
    const peer = await begin(house.ports.smtp);
    expect(await askOctets(peer, `MAIL FROM:<${wire}>`)).toMatch(taken ? /^250 / : /^501 /);
    peer.socket.destroy();
  });

  test('RCPT keeps a domain in A-labels, so that every next hop can take it', async () => {
    const talk = await signedIn();
    const wire = Buffer.from('Any@Bücher.example').toString('latin1');
    for (const to of [wire, 'other@xn--bcher-kva.example']) await askOctets(talk, `RCPT TO:<${to}>`);
    await talk.ask('DATA');
    expect(await talk.ask('Subject: x\r\n\r\n.')).toMatch(/^250 /);
    talk.socket.destroy();
    const queue = JSON.parse((await house.cli(['queue', 'list', '--json'])).stdout) as { recipient: string }[];
    expect(queue.map(d => d.recipient)).toEqual(['Any@xn--bcher-kva.example', 'other@xn--bcher-kva.example']);
  });

  test('RCPT reads a command of nothing but at signs in no time', async () => {
    for (const text of ['@'.repeat(12_000), '"@'.repeat(6000), '@a,'.repeat(4000), `<${'@a:'.repeat(4000)}`]) {
      const talk = await signedIn();
      const before = process.hrtime.bigint();
      await talk.ask(`RCPT TO:<${text}`);
      expect(Number(process.hrtime.bigint() - before) / 1e6).toBeLessThan(1000);
      talk.socket.destroy();
    }
  });

  const isemail = join(corpusFolder(), 'protocol/signup/isemail-tests.xml');
  test.skipIf(!existsSync(isemail))(
    'RCPT agrees with the 164 cases of isemail (in the large corpus)',
    async () => {
      const cases = casesOf(readFileSync(isemail, 'utf8'));
      expect(cases).toHaveLength(164);
      const verdicts: Record<string, number> = {};
      const wrong: string[] = [];
      for (const { id, address, category, diagnosis } of cases) {
        const talk = await signedIn();
        // Where the address brings line ends, each line is a command of its own, and none of them is an address.
        const lines = `RCPT TO:<${Buffer.from(address).toString('latin1')}>`.split('\r\n');
        const replies: string[] = [];
        for (const line of lines) replies.push(await askOctets(talk, line));
        const taken = replies.some(r => r.startsWith('250'));
        if (replies.some(r => !/^(250|50\d) /.test(r))) wrong.push(`${id}: ${replies.join(' | ')}`);
        const wellFormed = !/^ISEMAIL_(ERR|DEPREC|CFWS|RFC5322)$/.test(category) || deliverable.has(diagnosis);
        if (taken !== wellFormed) wrong.push(`${id} ${diagnosis} ${JSON.stringify(address)}: ${replies.join(' | ')}`);
        const key = `${category.slice(8)} ${taken ? 'taken' : 'refused'}`;
        verdicts[key] = (verdicts[key] ?? 0) + 1;
        talk.socket.destroy();
      }
      console.log(verdicts);
      expect(wrong).toEqual([]);
    },
    60_000,
  );
});

/** Against the letter of RFC 5321, but with a meaning that harms nobody: long local parts, one group as `::`. */
const deliverable = new Set(['ISEMAIL_RFC5322_LOCAL_TOOLONG', 'ISEMAIL_RFC5321_IPV6DEPRECATED']);

async function askOctets(talk: Talk, line: string): Promise<string> {
  talk.socket.write(Buffer.from(`${line}\r\n`, 'latin1'));
  return await talk.reply();
}

type Case = { id: string; address: string; category: string; diagnosis: string };

/** Control characters stand there as their pictures, U+2400 and on. */
function casesOf(xml: string): Case[] {
  const named: Record<string, string> = { lt: '<', gt: '>', quot: '"', amp: '&', apos: "'" };
  return [...xml.matchAll(/<test id="(\d+)">([\s\S]*?)<\/test>/g)].map(([, id = '', inner = '']) => {
    const of = (name: string) => new RegExp(`<${name}>([\\s\\S]*?)</${name}>`).exec(inner)?.[1] ?? '';
    const address = of('address')
      .replace(/&#x([0-9a-f]+);/gi, (_, hex) => String.fromCodePoint(Number.parseInt(hex, 16)))
      .replace(/&(\w+);/g, (_, name) => named[name] ?? '')
      .replace(/[\u2400-\u2421]/g, c => String.fromCharCode(c.charCodeAt(0) - 0x2400));
    return { id, address, category: of('category'), diagnosis: of('diagnosis') };
  });
}

describe('relaying', () => {
  const senders = ['', 'ann@localhost', 'eve@elsewhere.example', 'eve@[127.0.0.1]', 'postmaster@localhost'];
  const forms = [
    'x@elsewhere.example',
    'x@elsewhere.example.',
    'x%elsewhere.example@localhost',
    'x%elsewhere.example@[127.0.0.1]',
    'x%elsewhere.example',
    '"x%elsewhere.example"',
    '"x@elsewhere.example"',
    '"x@elsewhere.example"@localhost',
    '"x@elsewhere.example"@[127.0.0.1]',
    'x@elsewhere.example@localhost',
    'x@localhost@elsewhere.example',
    '@localhost:x@elsewhere.example',
    '@[127.0.0.1]:x@elsewhere.example',
    '@localhost,@relay.example:x@elsewhere.example',
    '@elsewhere.example:ann@localhost.elsewhere.example',
    'elsewhere.example!x',
    'elsewhere.example!x@localhost',
    'elsewhere.example!x@[127.0.0.1]',
    'x@[127.0.0.1]',
    'ann@[IPv6:::1]',
    'x@elsewhere.example%localhost',
    'x@elsewhere.example:25',
    'ann@localhost\\@elsewhere.example',
    '"ann@localhost"@elsewhere.example',
    'ann@localhost.elsewhere.example',
    'ann@localhost,x@elsewhere.example',
    'ann@localhost>,<x@elsewhere.example',
    'ann@localhost> <x@elsewhere.example',
    'x@elsewhere.example%localhost@localhost',
    'localhost!x@elsewhere.example',
    '@localhost:@relay.example:x@elsewhere.example',
    '"x"@elsewhere.example',
    '"ann@localhost> <x"@elsewhere.example',
    'ann@localhost..elsewhere.example',
    'ann@localhost\u3002elsewhere.example',
    'x@\uff45lsewhere.example',
    'x@elsewhere.example\u00a0@localhost',
    'ann@[localhost]',
    'x@2130706433',
    'x@0x7f.1',
  ];
  test.each([['smtp'], ['submission']] as const)(
    'RCPT on the %s port takes no form of a foreign address from a stranger',
    async port => {
      const taken: string[] = [];
      for (const sender of senders)
        for (const form of forms) {
          const talk = await begin(house.ports[port], `MAIL FROM:<${sender}>`);
          const reply = await talk.ask(`RCPT TO:<${form}>`);
          if (!/^5\d\d /.test(reply)) taken.push(`<${sender}> to <${form}>: ${reply}`);
          talk.socket.destroy();
        }
      expect(taken).toEqual([]);
    },
  );

  test('MAIL gives nobody a foreign name: a user sends with addresses of her own', async () => {
    const own = ['ann@localhost', 'ANN@LOCALHOST', 'ann+news@localhost', ''];
    const foreign = ['bob@localhost', 'eve@elsewhere.example', '"ann@localhost"@elsewhere.example', 'ann@[127.0.0.1]'];
    const talk = await begin(house.ports.submission, `AUTH PLAIN ${login}`);
    for (const sender of [...own, ...foreign]) {
      expect(await talk.ask(`MAIL FROM:<${sender}>`)).toMatch(own.includes(sender) ? /^250 / : /^550 5\.7\.1 /);
      await talk.ask('RSET');
    }
    talk.socket.destroy();
  });

  test('XCLIENT, XFORWARD and PROXY change nothing: they are not taken', async () => {
    for (const line of [
      'XCLIENT ADDR=127.0.0.1 LOGIN=ann@localhost',
      'XFORWARD ADDR=127.0.0.1',
      'PROXY TCP4 127.0.0.1 127.0.0.1 1 25',
    ]) {
      const talk = await begin(house.ports.smtp);
      expect(await talk.ask(line)).toMatch(/^(5\d\d|421) /);
      talk.socket.destroy();
    }
  });

  testWith('nmap', 'nmap')(
    'nmap finds no open relay on either port',
    async () => {
      for (const port of [house.ports.smtp, house.ports.submission]) {
        // The plus runs the script on a port that is not 25.
        const args = ['-p', `${port}`, '--script', '+smtp-open-relay', '-Pn', '-n', '127.0.0.1'];
        const { code, out } = await runCommand('nmap', args);
        expect(code).toBe(0);
        expect(out).toMatch(
          /smtp-open-relay: Server (doesn't seem to be an open relay, all tests failed|isn't an open relay, authentication needed)/,
        );
      }
    },
    60_000,
  );
});

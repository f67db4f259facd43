import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadSettings } from '../daemon/config.ts';
import { readAliases } from '../daemon/mail/aliases.ts';
import { inMemory, noSummary, plainTerms } from './acceptance.ts';
import { type Door, openDoor, stranger } from './recipient-rig.ts';

/** Who gets the mail for an address: the chain from a recipient to its routes. */

const submitter = (door: Door) => ({ ...stranger, origin: 'submitter' as const, account: door && null });

describe('chain', () => {
  let door: Door;
  beforeAll(async () => {
    door = await openDoor([
      'host_domain=us.test,other.test',
      'vdomain=abc /xdom vir.test',
      'vdomain=def /plain plain.test',
      'forward_cc=*@plain.test archive@far.test',
      // The worked example of the original's manual, word by word.
      'forward=bob@domain1.test bob@domain2.test',
      'forward=fred@domain1.test bob@domain3.test',
      'forward=*@domain1.test default@domain4.test',
      'forward=away@us.test far@far.test',
      'forward=away-?@us.test pattern@far.test',
      'forward=sa*es-*@*.test sales@far.test',
      'forward=tag+own@us.test owntag@far.test',
      'forward=tag@us.test base@far.test',
      'forward=copy@us.test copy@us.test',
      'forward=copy@us.test copied@far.test',
      'forward=self@us.test self+in@us.test',
      'forward=ring1@us.test ring2@us.test',
      'forward=ring2@us.test ring1@us.test',
      'forward=caught@vir.test caught@far.test',
      'forward=*@vir.test all@far.test',
      'forward_cc=ann@us.test archive@far.test',
      'forward_cc=ghost@us.test archive@far.test',
      'forward_cc=away@us.test archive@far.test',
      'alias=team@us.test ann@us.test',
      'alias=team@us.test carl@us.test',
      'alias=team@us.test nobody@us.test',
      'relay_to=backup.test,*.below.test',
      'fallback_address=us.test ann+lost@us.test',
    ]);
    for (const name of ['ann', 'carl', 'bob', 'copy', 'self', 'tag', 'quota', 'off', 'both', 'gone', 'loop1', 'loop2'])
      await door.account(`${name}@us.test`);
    for (const domain of ['vir.test', 'plain.test']) await door.account(`bob@${domain}`);
    const set = async (name: string, fields: { forwards?: string[]; keepsCopy?: boolean; disabled?: boolean }) => {
      const { id } = (await door.store.accounts.byAddress(`${name}@us.test`))!;
      await door.store.accounts.set(id, fields);
      await door.store.forwardConsents.free(id, fields.forwards ?? [], 1);
    };
    await set('off', { disabled: true });
    await set('both', { forwards: ['ann@us.test', 'friend@far.test'], keepsCopy: true });
    await set('gone', { forwards: ['friend@far.test'] });
    await set('loop1', { forwards: ['loop2@us.test'] });
    await set('loop2', { forwards: ['loop1@us.test'] });
  });
  afterAll(() => door.close());

  test.each([
    // the plain cases
    ['bob@us.test', ['box bob@us.test']],
    ['BOB@US.TEST', ['box BOB@US.TEST']],
    ['bob+tag@us.test', ['box bob+tag@us.test']],
    // all forwards that match apply, and replace the original
    ['bob@domain1.test', ['on bob@domain2.test', 'on default@domain4.test']],
    ['fred@domain1.test', ['on bob@domain3.test', 'on default@domain4.test']],
    ['anybody@domain1.test', ['on default@domain4.test']],
    ['bob+x@domain1.test', ['on default@domain4.test']],
    // wildcards anywhere
    ['away-7@us.test', ['on pattern@far.test']],
    ['away-77@us.test', ['box ann+lost@us.test', 'on archive@far.test']],
    ['sables-eu@shop.test', ['on sales@far.test']],
    // a tag goes with its name, unless a line is for that very address
    ['away+x@us.test', ['on far@far.test', 'on archive@far.test']],
    ['tag+x@us.test', ['on base@far.test']],
    ['tag+own@us.test', ['on owntag@far.test']],
    ['caught+x@vir.test', ['on caught@far.test', 'on all@far.test']],
    // to itself: a copy is kept
    ['copy@us.test', ['box copy@us.test', 'on copied@far.test']],
    ['copy+x@us.test', ['box copy+x@us.test', 'on copied@far.test']],
    ['self@us.test', ['box self+in@us.test']],
    // forward_cc: the original too, if it is there; a forward line decides about the original
    ['ann@us.test', ['box ann@us.test', 'on archive@far.test']],
    ['away@us.test', ['on far@far.test', 'on archive@far.test']],
    ['bob@plain.test', ['box bob@plain.test', 'on archive@far.test']],
    ['nobody@plain.test', ['550 1.1']],
    // groups: who is unknown is left out; ann's copy goes to the archive
    ['team@us.test', ['box ann@us.test', 'on archive@far.test', 'box carl@us.test', 'box ann+lost@us.test']],
    // accounts' own forwards
    ['both@us.test', ['box both@us.test', 'box ann@us.test', 'on archive@far.test', 'on friend@far.test']],
    ['gone@us.test', ['on friend@far.test']],
    ['gone+x@us.test', ['on friend@far.test']],
    // circles end, and nothing is left hanging
    ['ring1@us.test', ['550 4.6']],
    ['loop1@us.test', ['550 4.6']],
    // closed
    ['off@us.test', ['550 2.1']],
    // further names of host_domain are the first's; a vdomain has people of its own
    ['bob@other.test', ['box bob@us.test']],
    ['bob+x@other.test', ['box bob+x@us.test']],
    ['quota@vir.test', ['on all@far.test']],
    // nobody: the fallback, but never for a domain without one
    ['nobody@us.test', ['box ann+lost@us.test', 'on archive@far.test']],
    ['nobody@other.test', ['box ann+lost@us.test', 'on archive@far.test']],
    // the house's own addresses
    ['abuse@us.test', ['box postmaster@us.test']],
    ['Abuse@other.test', ['box postmaster@us.test']],
    // other domains: only those of relay_to, and only what it says
    ['any@backup.test', ['on any@backup.test']],
    ['any@sub.backup.test', ['550 7.1']],
    ['any@a.below.test', ['on any@a.below.test']],
    ['any@a.b.below.test', ['on any@a.b.below.test']],
    ['any@below.test', ['550 7.1']],
    ['any@notbelow.test', ['550 7.1']],
    ['any@far.test', ['550 7.1']],
  ])('of %s, brought by a stranger, is %j', async (address, routes) => {
    expect(await door.leadsTo(address)).toEqual(routes);
  });

  test('says by which right mail is sent on', async () => {
    const why = async (address: string, visitor = stranger) => {
      const { trace } = await door.intake.route(visitor, address);
      return trace.find(t => t.step === 'relay')?.result;
    };
    expect(await why('x@backup.test')).toBe('relay_to backup.test');
    expect(await why('x@y.below.test')).toBe('relay_to *.below.test');
    expect(await why('x@far.test')).toMatch(/^Relaying denied/);
    expect(await why('x@far.test', submitter(door))).toBe('another domain');
  });

  test('costs the plain recipient one look-up', async () => {
    let lookups = 0;
    const byAddress = door.store.accounts.byAddress;
    door.store.accounts.byAddress = address => {
      lookups++;
      return byAddress(address);
    };
    expect(await door.leadsTo('bob@us.test')).toEqual(['box bob@us.test']);
    door.store.accounts.byAddress = byAddress;
    expect(lookups).toBe(1);
  });

  test('sees settings that a reload has put in the place of others', async () => {
    const before = door.settings.forward;
    door.settings.forward = [...before, { from: 'bob@us.test', to: 'new@far.test' }];
    expect(await door.leadsTo('bob@us.test')).toEqual(['on new@far.test']);
    door.settings.forward = before;
    expect(await door.leadsTo('bob@us.test')).toEqual(['box bob@us.test']);
  });

  test('gives a full member of a group its mail, and asks to come later where all are full', async () => {
    const { id } = (await door.store.accounts.byAddress('carl@us.test'))!;
    await door.store.accounts.set(id, { quota: 1 });
    await door.store.accept(
      (await door.intake.prepareReport({ to: 'carl@us.test', bytes: Buffer.from('x: y\r\n\r\n'), key: 'k' }))!,
    );
    expect(await door.leadsTo('carl@us.test')).toEqual(['452 2.2']);
    expect(await door.leadsTo('team@us.test')).toContain('box carl@us.test');
  });

  test('asks to come later where a mailbox is full that would keep a copy, or what is too much to be sent on', async () => {
    const { id } = (await door.store.accounts.byAddress('carl@us.test'))!;
    const { user_max_forwards } = door.settings;
    await door.store.forwardConsents.free(id, ['friend@far.test'], 1);
    await door.store.accounts.set(id, { forwards: ['friend@far.test'], keepsCopy: true });
    expect(await door.leadsTo('carl@us.test')).toEqual(['452 2.2']);
    expect(await door.leadsTo('team@us.test')).toEqual(
      expect.arrayContaining(['box carl@us.test', 'on friend@far.test']),
    );
    await door.store.accounts.set(id, { keepsCopy: false });
    expect(await door.leadsTo('carl@us.test')).toEqual(['on friend@far.test']);
    door.settings.user_max_forwards = 1;
    const mail = { to: 'carl@us.test', bytes: Buffer.from('x: y\r\n\r\n'), key: 'k2' };
    await door.store.accept((await door.intake.prepareReport(mail))!);
    expect(await door.leadsTo('carl@us.test')).toEqual(['452 2.2']);
    door.settings.user_max_forwards = 0;
    expect(await door.leadsTo('carl@us.test')).toEqual(['on friend@far.test']);
    door.settings.user_max_forwards = user_max_forwards;
    await door.store.accounts.set(id, { forwards: [] });
  });
});

describe('chain of many', () => {
  test('refuses, for the time being, a recipient that is more than a thousand or endlessly deep, and leaves nobody out of a thousand', async () => {
    const group = (name: string, n: number) =>
      Array.from({ length: n }, (_, i) => `alias=${name}@us.test m${i}@far.test`);
    const deep = Array.from({ length: 30 }, (_, i) => `alias=d${i}@us.test d${i + 1}@us.test`);
    const door = await openDoor(['host_domain=us.test', ...group('k', 1000), ...group('many', 1001), ...deep]);
    expect(await door.leadsTo('k@us.test')).toHaveLength(1000);
    expect(await door.leadsTo('many@us.test')).toEqual(['451 2.4']);
    expect(await door.leadsTo('d0@us.test')).toEqual(['451 2.4']);
    await door.close();
  });

  test('tells every step at any log level with log_chain, and nothing at level error without', async () => {
    const door = await openDoor(['host_domain=us.test', 'forward=bob@us.test ann@us.test', 'log_chain=true']);
    await door.account('ann@us.test');
    await door.intake.routeRecipient(stranger, 'bob@us.test', 'session1');
    expect(door.said.map(l => l.event)).toEqual([
      'Starting rcpt chain for bob@us.test',
      'Adding ann@us.test to rcpt chain',
      'Adding ann@us.test to rcpt chain',
    ]);
    expect(door.said.map(l => l.step)).toEqual([
      undefined,
      'bob@us.test -> forward: ann@us.test',
      'ann@us.test -> mailbox: ann@us.test',
    ]);
    expect(door.said.every(l => l.id === 'session1')).toBe(true);
    door.settings.log_chain = false;
    await door.intake.routeRecipient(stranger, 'bob@us.test', 'session1');
    expect(door.said).toHaveLength(3);
    await door.close();
  });
});

describe('alias files', () => {
  test('are read with comments, continuations, quotes and names without a domain', () => {
    const text = `\uFEFF# a comment
root: ann, "bob smith"@us.test
Team: ann,
  carl@far.test ,
\tdave
   # a comment among them

postmaster: root
"odd name": ann
full@vir.test: ann@vir.test
root: eve
`;
    const { aliases, mistakes } = readAliases(text, 'us.test');
    expect(mistakes).toEqual([]);
    expect(Object.fromEntries(aliases)).toEqual({
      'root@us.test': ['ann@us.test', '"bob smith"@us.test', 'eve@us.test'],
      'team@us.test': ['ann@us.test', 'carl@far.test', 'dave@us.test'],
      'postmaster@us.test': ['root@us.test'],
      '"odd name"@us.test': ['ann@us.test'],
      'full@vir.test': ['ann@vir.test'],
    });
  });

  test.each([
    ['a: |/bin/prog', /a program cannot be a target/],
    ['a: "|/bin/prog -x, y"', /a program cannot be a target/],
    ['a: /var/mail/a', /a file cannot be a target/],
    ['a: :include:/etc/list', /no :include: here/],
    ['a:', /no target/],
    ['no colon here', /the form is/],
    ['a: b c', /"b c" is no address/],
    ['a@b@c: d', /no name an address can have/],
  ])('refuse %j', (line, why) => {
    expect(readAliases(`ok: ann\n${line}\n`, 'us.test').mistakes).toEqual([
      { line: 2, message: expect.stringMatching(why) },
    ]);
  });

  test('lead on, are read again when they change, and keep what they said while they hold a mistake', async () => {
    const folder = await openDoor([]);
    const file = join(folder.path, 'aliases');
    writeFileSync(file, 'info: ann\nroot: info\ninfo+own: ann\n');
    const door = await openDoor(['host_domain=us.test', `alias_file=${file}`, 'forward=moved@us.test x@far.test']);
    door.settings.forward = [...door.settings.forward, { from: 'info@us.test', to: 'info@us.test' }];
    await door.account('ann@us.test');
    expect(await door.leadsTo('root@us.test')).toEqual(['box ann@us.test']);
    expect(await door.leadsTo('info+own@us.test')).toEqual(['box ann@us.test']);
    expect(await door.leadsTo('moved+x@us.test')).toEqual(['on x@far.test']);
    const change = (text: string) => {
      writeFileSync(`${file}.new`, text);
      renameSync(`${file}.new`, file);
      door.clock.at += 2000;
    };
    change('info: other@far.test\n');
    expect(await door.leadsTo('info@us.test')).toEqual(['on other@far.test']);
    change('info: |program\n');
    expect(await door.leadsTo('info@us.test')).toEqual(['on other@far.test']);
    expect(door.said.at(-1)).toMatchObject({ line: 1, message: expect.stringMatching(/program/) });
    change('');
    expect(await door.leadsTo('info@us.test')).toEqual(['550 1.1']);
    await door.close();
    await folder.close();
  });

  test('that can never be read make their domain wait, and no other', async () => {
    const folder = await openDoor([]);
    const file = join(folder.path, 'aliases');
    writeFileSync(file, 'info: ann\n');
    const door = await openDoor([
      'host_domain=us.test,two.test',
      `alias_file_domain=two.test ${file}`,
      'vdomain=a /v vir.test',
    ]);
    renameSync(file, `${file}.away`);
    await door.account('ann@us.test');
    expect(await door.leadsTo('ann@two.test')).toEqual(['451 3.5']);
    expect(await door.leadsTo('ann@us.test')).toEqual(['box ann@us.test']);
    await door.close();
    await folder.close();
  });
});

test('checkForward knows what would come back, through aliases, forwards and people, and what nobody takes', async () => {
  const door = await openDoor([
    'host_domain=us.test,other.test',
    'alias=round@us.test ann@us.test',
    'forward=line@far.test ann@us.test',
  ]);
  const ann = await door.account('ann@us.test');
  const bob = await door.account('bob@us.test');
  await door.store.accounts.set(bob.id, { forwards: ['ann@us.test'], keepsCopy: true });
  await door.account('cy@us.test');
  const kinds = ['ann@us.test', 'Ann+x@us.test', 'ann@other.test', 'round@us.test', 'line@far.test', 'bob@us.test'];
  for (const address of kinds) expect(await door.intake.checkForward(ann, address)).toEqual({ kind: 'circle' });
  // Whoever is elsewhere is asked, unless the house asks nobody.
  const asks = async (address: string) => await door.intake.checkForward(ann, address);
  expect(await asks('cy@us.test')).toEqual({ kind: 'ok', asks: false });
  expect(await asks('Ann@Far.test')).toEqual({ kind: 'ok', asks: true });
  door.settings.forward_confirm = false;
  expect(await asks('ann@far.test')).toEqual({ kind: 'ok', asks: false });
  expect(await door.intake.checkForward(ann, 'nobody@us.test')).toEqual({ kind: 'refused', why: 'No such user here' });
  await door.close();
});

test('route sends on where nobody is asked, but not to who said no', async () => {
  const door = await openDoor(['host_domain=us.test']);
  const ann = await door.account('ann@us.test');
  await door.store.accounts.set(ann.id, { forwards: ['yes@far.test', 'no@far.test'] });
  const letter = { accountId: ann.id, address: 'no@far.test', secret: 'x', until: 2e12, subject: 'May it?', text: 'x' };
  expect(await door.intake.askForward(letter)).toBe('asked');
  await door.store.forwardConsents.answer('x', 'refused', 1);
  expect(await door.leadsTo('ann@us.test')).toEqual(['box ann@us.test']);
  door.settings.forward_confirm = false;
  expect(await door.leadsTo('ann@us.test')).toEqual(['box ann@us.test', 'on yes@far.test']);
  await door.close();
});

test('a group whose members send on to one address stays with each of them who may not', async () => {
  const team = ['ann', 'bob', 'cy'].map(name => `alias=team@us.test ${name}@us.test`);
  const door = await openDoor(['host_domain=us.test', ...team]);
  for (const name of ['ann', 'bob', 'cy']) {
    const { id } = await door.account(`${name}@us.test`);
    await door.store.accounts.set(id, { forwards: ['boss@far.test'] });
    await door.store.forwardConsents.free(id, ['boss@far.test'], 1);
  }
  const total = async (name: string) => {
    const { id } = (await door.store.accounts.byAddress(`${name}@us.test`))!;
    return (await door.store.folders.byRole(id, 'inbox')).total;
  };
  const give = async (to: string) => {
    const { routes } = await door.intake.routeRecipient(stranger, to, 'x');
    const terms = {
      ...plainTerms,
      ...inMemory(Buffer.from('Subject: x\r\n\r\nx\r\n')),
      summary: noSummary,
      forwardsPerHour: 1,
    };
    const recipients = [{ address: to, notify: null, orcpt: null, routes }];
    return (await door.store.accept({ ...terms, receivedAt: 1e12, recipients })).queued;
  };
  // Of ann's one copy an hour is gone: it goes as bob's, and cy's share in it is there already.
  expect([await give('ann@us.test'), await give('team@us.test')]).toEqual([1, 1]);
  expect([await total('ann'), await total('bob'), await total('cy')]).toEqual([1, 0, 0]);
  expect([await give('team@us.test'), await give('team@us.test')]).toEqual([1, 0]);
  expect([await total('ann'), await total('bob'), await total('cy')]).toEqual([3, 2, 1]);
  await door.close();
});

test('a full member of a group does not stop what another sends on to the same address', async () => {
  const door = await openDoor([
    'host_domain=us.test',
    'alias=team@us.test ann@us.test',
    'alias=team@us.test bob@us.test',
  ]);
  for (const [name, keepsCopy] of [
    ['ann', true],
    ['bob', false],
  ] as const) {
    const { id } = await door.account(`${name}@us.test`);
    await door.store.accounts.set(id, { forwards: ['boss@far.test'], keepsCopy, ...(keepsCopy && { quota: 1 }) });
    await door.store.forwardConsents.free(id, ['boss@far.test'], 1);
  }
  const mail = { to: 'ann@us.test', bytes: Buffer.from('x: y\r\n\r\n'), key: 'k' };
  await door.store.accept((await door.intake.prepareReport(mail))!);
  expect(await door.leadsTo('ann@us.test')).toEqual(['452 2.2']);
  expect(await door.leadsTo('team@us.test')).toEqual(['on boss@far.test', 'box ann@us.test']);
  await door.close();
});

describe('settings of recipients', () => {
  const mistakesOf = (line: string) => loadSettings({ config: null, set: [line] }).mistakes.map(m => m.message);
  test.each([
    ['forward=a@b.test |/bin/prog with words', /a program cannot be a target/],
    ['forward=a@b.test /var/mail/a', /a file cannot be a target/],
    ['forward=bob x@y.test', /an address such as/],
    ['forward=* x@y.test', /a pattern for some/],
    ['forward=a@b.test', /the form is: forward FROM TO/],
    ['alias=*@b.test x@y.test', /patterns are for forward lines/],
    ['alias_file=/nonexistent/aliases', /cannot be read/],
    ['relay_to=*', /anything wider would relay for the whole world/],
    ['relay_to=*.*', /anything wider/],
    ['relay_to=exa*ple.org', /anything wider/],
    ['vdomain=abc /xdom', /the domain is missing.*vdomain abc \/xdom DOMAIN, not/],
    [
      'vdomain=abc 10.0.0.1 /var/spool/mail/x',
      /the domain is missing.*vdomain abc 10\.0\.0\.1 DOMAIN \/var\/spool\/mail\/x/,
    ],
    ['vdomain=abc xdom vir.test', /neither an IP address nor a suffix/],
    ['vdomain=abc', /the form is: vdomain/],
    ['log_chain=perhaps', /true or false/],
    ['max_rcpts=0', /a whole number/],
    ['forward_from_ip=10.0-3.*', /never both/],
    ['send_as=ann@us.test', /the form is: send_as/],
    ['smtp_welcome=gr\u00fc\u00df', /plain ASCII/],
  ])('%s is a mistake', (line, why) => {
    expect(mistakesOf(line)).toEqual([expect.stringMatching(why)]);
  });

  const warningsOf = (line: string) => loadSettings({ config: null, set: [line] }).warnings.map(w => w.message);
  test.each([
    ['forward_from_ip=*', /the whole world may relay/],
    ['forward_from_ip=0.0.0.0/0', /the whole world may relay/],
    ['forward_from_ip=0.0.0.0/1,128.0.0.0/1', /the whole world may relay/],
    ['forward_from_ip=::/0', /the whole world may relay/],
    ['forward_from_ip=*,!10.0.0.1', /the whole world may relay/],
    ['forward_from_ip=!10.0.0.1', /no address can pass/],
    ['xclient_ip=*', /anybody may claim/],
    ['proxy_protocol_ip=0.0.0.0/0', /anybody may claim/],
    ['relay_to=*.com', /whole top-level domain/],
    ['max_rcpts=10', /100 recipients/],
  ])('%s is odd', (line, why) => {
    expect(warningsOf(line)).toEqual([expect.stringMatching(why)]);
  });

  test.each([
    'forward_from_ip=10.0.0.0/8,192.168.*,127.0.0.1',
    'relay_to=*.example.org',
    'vdomain=abc @vir.test vir.test c:\\dmail\\in',
  ])('%s is fine', line => {
    expect([...mistakesOf(line), ...warningsOf(line)]).toEqual([]);
  });
});

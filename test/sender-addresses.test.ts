import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Account } from '../daemon/store.ts';
import { type Door, openDoor } from './recipient-rig.ts';

let door: Door;
let ann: Account;
let bob: Account;
beforeAll(async () => {
  const file = join(tmpdir(), `aliases-${process.pid}`);
  writeFileSync(file, 'office: sales@one.example\nothers: bob\n');
  door = await openDoor([
    'host_domain=one.example',
    'host_domain=two.example',
    'alias=sales@one.example ann@one.example',
    'alias=info@one.example sales@one.example',
    'alias=round@one.example round2@one.example',
    'alias=round2@one.example round@one.example',
    `alias_file=${file}`,
    'forward=copies@one.example ann@one.example',
    'send_as=ann@one.example chief@one.example',
    'send_as=ann@one.example *@club.example',
  ]);
  ann = await door.account('ann@one.example');
  bob = await door.account('bob@one.example');
});
afterAll(() => door.close());

test('addressesOf names what leads to the account, and what it is let send as; each may be used', async () => {
  const found = await door.intake.addressesOf(ann);
  expect(found).toEqual(['chief@one.example', 'info@one.example', 'office@one.example', 'sales@one.example']);
  for (const address of found) expect(await door.intake.refuseAs(ann, address)).toBeNull();
  expect(await door.intake.addressesOf(bob)).toEqual(['others@one.example']);
});

test.each([
  ['ann@one.example', true],
  ['ann+shop@one.example', true],
  ['x@club.example', true],
  ['ann@two.example', true],
  ['bob@one.example', false],
  ['copies@one.example', false],
  ['round@one.example', false],
  ['x@far.example', false],
])('refuseAs of %s says what the door would: may use it is %s', async (address, may) => {
  const refusal = await door.intake.refuseAs(ann, address);
  expect(refusal === null).toBe(may);
  const visitor = { origin: 'submitter' as const, account: ann, address: '127.0.0.1' };
  expect((await door.intake.refuseSender(visitor, address, null)) === null).toBe(may);
});

import { expect, test } from 'vitest';
import { answeredSubject, bareSubject, nameKey, namesOf, sameCorrespondents } from '../daemon/mail/kinship.ts';

test('namesOf believes the own id first, then what is answered, then ancestors from the nearest, and the root', () => {
  const many = Array.from({ length: 50 }, (_, i) => `r${i}@x`);
  const names = namesOf({ messageId: 'own@x', inReplyTo: 'r49@x', references: many });
  expect(names.slice(0, 3)).toEqual(['own@x', 'r49@x', 'r48@x']);
  expect(names.at(-1)).toBe('r0@x');
  expect(names.length).toBeLessThanOrEqual(12);
  expect(namesOf({ messageId: null, inReplyTo: null, references: [] })).toEqual([]);
});

test('nameKey is a number every engine keeps whole, and differs by letter case', () => {
  expect(nameKey('a@x')).toBeLessThan(2 ** 48);
  expect(nameKey('a@x')).not.toBe(nameKey('A@x'));
});

test.each([
  // An answer, in the tongues mailers write it in, once or piled up.
  ['Re: Garden', 'garden'],
  ['RE:  Re: Garden  party', 'garden party'],
  ['AW: Sv: Garten', 'garten'],
  ['Re[2]: Garden', 'garden'],
  ['回复：花园', '花园'],
  // No answer: nothing in front, something else in front, or nothing behind.
  ['Garden', null],
  ['Fwd: Garden', null],
  ['Reading list', null],
  ['Re: ', null],
  ['', null],
])('answeredSubject reads %j as %j', (subject, bare) => {
  expect(answeredSubject(subject)).toBe(bare);
  expect(bareSubject(subject)).toBe(
    bare ??
      subject
        .replace(/^Re: $/, '')
        .trim()
        .toLowerCase(),
  );
});

test('bareSubject takes time linear in what a stranger piles up', () => {
  expect(bareSubject('re:'.repeat(100_000))).toBe('r');
});

const mail = (from: string, to: string, name = '') => ({ fromName: name, fromAddress: from, to });
test.each([
  // The same author again; an answer of who was written to, by address or by name; an answer to who wrote.
  [mail('bob@x', 'ann@y'), mail('BOB@x', 'ann@y'), true],
  [mail('bob@x', 'ann@y'), mail('ann@y', 'cy@z, bob@x'), true],
  [mail('bob@x', 'ann@y', 'Bob B.'), mail('ann@y', 'Bob B.'), true],
  [mail('ann@y', 'bob@x'), mail('bob@x', 'ann@y'), true],
  // A stranger who uses the subject; part of a name is not the name; nobody is nobody.
  [mail('eve@x', 'ann@y'), mail('bob@x', 'ann@y'), false],
  [mail('bob@x', 'cy@z', 'Bob'), mail('ann@y', 'Bobby'), false],
  [mail('', 'ann@y'), mail('', 'ann@y'), false],
])('sameCorrespondents %j of %j: %s', (answer, answered, same) => {
  expect(sameCorrespondents(answer, answered)).toBe(same);
});

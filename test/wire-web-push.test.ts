import { createECDH, createPublicKey, verify } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createVapid, encryptPush } from '../daemon/wire/web-push.ts';
import { decryptPush, receiver } from './push-receiver.ts';

describe('encryptPush', () => {
  test('uses the keys as the example of RFC 8291 §5 does', () => {
    const browser = createECDH('prime256v1');
    browser.setPrivateKey(Buffer.from('q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94', 'base64url'));
    const server = createECDH('prime256v1');
    server.setPrivateKey(Buffer.from('yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw', 'base64url'));
    const keys = { p256dh: browser.getPublicKey('base64url'), auth: 'BTBZMqHH6r4Tts7J_aSIgg' };
    expect(keys.p256dh).toMatch(/^BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-/);
    const salt = Buffer.from('DGv6ra1nlYgDCS1FRnbzlw', 'base64url');
    const body = encryptPush('When I grow up, I want to be a watermelon', keys, server, salt)!;
    // Salt, record size, our key and the words are those of the example; its padding is none.
    const example =
      'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN';
    const expected = Buffer.from(example, 'base64url');
    expect(body.subarray(0, 86 + 41).equals(expected.subarray(0, 86 + 41))).toBe(true);
    expect(decryptPush(body, browser, Buffer.from(keys.auth, 'base64url'))).toBe(
      'When I grow up, I want to be a watermelon',
    );
  });

  test('is read by whom it is for, and its length tells little', () => {
    const { own, auth, keys } = receiver();
    for (const text of ['', 'x', 'Grüße 🌸', 'a'.repeat(500)]) {
      const body = encryptPush(text, keys)!;
      expect(decryptPush(body, own, auth)).toBe(text);
      expect(body.length).toBe(encryptPush('x', keys)!.length);
    }
    expect(decryptPush(encryptPush('a'.repeat(3000), keys)!, own, auth)).toHaveLength(3000);
    expect(encryptPush('a'.repeat(3900), keys)!.length).toBeLessThanOrEqual(4096 + 86);
    expect(encryptPush('x', keys)).not.toEqual(encryptPush('x', keys));
  });

  test.each([
    ['', ''],
    ['BAAA', 'BTBZMqHH6r4Tts7J_aSIgg'],
    // no point of the curve
    [`B${'A'.repeat(86)}`, 'BTBZMqHH6r4Tts7J_aSIgg'],
    [receiver().keys.p256dh, 'short'],
  ])('refuses what are no keys: %s %s', (p256dh, auth) => {
    expect(encryptPush('x', { p256dh, auth })).toBe(null);
  });
});

test('createVapid says who sends, to that push service, for less than a day (RFC 8292 §2)', () => {
  const vapid = createVapid('secret', 'mailto:postmaster@example.org');
  expect(createVapid('secret', '').publicKey).toBe(vapid.publicKey);
  expect(createVapid('other', '').publicKey).not.toBe(vapid.publicKey);
  const now = 1_800_000_000_000;
  const { Authorization } = vapid.headers('https://push.example/send/abc?x=1', now);
  const [, token = '', key = ''] = /^vapid t=([\w.-]+), k=([\w-]+)$/.exec(Authorization!) ?? [];
  expect(key).toBe(vapid.publicKey);
  const [head = '', claims = '', signature = ''] = token.split('.');
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());
  expect(read(head)).toEqual({ typ: 'JWT', alg: 'ES256' });
  expect(read(claims)).toMatchObject({ aud: 'https://push.example', sub: 'mailto:postmaster@example.org' });
  expect(read(claims).exp - now / 1000).toBe(43_200);
  const point = Buffer.from(key, 'base64url');
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map(part => part.toString('base64url'));
  const publicKey = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: x!, y: y! }, format: 'jwk' });
  const signed = { key: publicKey, dsaEncoding: 'ieee-p1363' as const };
  expect(verify('sha256', Buffer.from(`${head}.${claims}`), signed, Buffer.from(signature, 'base64url'))).toBe(true);
});

/**
 * What a push service is given to carry: a message only the browser can read (RFC 8291), and our word for who sends it
 * (RFC 8292). Pure: nothing is sent from here.
 */
import {
  createCipheriv,
  createECDH,
  createHash,
  createPrivateKey,
  type ECDH,
  hkdfSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';

export type PushKeys = {
  /** The browser's public key, 65 octets uncompressed, and its secret of 16 octets; base64url. */
  p256dh: string;
  auth: string;
};

export type Vapid = {
  /** What browsers subscribe with, base64url: they take messages from nobody else. */
  publicKey: string;
  /** The header fields of a message to the push service at that address; `at` in ms. */
  headers(endpoint: string, at: number): Record<string, string>;
};

const curve = 'prime256v1';
/** RFC 8188 §2.1; all we say fits in one record. */
const recordSize = 4096;
/** So that its length tells little of a subject. */
const padTo = 512;
/** Octets beside the text in a record: the sign of its end, and the tag. */
const overhead = 17;

/** Null: these are no keys of a browser. */
export function encryptPush(text: string, keys: PushKeys, own = freshKey(), salt = randomBytes(16)) {
  const theirs = Buffer.from(keys.p256dh, 'base64url');
  const secret = Buffer.from(keys.auth, 'base64url');
  if (theirs.length !== 65 || secret.length !== 16) return null;
  const ours = own.getPublicKey();
  const shared = sharedWith(own, theirs);
  if (!shared) return null;
  const ikm = derive(shared, secret, Buffer.concat([Buffer.from('WebPush: info\0'), theirs, ours]), 32);
  const cipher = createCipheriv(
    'aes-128-gcm',
    derive(ikm, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16),
    derive(ikm, salt, Buffer.from('Content-Encoding: nonce\0'), 12),
  );
  const head = Buffer.alloc(5);
  head.writeUInt32BE(recordSize);
  head.writeUInt8(ours.length, 4);
  return Buffer.concat([salt, head, ours, cipher.update(padded(text)), cipher.final(), cipher.getAuthTag()]);
}

function freshKey(): ECDH {
  const key = createECDH(curve);
  key.generateKeys();
  return key;
}

/** A point that is not on the curve is refused by OpenSSL. */
function sharedWith(own: ECDH, theirs: Buffer): Buffer | null {
  try {
    return own.computeSecret(theirs);
  } catch {
    return null;
  }
}

const derive = (ikm: Buffer, salt: Buffer, info: Buffer, octets: number): Buffer =>
  Buffer.from(hkdfSync('sha256', ikm, salt, info, octets));

/** The text, 2 as the sign that this is the last record, and zeros (RFC 8188 §2). */
function padded(text: string): Buffer {
  const octets = Buffer.from(text);
  const room = Math.min(Math.ceil((octets.length + 1) / padTo) * padTo, recordSize - overhead + 1);
  if (octets.length + 1 > room) throw new RangeError('too long for one push message');
  return Buffer.concat([octets, Buffer.from([2]), Buffer.alloc(room - octets.length - 1)]);
}

const tokenMs = 12 * 3_600_000;

/** The key is made of `secret`, so that there is none to lose; `contact` is whom a push service may write to. */
export function createVapid(secret: string, contact: string): Vapid {
  const { key, publicKey } = keyFrom(secret);
  return {
    publicKey,
    headers(endpoint, at) {
      const claims = {
        aud: new URL(endpoint).origin,
        exp: Math.floor((at + tokenMs) / 1000),
        sub: contact,
      };
      const said = [{ typ: 'JWT', alg: 'ES256' }, claims].map(part => base64url(JSON.stringify(part))).join('.');
      const signature = sign('sha256', Buffer.from(said), { key, dsaEncoding: 'ieee-p1363' });
      return { Authorization: `vapid t=${said}.${signature.toString('base64url')}, k=${publicKey}` };
    },
  };
}

const base64url = (text: string): string => Buffer.from(text).toString('base64url');

function keyFrom(secret: string): { key: KeyObject; publicKey: string } {
  const ecdh = createECDH(curve);
  // Of 2^32 numbers one is too large for the curve.
  for (let attempt = 0; ; attempt++)
    try {
      const d = createHash('sha256').update(`cwmail web push ${attempt} ${secret}`).digest();
      ecdh.setPrivateKey(d);
      const point = ecdh.getPublicKey();
      const [x, y] = [point.subarray(1, 33), point.subarray(33)].map(part => part.toString('base64url'));
      const jwk = { kty: 'EC', crv: 'P-256', d: d.toString('base64url'), x: x!, y: y! };
      return { key: createPrivateKey({ key: jwk, format: 'jwk' }), publicKey: point.toString('base64url') };
    } catch (error) {
      if (attempt > 9) throw error;
    }
}

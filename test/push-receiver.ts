/** A browser that takes push messages, as far as its keys go. */
import { createDecipheriv, createECDH, type ECDH, hkdfSync } from 'node:crypto';

/** What a browser does (RFC 8291 §3, RFC 8188 §2). */
export function decryptPush(body: Buffer, own: ECDH, auth: Buffer): string {
  const salt = body.subarray(0, 16);
  const sender = body.subarray(21, 21 + body.readUInt8(20));
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), own.getPublicKey(), sender]);
  const ikm = Buffer.from(hkdfSync('sha256', own.computeSecret(sender), auth, info, 32));
  const key = Buffer.from(hkdfSync('sha256', ikm, salt, 'Content-Encoding: aes128gcm\0', 16));
  const nonce = Buffer.from(hkdfSync('sha256', ikm, salt, 'Content-Encoding: nonce\0', 12));
  const record = body.subarray(21 + sender.length);
  const decipher = createDecipheriv('aes-128-gcm', key, nonce);
  decipher.setAuthTag(record.subarray(-16));
  const plain = Buffer.concat([decipher.update(record.subarray(0, -16)), decipher.final()]);
  return plain.subarray(0, plain.lastIndexOf(2)).toString();
}

export function receiver() {
  const own = createECDH('prime256v1');
  own.generateKeys();
  const auth = Buffer.from('0123456789abcdef');
  return { own, auth, keys: { p256dh: own.getPublicKey('base64url'), auth: auth.toString('base64url') } };
}

/** Secrets of others that we must say again: kept so that a copy of the store alone gives none away. */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

export type Seal = {
  /** `owner`: nothing sealed for one can be opened for another. */
  close(secret: string, owner: string): string;
  /** Null: sealed with another key, for another owner, or damaged. */
  open(sealed: string, owner: string): string | null;
};

/** The purpose under which passwords of a provider's mailboxes are sealed. */
export const providerPasswords = 'passwords at the provider';

/** That of keys for one-time codes, and of what is handed to a browser on the way to a sign-in by them. */
export const secondFactors = 'second factors';

const nonceLength = 12;
const tagLength = 16;

/** AES-256-GCM (NIST SP 800-38D) under a key made of `secret` for this one purpose (RFC 5869). */
export function createSeal(secret: string, purpose: string): Seal {
  const key = Buffer.from(hkdfSync('sha256', secret, '', purpose, 32));
  return {
    close(text, owner) {
      const nonce = randomBytes(nonceLength);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(owner));
      const octets = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, octets, cipher.getAuthTag()]).toString('base64');
    },
    open(sealed, owner) {
      const octets = Buffer.from(sealed, 'base64');
      if (octets.length < nonceLength + tagLength) return null;
      const cipher = createDecipheriv('aes-256-gcm', key, octets.subarray(0, nonceLength));
      cipher.setAAD(Buffer.from(owner)).setAuthTag(octets.subarray(-tagLength));
      try {
        return cipher.update(octets.subarray(nonceLength, -tagLength), undefined, 'utf8') + cipher.final('utf8');
      } catch {
        return null;
      }
    },
  };
}

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { createSecureContext } from 'node:tls';

export type TlsPair = { key: string; cert: string };

/**
 * The operator's certificate, or a self-signed one made at first start and kept in the data folder: it lets clients
 * encrypt, and tells them by its very nature that it proves nothing.
 */
export async function certificate(
  given: { cert: string; key: string },
  folder: string,
  names: string[],
): Promise<TlsPair> {
  if (given.cert) return usable(read(given));
  const at = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') };
  if (!isUsable(at)) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const made = await selfSigned(names);
    writeWhole(at.key, made.key);
    writeWhole(at.cert, made.cert);
  }
  return read(at);
}

const read = ({ cert, key }: TlsPair): TlsPair => ({
  cert: readFileSync(cert, 'utf8'),
  key: readFileSync(key, 'utf8'),
});

/** Throws when these are no certificate and no key, or do not belong together. */
function usable(pair: TlsPair): TlsPair {
  createSecureContext(pair);
  return pair;
}

function isUsable(at: TlsPair): boolean {
  try {
    return usable(read(at)) !== null;
  } catch {
    return false;
  }
}

/** A secret of 32 random octets that only this user may read, made when it is not there or not whole. */
export function secretFile(path: string): string {
  const known = existsSync(path) ? readFileSync(path, 'utf8').trim() : '';
  if (known.length >= 43) return known;
  const made = randomBytes(32).toString('base64url');
  writeWhole(path, made);
  return made;
}

/** After a power cut it is there whole, or not at all: an empty key would open the door. */
function writeWhole(path: string, text: string): void {
  const file = openSync(`${path}.new`, 'w', 0o600);
  writeFileSync(file, text);
  fsyncSync(file);
  closeSync(file);
  renameSync(`${path}.new`, path);
  const folder = openSync(dirname(path), 'r');
  fsyncSync(folder);
  closeSync(folder);
}

async function selfSigned(names: string[]): Promise<TlsPair> {
  // Loaded only when there is none: it costs a tenth of a second that later starts need not pay.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const notBefore = new Date();
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: randomBytes(16).toString('hex'),
    name: `CN=${names[0]}`,
    notBefore,
    notAfter: new Date(notBefore.getTime() + 10 * 365 * 86_400_000),
    keys,
    signingAlgorithm: algorithm,
    extensions: [new x509.SubjectAlternativeNameExtension(names.map(value => ({ type: 'dns' as const, value })))],
  });
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const key = `-----BEGIN PRIVATE KEY-----\n${pkcs8.replace(/.{64}(?=.)/g, '$&\n')}\n-----END PRIVATE KEY-----\n`;
  return { key, cert: `${made.toString('pem')}\n` };
}

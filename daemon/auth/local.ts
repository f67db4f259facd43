import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';

/** RFC 9106 argon2id at the least cost OWASP names for it: about 50 ms and 19 MB a password. */
const cost = { memory: 19_456, passes: 2, parallelism: 1 };
const saltLength = 16;
const tagLength = 32;

/** A hash from elsewhere must not buy more memory or time than this. */
const mostMemory = 262_144;
const mostPasses = 10;

/** libuv has four threads for hashes, files and DNS together: a flood of passwords gets half of them. */
const mostAtOnce = 2;
const mostWaiting = 500;

type Phc = { memory: number; passes: number; parallelism: number; salt: Buffer; tag: Buffer };

/** Two passwords that a person cannot tell apart are the same one (RFC 8265 §4.2.2: NFC). */
const octetsOf = (password: string): Buffer => Buffer.from(password.normalize('NFC'));

let running = 0;
const waiting: (() => void)[] = [];

/** `$argon2id$v=19$m=19456,t=2,p=1$salt$tag`. */
export async function hashPassword(password: string): Promise<string> {
  const phc = { ...cost, salt: randomBytes(saltLength), tag: Buffer.alloc(tagLength) };
  return phcString({ ...phc, tag: await tagOf(password, phc) });
}

/** False also for a string that is no hash of ours: nobody signs in by it. */
export async function isPassword(password: string, hash: string): Promise<boolean> {
  const phc = parsePhc(hash);
  return phc !== null && timingSafeEqual(await tagOf(password, phc), phc.tag);
}

/** A hash that no password has, and that costs what others cost. */
export const nobodysHash = (): string =>
  phcString({ ...cost, salt: randomBytes(saltLength), tag: randomBytes(tagLength) });

async function tagOf(password: string, { memory, passes, parallelism, salt, tag }: Phc): Promise<Buffer> {
  await enter();
  try {
    return await new Promise((resolve, reject) => {
      const parameters = {
        message: octetsOf(password),
        nonce: salt,
        memory,
        passes,
        parallelism,
        tagLength: tag.length,
      };
      argon2('argon2id', parameters, (error, derived) => (error ? reject(error) : resolve(derived)));
    });
  } finally {
    leave();
  }
}

async function enter(): Promise<void> {
  if (running < mostAtOnce) {
    running++;
    return;
  }
  if (waiting.length >= mostWaiting) throw new Error('too many passwords to check at once');
  await new Promise<void>(resolve => waiting.push(resolve));
}

/** The place goes straight to the next in line. */
function leave(): void {
  const next = waiting.shift();
  if (next) next();
  else running--;
}

const unpadded = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');

const phcString = ({ memory, passes, parallelism, salt, tag }: Phc): string =>
  `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(tag)}`;

export function parsePhc(text: string): Phc | null {
  const found =
    /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,64})\$([A-Za-z0-9+/]{22,86})$/.exec(
      text,
    );
  if (!found) return null;
  const [memory, passes, parallelism] = [Number(found[1]), Number(found[2]), Number(found[3])];
  if (memory > mostMemory || memory < 8 * parallelism || passes < 1 || passes > mostPasses || parallelism < 1)
    return null;
  return { memory, passes, parallelism, salt: Buffer.from(found[4]!, 'base64'), tag: Buffer.from(found[5]!, 'base64') };
}

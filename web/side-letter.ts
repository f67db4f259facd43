/** Letters a person sends by one button, without a page to write on: an answer to an invitation, a receipt, a farewell to a list. */
import { createHash } from 'node:crypto';
import { compose, composedSize, type Letter } from '../daemon/mail/compose.ts';
import { isPositive } from '../daemon/mail/reply.ts';
import type { Author } from './author.ts';
import type { Ctx, Site } from './site.ts';

export type SideLetter = {
  who: Author;
  letter: Omit<Letter, 'messageId'>;
  /** The same for the same deed: however often it is asked for, one letter goes. */
  key: string;
};

/** Null: the daemon took it; else why not, in its words. */
export async function sendLetter(site: Site, c: Ctx, { who, letter, key }: SideLetter): Promise<string | null> {
  const id = createHash('sha256').update(`${c.var.account.id} ${key}`).digest('base64url').slice(0, 24);
  const whole: Letter = { ...letter, messageId: `${id}@${who.address.slice(who.address.lastIndexOf('@') + 1)}` };
  return handOver(site, c, {
    reversePath: who.address,
    to: whole.to.map(({ address }) => address),
    size: composedSize(whole),
    key,
    content: () => compose(whole),
  });
}

type HandedOver = {
  /** Null: nobody is told what becomes of it. */
  reversePath: string | null;
  to: string[];
  size: number;
  key: string;
  content: () => AsyncIterable<Buffer>;
};

/** The same for content that is made already. */
export async function handOver(
  site: Site,
  c: Ctx,
  { reversePath, to, size, key, content }: HandedOver,
): Promise<string | null> {
  const [reply] = await site.submit(c.var.account, {
    reversePath,
    recipients: to.map(address => ({ address })),
    size,
    smtpUtf8: [reversePath ?? '', ...to].some(address => /[^\u0000-\u007f]/.test(address)),
    key: `${c.var.account.id}:${key}`,
    draftId: null,
    content,
  });
  return reply && isPositive(reply) ? null : (reply?.text ?? c.var.words.t('compose.error.unavailable'));
}

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
  const [reply] = await site.submit(c.var.account, {
    reversePath: who.address,
    recipients: whole.to.map(({ address }) => ({ address })),
    size: composedSize(whole),
    smtpUtf8: [who, ...whole.to].some(({ address }) => /[^\u0000-\u007f]/.test(address)),
    key: `${c.var.account.id}:${key}`,
    draftId: null,
    content: () => compose(whole),
  });
  return reply && isPositive(reply) ? null : (reply?.text ?? c.var.words.t('compose.error.unavailable'));
}

/** Receipts that a sender asked for: sent, or refused, by the reader's choice and in no other way (RFC 8098). */
import { Hono } from 'hono';
import type { Header } from '../daemon/mail/header.ts';
import { receiptFor, receiptWanted } from '../daemon/mail/receipt.ts';
import type { Choice, Message } from '../daemon/store.ts';
import type { ReceiptCard } from '../views/receipt.ts';
import { addressed, authorOf, authorsOf } from './author.ts';
import { createBodies } from './bodies.ts';
import { readForm } from './form.ts';
import { tellOnce } from './notice.ts';
import { messageById, missing } from './page.ts';
import { ownPath } from './session.ts';
import { handOver } from './side-letter.ts';
import type { Env, Site } from './site.ts';

/** One for a letter, in whatever folder its copies lie. */
export const receiptKey = (m: Message): string => `receipt ${m.contentId}`;

/** Of one's own letter, whose copy has no trace in front, nobody asks oneself. */
export function receiptCardOf(header: Header, m: Message, choices: Choice[]): ReceiptCard | null {
  const to = m.prefix === '' ? null : receiptWanted(header);
  if (to === null) return null;
  const choice = choices.find(c => c.kind === 'receipt');
  return { messageId: m.id, to, decided: choice ? { sent: choice.value === 'sent', at: choice.at } : null };
}

export function receipts(site: Site): Hono<Env> {
  const app = new Hono<Env>();
  const bodies = createBodies(site);

  app.post('/messages/:id/receipts', async c => {
    const form = await readForm(c);
    const message = await messageById(site, c, c.req.param('id'));
    const content = message && (await bodies.content(message));
    const header = content && (await bodies.header(content));
    const card = header && receiptCardOf(header, message, []);
    const send = form.get('receipt') === 'send';
    if (!message || !card || (!send && form.get('receipt') !== 'no')) return missing(site, c);
    const back = ownPath(form.get('back'), '/mail/inbox');
    const key = receiptKey(message);
    const known = await site.store.choices.about(message.accountId, [key]);
    // What was told cannot be untold, and need not be told twice.
    if (known.some(one => one.value === 'sent')) return c.redirect(back, 303);
    if (send) {
      const own = await authorsOf(site.store, c.var.account);
      const who = addressed(own, header, message) ?? authorOf(own, '');
      const { t } = c.var.words;
      const subject = message.subject.trim() || t('list.nosubject');
      const bytes = receiptFor({
        reporter: site.settings.host_domain[0]!,
        from: { name: who.name, address: who.address },
        to: card.to,
        subject: t('receipt.subject', { subject }),
        text: t('receipt.text', { who: who.name || who.address, subject, time: c.var.words.full(site.now()) }),
        messageId: message.messageId,
        at: site.now(),
      });
      // RFC 8098 §2.1: nobody answers a receipt, so it comes from nobody.
      const refused = await handOver(site, c, {
        reversePath: null,
        to: [card.to],
        content: () => pieces(bytes),
        size: bytes.length,
        key,
      });
      if (refused !== null) {
        tellOnce(site, c, { key: 'done.receipt.not', values: { why: refused } });
        return c.redirect(back, 303);
      }
    }
    await site.store.choices.set(message.accountId, {
      kind: 'receipt',
      key,
      value: send ? 'sent' : 'refused',
      at: site.now(),
    });
    tellOnce(site, c, { key: send ? 'done.receipt' : 'done.receipt.no', values: { who: card.to } });
    return c.redirect(back, 303);
  });
  return app;
}

async function* pieces(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes;
}

import type { Account } from '../daemon/store.ts';
import { inMemory, noSummary, plainTerms, recipientAt } from './acceptance.ts';
import type { TestSite } from './site.ts';

/** From now on what the site of a test hands over is taken as the door takes it: held, where that is asked for. */
export function holds(site: TestSite, account: Account): void {
  site.answerSubmissions(async s => {
    const until = s.holdUntil ?? (s.holdFor == null ? null : site.clock.now + s.holdFor * 1000);
    const content = site.sent.at(-1)!.content;
    await site.store.accept({
      ...plainTerms,
      ...inMemory(Buffer.from(content, 'latin1')),
      summary: { ...noSummary, subject: /^Subject: (.*)\r$/m.exec(content)?.[1] ?? '', fromAddress: account.address },
      receivedAt: site.clock.now,
      origin: 'webmail',
      accountId: account.id,
      key: s.key ?? null,
      draftId: s.draftId ?? null,
      fileSent: true,
      reversePath: account.address,
      recipients: s.recipients.map(({ address }) =>
        recipientAt(until === null ? { kind: 'relay', address } : { kind: 'held', address }),
      ),
      hold: until === null ? null : { kind: 'future release', reason: 'later', until },
    });
    return s.recipients.map(() => ({ code: 250, status: '2.0', text: 'Ok' }));
  });
}

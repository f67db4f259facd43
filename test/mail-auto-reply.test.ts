import { simpleParser } from 'mailparser';
import { describe, expect, test } from 'vitest';
import { autoReply, refusesAnswer } from '../daemon/mail/auto-reply.ts';
import { readHeader } from '../daemon/mail/header.ts';

const own = new Set(['ann@example.org', 'a.lind@example.org']);
const why = (fields: string, from: string | null = 'eve@far.example') =>
  refusesAnswer(readHeader(Buffer.from(`${fields}\r\n\r\n`)), from, own);

describe('refusesAnswer', () => {
  test.each([
    'To: ann@example.org',
    'To: Eve <eve@far.example>\r\nCc: "Lind, A." <A.Lind@Example.org>',
    'To: ann+shop@example.org',
    'Resent-To: ann@example.org\r\nTo: list@far.example',
    'To: ann@example.org\r\nAuto-Submitted: no',
    'To: ann@example.org\r\nAuto-Submitted: NO ; a=b',
    'To: ann@example.org\r\nPrecedence: first-class',
  ])('lets %j be answered', fields => {
    expect(why(fields)).toBeNull();
  });

  test.each<[string, string]>([
    // Written to somebody else, or to nobody one can see.
    ['To: team@example.org', 'not addressed'],
    ['Subject: hello', 'not addressed'],
    ['To: ann@example.org.evil.example', 'not addressed'],
    // RFC 3834 §2: whatever says that no person wrote it, or that it went to many.
    ['To: ann@example.org\r\nAuto-Submitted: auto-generated', 'automatically'],
    ['To: ann@example.org\r\nAuto-Submitted: auto-replied (vacation)', 'automatically'],
    ['To: ann@example.org\r\nAuto-Submitted:', 'automatically'],
    ['To: ann@example.org\r\nPrecedence: bulk', 'automatically'],
    ['To: ann@example.org\r\nPrecedence: List', 'automatically'],
    ['To: ann@example.org\r\nList-Id: <a.b>', 'automatically'],
    ['To: ann@example.org\r\nList-Unsubscribe: <https://far.example/>', 'automatically'],
    ['To: ann@example.org\r\nX-Auto-Response-Suppress: OOF', 'automatically'],
    ['To: ann@example.org\r\nContent-Type: multipart/report; boundary=a', 'automatically'],
  ])('refuses %j', (fields, reason) => {
    expect(why(fields)).toContain(reason);
  });

  test.each<[string | null, string]>([
    [null, 'reverse-path'],
    ['ann@example.org', 'same person'],
    ['Ann+x@example.org', 'same person'],
    ['MAILER-DAEMON@far.example', 'program'],
    ['noreply@far.example', 'program'],
    ['No-Reply@far.example', 'program'],
    ['do-not-reply@far.example', 'program'],
    ['owner-list@far.example', 'program'],
    ['list-request@far.example', 'program'],
    ['list-bounces@far.example', 'program'],
    ['bounces+12-ann=example.org@far.example', 'program'],
    ['postmaster@far.example', 'program'],
  ])('refuses what %s sent', (from, reason) => {
    expect(why('To: ann@example.org', from)).toContain(reason);
  });
});

describe('autoReply', () => {
  const made = async (over: Partial<Parameters<typeof autoReply>[0]> = {}) => {
    const bytes = autoReply({
      from: { name: 'Ann Lindqvist', address: 'ann@example.org' },
      to: 'eve@far.example',
      subject: '',
      text: 'Ich bin bis 3. März fort.\nGrüße',
      at: Date.UTC(2026, 1, 2, 3, 4, 5),
      messageId: '<x@example.org>',
      answered: Buffer.from(
        'Subject: =?utf-8?q?Caf=C3=A9?=\r\nMessage-ID: <b@far.example>\r\nReferences: <r@far.example> <a@far.example>\r\n\r\n',
      ),
      ...over,
    });
    return { bytes: bytes.toString(), mail: await simpleParser(bytes) };
  };

  test('is an answer in the thread, marked as automatic, that others can read', async () => {
    const { bytes, mail } = await made();
    expect(bytes).toMatch(/^Auto-Submitted: auto-replied\r$/m);
    expect(mail).toMatchObject({ subject: 'Auto: Café', inReplyTo: '<b@far.example>', messageId: '<x@example.org>' });
    expect(mail.references).toEqual(['<r@far.example>', '<a@far.example>', '<b@far.example>']);
    expect(mail.from?.value).toEqual([{ name: 'Ann Lindqvist', address: 'ann@example.org' }]);
    expect(mail.text?.trim()).toBe('Ich bin bis 3. März fort.\nGrüße');
    for (const line of bytes.split('\r\n')) expect(line.length).toBeLessThan(200);
  });

  test('takes the subject given, long and of any letters, and a name of any', async () => {
    const subject = `Bin fort: ${'Käse '.repeat(30)}`.trim();
    const { mail } = await made({ subject, from: { name: 'Ann "Ä" <x@y>', address: 'ann@example.org' } });
    expect(mail.subject).toBe(subject);
    expect(mail.from?.value).toEqual([{ name: 'Ann "Ä" <x@y>', address: 'ann@example.org' }]);
  });

  test('nothing of what is answered can add a field', async () => {
    const { bytes } = await made({
      subject: 'a\r\nBcc: x@y.example',
      from: { name: 'Ann\r\nBcc: z@y.example', address: 'ann@example.org' },
      answered: Buffer.from('Message-ID: <a\u0001b@c>\r\nReferences: <a b>\r\nSubject: x\r\n Bcc: q@r.example\r\n\r\n'),
    });
    expect(bytes.slice(0, bytes.indexOf('\r\n\r\n'))).not.toMatch(/^Bcc/m);
  });
});

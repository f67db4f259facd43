/** A reader of bounces that knows RFC 3462 and RFC 3464 and none of our code; it throws at what it would not take. */
export type Bounce = {
  header: Record<string, string>;
  /** The sentences for a person. */
  text: string;
  /** Fields of the message, then of each recipient, by lower-case name. */
  message: Record<string, string>;
  recipients: Record<string, string>[];
  returned: { type: string; text: string } | null;
};

const actions: Record<string, RegExp> = {
  failed: /^[45]\./,
  delayed: /^4\./,
  delivered: /^2\./,
  relayed: /^2\./,
  expanded: /^2\./,
};

export function parseBounce(bytes: Buffer): Bounce {
  const whole = bytes.toString('latin1');
  insist(!/[^\r]\n|\r[^\n]/.test(whole), 'a line does not end in CRLF');
  const [head, body] = cut(whole);
  const header = fieldsOf(head);
  const type = header['content-type'] ?? '';
  insist(/^multipart\/report;/i.test(type) && /report-type="?delivery-status"?/i.test(type), `it is ${type}`);
  insist(/^auto-(replied|generated)/.test(header['auto-submitted'] ?? ''), 'a machine might answer it');
  const boundary = /boundary="?([^";]+)"?/i.exec(type)?.[1] ?? '';
  const pieces = body.split(new RegExp(`(?:^|\r\n)--${boundary}(?:--)?(?:\r\n|$)`));
  const parts = pieces.slice(1, -1).map(piece => {
    const [partHead, partBody] = cut(piece);
    return { type: fieldsOf(partHead)['content-type'] ?? 'text/plain', body: partBody };
  });
  insist(parts.length === 2 || parts.length === 3, `it has ${parts.length} parts`);
  const [text, status, returned] = parts;
  insist(/^message\/(global-)?delivery-status/.test(status?.type ?? ''), `its second part is ${status?.type}`);
  const [message = {}, ...recipients] = (status?.body ?? '').trimEnd().split('\r\n\r\n').map(fieldsOf);
  insist(/^dns; ?\S+$/.test(message['reporting-mta'] ?? ''), 'nobody reports');
  insist(recipients.length > 0, 'it speaks of nobody');
  for (const r of recipients) {
    insist(/^(rfc822|utf-8); ?\S+@\S+$/.test(r['final-recipient'] ?? ''), `for ${r['final-recipient']}`);
    insist(actions[r.action ?? '']?.test(r.status ?? '') === true, `${r.action} with ${r.status}`);
    insist(/^\d\.\d{1,3}\.\d{1,3}$/.test(r.status ?? ''), `status ${r.status}`);
    insist(r['will-retry-until'] === undefined || r.action === 'delayed', 'it is tried again though it is over');
    for (const date of ['last-attempt-date', 'will-retry-until'])
      insist(r[date] === undefined || !Number.isNaN(Date.parse(r[date])), `${date} ${r[date]}`);
  }
  return {
    header,
    text: Buffer.from(text?.body ?? '', 'latin1').toString(),
    message,
    recipients,
    returned: returned ? { type: returned.type, text: returned.body } : null,
  };
}

function cut(text: string): [string, string] {
  const at = text.indexOf('\r\n\r\n');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 4)];
}

function fieldsOf(block: string): Record<string, string> {
  const lines = block.replace(/\r\n[ \t]+/g, ' ').split('\r\n');
  return Object.fromEntries(
    lines.map(line => {
      const at = line.indexOf(':');
      insist(at > 0, `no field: ${JSON.stringify(line)}`);
      return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()];
    }),
  );
}

function insist(so: boolean, otherwise: string): asserts so {
  if (!so) throw new Error(`no bounce: ${otherwise}`);
}

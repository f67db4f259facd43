/**
 * nodemailer's SMTP connection, extended: per-recipient outcomes, DSN per recipient, our own MAIL parameters.
 * Used by the queue, the webmail, the fetcher and the command line. It opens connections; it decides no routes.
 */
import type { Socket } from 'node:net';
import type { Notify } from './mail/envelope.ts';
import type { Reply } from './mail/reply.ts';

export type ClientOptions = {
  host: string;
  port: number;
  /** What we call ourselves in EHLO. */
  name: string;
  /** off: never · try: when offered, unverified certificate accepted · required: verified or no mail. */
  tls: 'off' | 'try' | 'required';
  /** TLS from the first byte. */
  implicitTls?: boolean;
  /** SASL PLAIN; `authzid` is whom a service acts for (RFC 4616). */
  login?: { user: string; password: string; authzid?: string };
  /** An open socket to use instead of dialling host:port (SOCKS, CONNECT, chosen local address). */
  socket?: Socket;
  /** Extra CA or self-signed certificate to trust (PEM), besides the system's. */
  ca?: string;
};

export type Submission = {
  reversePath: string | null;
  recipients: { address: string; notify?: Notify[] | null; orcpt?: string | null }[];
  ret?: 'FULL' | 'HDRS' | null;
  envid?: string | null;
  eightBit?: boolean;
  smtpUtf8?: boolean;
  /** Octets of the content, for SIZE. */
  size: number;
  /** XCWMAIL, to our own daemon only. */
  key?: string | null;
  draftId?: number | null;
  /** RFC 4865 HOLDFOR, seconds. */
  holdFor?: number | null;
  content: AsyncIterable<Buffer>;
};

/** One reply per recipient, in the order given: that of RCPT when refused, else that of the final dot. */
export type SubmissionResult = Reply[];

export type SmtpClient = {
  /** EHLO keywords in upper case, with their parameters. */
  readonly extensions: Map<string, string>;
  /** Never throws for a refusal; a broken connection makes every open recipient a temporary Reply and the client unusable. */
  send(s: Submission): Promise<SubmissionResult>;
  /** QUIT and close; never throws. */
  close(): Promise<void>;
  readonly usable: boolean;
};

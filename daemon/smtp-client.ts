/**
 * nodemailer's SMTP connection, extended: per-recipient outcomes, DSN per recipient, our own MAIL parameters.
 * Used by the queue, the webmail, the fetcher and the command line. It opens connections; it decides no routes.
 *
 * It promises that a positive Reply was the peer's answer to the whole content, that whatever ends early is
 * temporary, and that no peer holds it longer than the timeouts or makes it keep more than 256 KB.
 */
import type { Socket } from 'node:net';
import type { Notify } from './mail/envelope.ts';
import type { Reply } from './mail/reply.ts';
import type { ClientTimeouts } from './smtp-client/session.ts';

export { ConnectError, connectSmtp } from './smtp-client/connect.ts';
export { dialOurs, type OurSettings, ourSubmitter } from './smtp-client/ours.ts';
export type { ClientTimeouts } from './smtp-client/session.ts';
export { createSubmitter, type Submitter } from './smtp-client/submitter.ts';

export type ClientOptions = {
  host: string;
  port: number;
  /** What we call ourselves in EHLO. */
  name: string;
  /** off: never · try: when offered, unverified certificate accepted · required: verified or no mail. */
  tls: 'off' | 'try' | 'required';
  /** TLS from the first byte. */
  implicitTls?: boolean;
  /**
   * SASL by what is offered; `authzid` is whom a service acts for (RFC 4616), by PLAIN. Without TLS the password is sent only when `tls`
   * is `off` or the peer is on loopback.
   */
  login?: { user: string; password: string; authzid?: string };
  /** An open socket to use instead of dialling host:port (SOCKS, CONNECT, chosen local address). */
  socket?: Socket;
  /** Opens such sockets; called once more when `try` goes on without TLS after a failed handshake. */
  dial?: () => Promise<Socket>;
  /** Extra CA or self-signed certificate to trust (PEM), besides the system's. */
  ca?: string;
  /** Those of RFC 5321 §4.5.3.2 where not given. */
  timeouts?: Partial<ClientTimeouts>;
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
  /** RFC 4865 HOLDUNTIL, in its place: ms since 1970, given to the second. */
  holdUntil?: number | null;
  /**
   * A function can be called again: then content declared 8-bit is looked at before a hop without 8BITMIME gets
   * it or it is refused, and a submitter may try once more on a fresh connection.
   */
  content: AsyncIterable<Buffer> | (() => AsyncIterable<Buffer>);
  /** The envelope goes ahead; content leaves when this is done, and no clock runs on the peer meanwhile. */
  after?: Promise<void>;
};

/** One reply per recipient, in the order given: that of RCPT when refused, else that of the final dot. */
export type SubmissionResult = Reply[];

export type SmtpClient = {
  /** EHLO keywords in upper case, with their parameters. */
  readonly extensions: Map<string, string>;
  /** Never throws for a refusal; a broken connection makes every open recipient a temporary Reply and the client unusable. */
  send(s: Submission): Promise<SubmissionResult>;
  /** Another verb, such as ETRN, and its answer; it throws where a line end is in it. Silence is a temporary Reply. */
  ask(command: string): Promise<Reply>;
  /**
   * A verb after whose 2xx the peer is a client (ATRN, RFC 2645): the socket is the caller's then, paused, and this client
   * unusable. Socket null: it was refused, or the peer said more than its answer.
   */
  turn(command: string): Promise<{ reply: Reply; socket: Socket | null }>;
  /** QUIT and close; never throws. */
  close(): Promise<void>;
  /** Closes at once: what is under way becomes temporary. */
  abort(): void;
  readonly usable: boolean;
  /** Is the connection under TLS? */
  readonly secure: boolean;
};

/** One MIME part with its place in the content: offsets are octets from the start of the content, `to` exclusive. */
export type Part = {
  /**
   * `1`, `2.1` … as IMAP numbers parts (RFC 9051 §6.4.5); the root of a multipart is ``, and the multipart of a
   * message inside part 2 is `2.TEXT`. No two parts of a message have the same.
   */
  id: string;
  /** Lower case `text/plain`; what cannot be read is `application/octet-stream`, absent is `text/plain`. */
  type: string;
  /** The charset parameter as written, lower case; null: none. */
  charset: string | null;
  /** Lower case transfer encoding: `7bit`, `8bit`, `binary`, `base64`, `quoted-printable`, else as written. */
  encoding: string;
  disposition: 'inline' | 'attachment' | null;
  /** File name, decoded (RFC 2231, RFC 2047), without path and control characters; null: none. */
  name: string | null;
  /** Content-ID without the angle brackets; null: none. */
  contentId: string | null;
  /** text/plain only: RFC 3676 format=flowed, and its delsp. */
  flowed: boolean;
  delSp: boolean;
  headerFrom: number;
  bodyFrom: number;
  bodyTo: number;
  parts: Part[];
};

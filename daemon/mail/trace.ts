/** The last hop's own fields, written in front of the content when it is read (RFC 5321 §4.4). */
export function returnPath(reversePath: string | null): string {
  return `Return-Path: <${reversePath ?? ''}>\r\n`;
}

export function deliveredTo(address: string): string {
  return `Delivered-To: ${address}\r\n`;
}

/** What a person can do about a failure, by its status code (RFC 3463), without the class; the first that fits. */
const advice: [RegExp, string][] = [
  [/^1\.(1|3|6)$/, 'There is no such address. Look for a mistyped letter, or ask for the right address.'],
  [/^(1\.2|4\.4)$/, 'There is no such mail domain. Look at what stands behind the @.'],
  [/^1\.10$/, 'This domain takes no mail at all. Ask for another address.'],
  [/^2\.1$/, 'This mailbox is closed. Ask for another address.'],
  [/^2\.2$/, 'This mailbox is full. Try again later, or reach its owner another way.'],
  [/^(2\.3|3\.4)$/, 'The message is too large for them. Send less at once, or a link to the files.'],
  [/^4\.6$/, 'The mail goes in a circle. Only the administrators of the mail servers can mend that.'],
  [/^4\.7$/, 'Their mail server did not take it in all that time. Send it again later, or reach them another way.'],
  [/^6\./, 'Their mail server cannot take this kind of mail. Try plain letters, or attach it as a file.'],
  [/^7\./, 'A mail server refuses it by its rules. What it said above may tell why; its postmaster knows.'],
];

const otherwise = 'What the server said above may tell why. If not, show this report to your administrator.';

const ofWhoSendsOn = 'The address is right. Who reads it, or the postmaster there, can mend where its mail goes.';

export function adviceFor(status: string, sentOn: boolean): string {
  if (sentOn) return ofWhoSendsOn;
  const detail = status.slice(status.indexOf('.') + 1);
  return advice.find(([pattern]) => pattern.test(detail))?.[1] ?? otherwise;
}

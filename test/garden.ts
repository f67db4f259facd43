/** A conversation as people have them: answers with quotes, one of one's own, one in HTML, one long away. */
const people = [
  'Ann Lindqvist <ann@example.org>',
  'Bo Ek <bo@example.net>',
  'Wilhelmina Grünewald-Hohenzollern <w.gruenewald@allotments.example.net>',
  'ليلى حداد <layla@example.net>',
];
const lines = [
  'Shall we dig the new beds on Saturday? I can bring two spades and the barrow.',
  'Saturday is fine for me. Ten o’clock? 🌱',
  'I can come at eleven, and I shall bring the seedlings, the string, the labels, and (if it does not rain) a cake.',
  'سأحضر بعد الظهر مع الأطفال إن شاء الله',
  'Then eleven it is. Who has the key of the shed?',
  'The key hangs behind the water butt, as ever.',
  'It does not. I looked on Sunday.',
  'Found it: it was in the pocket of my other coat. I am sorry!',
  'Good. See you all on Saturday, then.',
];

const quote = (some: string[]): string => some.map((line, depth) => `${'>'.repeat(depth + 1)} ${line}`).join('\n');
const ancestors = (i: number): string => Array.from({ length: i }, (_, k) => `<garden${k}@example.net>`).join(' ');

export type GardenLetter = { source: string; sent: boolean };

export const garden: GardenLetter[] = lines.map((line, i) => {
  const from = people[i % people.length]!;
  const quoted =
    i === 0
      ? ''
      : `\n\nOn Tuesday, ${people[(i - 1) % people.length]} wrote:\n${quote(lines.slice(0, i).toReversed())}\n`;
  const text = `Dear all,\n\n${line}\n\nYours,\n${from.split(' ')[0]}${quoted}`;
  const head = [
    `From: ${from}`,
    `To: ${i % 4 === 0 ? people[1] : people[0]}`,
    `Subject: ${i === 0 ? '' : 'Re: '}Digging on Saturday`,
    `Message-ID: <garden${i}@example.net>`,
    ...(i === 0 ? [] : [`In-Reply-To: <garden${i - 1}@example.net>`, `References: ${ancestors(i)}`]),
    'MIME-Version: 1.0',
  ];
  const isHtml = i === lines.length - 1;
  const body = isHtml
    ? `<p>Dear all,</p><p>${line}</p><blockquote type="cite"><p>${lines[i - 1]}</p></blockquote>`
    : text;
  const kind = `Content-Type: text/${isHtml ? 'html' : 'plain'}; charset=utf-8\nContent-Transfer-Encoding: 8bit`;
  return { source: `${head.join('\n')}\n${kind}\n\n${body}\n`, sent: i % 4 === 0 && i > 0 && !isHtml };
});

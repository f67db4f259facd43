import { html } from 'hono/html';
import { expect, test } from 'vitest';
import { beginning, narrow } from '../views/narrow.ts';

const shown = (text: Parameters<typeof narrow>[0]) => String(html`${narrow(text)}`);

test.each([
  // What Latin-1 has stays as it is.
  ['Grüße & more', 'Grüße &amp; more'],
  ['“Ann’s” list', '&#8220;Ann&#8217;s&#8221; list'],
  ['<b>… 1 < 2', '&lt;b&gt;&#8230; 1 &lt; 2'],
  ['party 🎉', 'party &#127881;'],
  // Who writes in such signs keeps them.
  ['会議の議事録を送ります', '会議の議事録を送ります'],
  ['', ''],
])('narrow writes few signs beyond Latin-1 as references: %j', (text, markup) => {
  expect(shown(text)).toBe(markup);
});

test('narrow leaves markup that was made', () => {
  expect(shown(html`a <mark>b</mark> ’ &lt;`)).toBe('a <mark>b</mark> &#8217; &lt;');
});

test.each([
  ['short', 10, 'short'],
  ['more than that', 4, 'more'],
  ['wide later …', 4, 'wide'],
  ['abc🎉', 4, 'abc'],
])('beginning cuts %j at %d and no sign in two', (text, most, begun) => {
  expect(beginning(text, most)).toBe(begun);
});

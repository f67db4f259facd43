import { expect, test } from 'vitest';
import { createCounters, exposition } from '../daemon/counters.ts';

test('createCounters keeps one sample for each name and its labels', () => {
  const counters = createCounters();
  counters.add('accepted', { origin: 'peer' });
  counters.add('accepted', { origin: 'webmail' }, 3);
  counters.add('accepted', { origin: 'peer' });
  counters.add('failed');
  expect(counters.samples()).toEqual([
    { name: 'accepted', labels: { origin: 'peer' }, value: 2 },
    { name: 'accepted', labels: { origin: 'webmail' }, value: 3 },
    { name: 'failed', labels: {}, value: 1 },
  ]);
});

test('exposition has all counters, those that never counted at zero, and no value ends its line', () => {
  const text = exposition([{ name: 'queue', labels: { state: 'held', why: 'a"\\\nb' }, value: 5 }]);
  expect(text).toMatch(/^# TYPE cwmail_queue gauge\ncwmail_queue\{state="held",why="a {3}b"\} 5$/m);
  expect(text).toMatch(/^# TYPE cwmail_delivered_total counter\ncwmail_delivered_total 0$/m);
  expect(text.endsWith('\n')).toBe(true);
});

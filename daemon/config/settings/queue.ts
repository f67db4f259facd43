import * as v from '../values.ts';
import { type Declarations, single } from './declaration.ts';

export type QueueSettings = {
  /** May we open connections to other hosts for mail? */
  online: 'always' | 'never';
  /** Milliseconds. */
  retry_interval: number;
  max_retrytime: number;
  /** Milliseconds; 0: no notice of delay. */
  delay_notice: number;
  /** Open connections to one gateway or domain. */
  destination_connections: number;
  /** Milliseconds; 0: nobody may have mail sent later. */
  max_future_release: number;
};

export const queueSettings: Declarations<QueueSettings> = {
  online: single<QueueSettings['online']>({
    doc: 'May we open connections for mail to other hosts? never: remote mail is parked and nothing is fetched. Without a settings file it is never, so that a trial dials nobody.',
    form: 'always|never',
    group: 'Queue',
    initial: 'always',
    restart: false,
    parse: v.oneOf('always', 'never'),
  }),
  retry_interval: single<number>({
    doc: 'The longest pause between two attempts; the first ones are shorter.',
    form: 'TIME',
    group: 'Queue',
    initial: 2 * 3_600_000,
    restart: false,
    parse: v.duration('h'),
  }),
  max_retrytime: single<number>({
    doc: 'How long delivery is tried before the sender is told that it failed. A bare number counts hours.',
    form: 'TIME',
    group: 'Queue',
    initial: 48 * 3_600_000,
    restart: false,
    parse: v.duration('h'),
  }),
  delay_notice: single<number>({
    doc: 'After how long a sender is told once that a message waits still; 0: never. A bare number counts hours.',
    form: 'TIME',
    group: 'Queue',
    initial: 4 * 3_600_000,
    restart: false,
    parse: v.duration('h'),
  }),
  destination_connections: single<number>({
    doc: 'The most connections we have open at once to one gateway, or to the servers of one domain.',
    form: 'NUMBER',
    group: 'Queue',
    initial: 10,
    restart: false,
    parse: v.whole(1, 1000),
  }),
  max_future_release: single<number>({
    doc: 'How far ahead users may have their mail sent later (FUTURERELEASE, RFC 4865); 0: not at all. A bare number counts days.',
    form: 'TIME',
    group: 'Queue',
    initial: 366 * 86_400_000,
    restart: false,
    parse: v.duration('d'),
  }),
};

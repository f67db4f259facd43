import { type Group, json } from './command.ts';

/** FILTER; all that are given must fit. */
const filter = {
  '--domain DOMAIN': 'FILTER: mail to this domain',
  '--sender ADDRESS': 'FILTER: mail of this sender; <> is mail without one',
  '--recipient ADDRESS': 'FILTER: mail to this recipient',
};
const all = { '--all': 'the whole queue' };
const which = 'ID … | FILTER | --all';
const exits = '1: nothing of what was named was there, or all of it is being sent now';
const words = Number.POSITIVE_INFINITY;

export const queue: Group = {
  title: 'The queue',
  commands: {
    'queue list': {
      takes: '[FILTER]',
      does: 'list what waits, oldest first',
      options: { ...filter, '--limit N': 'no more than N', '--after ID': 'the page that follows this one', ...json },
      example: 'cwmail queue list --domain example.net --limit 50',
      load: async () => (await import('../queue.ts')).list,
    },
    'queue domains': {
      does: 'show what each domain has, and who called for it last',
      options: json,
      example: 'cwmail queue domains',
      load: async () => (await import('../domains.ts')).domains,
    },
    'queue show': {
      takes: 'ID',
      does: 'show envelope, what happened, next attempt, header',
      options: { ...json, '--content': 'the message itself, as it came' },
      exits: '1: there is no such delivery',
      example: 'cwmail queue show 17',
      words: 1,
      load: async () => (await import('../queue.ts')).show,
    },
    'queue hold': {
      takes: which,
      does: 'hold deliveries until they are released',
      options: { ...filter, ...all },
      exits,
      example: 'cwmail queue hold --domain example.net',
      words,
      load: async () => (await import('../queue.ts')).hold,
    },
    'queue release': {
      takes: which,
      does: 'let held deliveries go, whatever held them',
      options: { ...filter, ...all },
      exits,
      example: 'cwmail queue release 17 18',
      words,
      load: async () => (await import('../queue.ts')).release,
    },
    'queue retry': {
      takes: '[ID … | FILTER]',
      does: 'try now what waits; by ID, what is held too',
      options: { ...filter, ...all },
      exits,
      example: 'cwmail queue retry',
      words,
      load: async () => (await import('../queue.ts')).retry,
    },
    'queue delete': {
      takes: which,
      does: 'take deliveries out; nobody is told without --bounce',
      options: { ...filter, ...all, '--bounce': 'their senders get a report' },
      exits,
      example: 'cwmail queue delete --recipient carol@example.net --bounce',
      words,
      load: async () => (await import('../queue.ts')).remove,
    },
    'queue counters': {
      does: 'print what the daemon counted, as Prometheus reads it',
      exits: '1: nothing runs',
      example: 'cwmail queue counters',
      load: async () => (await import('../queue.ts')).counters,
    },
  },
};

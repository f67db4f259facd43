import { type Group, json } from './command.ts';

export const hosts: Group = {
  title: 'Where mail goes and comes from',
  commands: {
    route: {
      takes: 'ADDRESS',
      does: 'show who would get mail for an address',
      options: {
        '--as relay|submission': 'asked by a stranger, or by a user (which is the default)',
        '--from IP': 'asked by a stranger from this address',
      },
      exits: '1: it is refused · 75: it is refused for the time being',
      example: 'cwmail route info@example.org --as relay',
      words: 1,
      load: async () => (await import('../route.ts')).route,
    },
    reach: {
      takes: '[DOMAIN]',
      does: 'show how mail comes and goes, or the way to one domain',
      exits: '1: something is to be mended, or no host would take mail',
      example: 'cwmail reach example.net',
      words: 1,
      load: async () => (await import('../reach.ts')).reach,
    },
    'fetch now': {
      takes: '[USER@HOST:PORT]',
      does: 'fetch from the mailboxes elsewhere now',
      exits: '1: a visit went wrong',
      example: 'cwmail fetch now',
      words: 1,
      load: async () => (await import('../fetch.ts')).now,
    },
    'etrn now': {
      takes: '[HOST[:PORT]]',
      does: 'ask by ETRN for the mail that others keep for us',
      exits: '1: somebody was not reached, or said no',
      example: 'cwmail etrn now',
      words: 1,
      load: async () => (await import('../etrn.ts')).now,
    },
    'filter list': {
      does: 'list the content rules with their numbers and hits',
      options: json,
      example: 'cwmail filter list',
      load: async () => (await import('../filter.ts')).list,
    },
    'filter test': {
      takes: 'FILE.eml',
      does: 'say which content rules a message matches',
      exits: '0: none · 2: at least one',
      example: 'cwmail filter test sample.eml',
      words: 1,
      load: async () => (await import('../filter.ts')).test,
    },
  },
};

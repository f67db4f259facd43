import type { Group } from './command.ts';

export const settings: Group = {
  title: 'Settings',
  commands: {
    init: {
      does: 'write a first settings file, with a few questions',
      options: {
        '--domain DOMAIN[,…]': 'whose mail it is; the first is the main one',
        '--data FOLDER': 'where mail, keys and logs lie',
        '--listen here|all|IP[,…]': 'who connects: this machine, everybody, or on which addresses',
        '--ports standard|high': '25, 465, 587, 110, 995, 443, or 2525, 2465, 2587, 2110, 2995, 8080',
        '--site URL|none': 'the address of the site where a proxy of this machine serves it',
        '--signup open|closed': 'may visitors make accounts',
        '--out direct|never|HOST[:PORT]': 'how mail leaves',
      },
      exits: '1: there is such a file already',
      example: 'cwmail init --domain example.org --listen all --config /etc/cwmail/cwmail.conf',
      load: async () => (await import('../init.ts')).init,
    },
    'config check': {
      does: 'name every mistake, and what a reload would apply',
      options: { '--deep': 'look at folders, certificate, ports and names in the DNS, too' },
      exits: '1: there are mistakes, or, by --deep, something to be mended',
      example: 'cwmail config check --config /etc/cwmail/cwmail.conf',
      load: async () => (await import('../config.ts')).check,
    },
    'config snapshots': {
      does: 'list what the settings were, the newest first',
      example: 'cwmail config snapshots',
      load: async () => (await import('../snapshots.ts')).snapshots,
    },
    'config diff': {
      takes: '[NUMBER]',
      does: 'show what changed since the newest snapshot',
      exits: '0: nothing differs · 1: something does',
      example: 'cwmail config diff 2',
      words: 1,
      load: async () => (await import('../snapshots.ts')).diff,
    },
    'config undo': {
      takes: '[NUMBER]',
      does: 'put the settings back as they were',
      example: 'cwmail config undo',
      words: 1,
      load: async () => (await import('../snapshots.ts')).undo,
    },
    'config files': {
      does: 'list every file the settings need',
      exits: '1: one of them cannot be read',
      example: 'cwmail config files',
      load: async () => (await import('../config.ts')).files,
    },
    'config test-ip': {
      takes: 'SETTING ADDRESS',
      does: 'say what a list of IP addresses makes of one',
      exits: '0: it is taken · 1: it is not',
      example: 'cwmail config test-ip user_ip_address 192.0.2.1',
      words: 2,
      load: async () => (await import('../config.ts')).testIp,
    },
    'config import-report': {
      takes: 'FILE',
      does: 'say what becomes of each line of a dmail.conf',
      exits: '1: there are mistakes',
      example: 'cwmail config import-report dmail.conf',
      words: 1,
      load: async () => (await import('../config.ts')).importReport,
    },
    'config reference': {
      does: 'print all settings with their defaults',
      example: 'cwmail config reference',
      load: async () => (await import('../config.ts')).reference,
    },
  },
};

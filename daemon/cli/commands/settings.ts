import type { Group } from './command.ts';

export const settings: Group = {
  title: 'Settings',
  commands: {
    'config check': {
      does: 'name every mistake, and what a reload would apply',
      exits: '1: there are mistakes',
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

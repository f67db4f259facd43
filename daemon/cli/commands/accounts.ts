import { type Group, json } from './command.ts';

const password = { '--password-stdin': 'the password is the first line of standard input' };

export const accounts: Group = {
  title: 'Accounts',
  commands: {
    'user add': {
      takes: 'NAME@DOMAIN --password-stdin',
      does: 'make an account',
      options: { ...password, '--name NAME': 'the name people see, such as "Ann Lindqvist"' },
      example: "printf 'correct horse' | cwmail user add ann@example.org --password-stdin",
      words: 1,
      load: async () => (await import('../user.ts')).add,
    },
    'user passwd': {
      takes: 'NAME@DOMAIN --password-stdin',
      does: 'set a password; sessions on the site end',
      options: password,
      example: "printf 'another one' | cwmail user passwd ann@example.org --password-stdin",
      words: 1,
      load: async () => (await import('../user.ts')).passwd,
    },
    'user list': {
      does: 'list the accounts',
      options: json,
      example: 'cwmail user list --json',
      load: async () => (await import('../user.ts')).list,
    },
    'user set': {
      takes: 'NAME@DOMAIN SWITCH=VALUE …',
      does: 'set pop3=on|off, disabled=on|off, name=NAME',
      example: 'cwmail user set ann@example.org pop3=off',
      words: 4,
      load: async () => (await import('../account.ts')).set,
    },
    'user quota': {
      takes: 'NAME@DOMAIN SIZE|none',
      does: 'set how much an account may hold',
      example: 'cwmail user quota ann@example.org 10G',
      words: 2,
      load: async () => (await import('../account.ts')).quota,
    },
    'user forward': {
      takes: 'NAME@DOMAIN [ADDRESS …]',
      does: 'show, set or end (--off) where its mail goes',
      options: { '--keep': 'a copy stays here', '--off': 'mail stays here, and goes nowhere else' },
      example: 'cwmail user forward bo@example.org bo@home.example --keep',
      words: Number.POSITIVE_INFINITY,
      load: async () => (await import('../forward.ts')).forward,
    },
    'user app-passwords': {
      takes: 'NAME@DOMAIN',
      does: 'list its app passwords, or revoke them all',
      options: { '--revoke': 'none of them opens anything any more' },
      example: 'cwmail user app-passwords ann@example.org',
      words: 1,
      load: async () => (await import('../sign-in.ts')).appPasswords,
    },
    'user second-factor': {
      takes: 'NAME@DOMAIN',
      does: 'show its second factor, or switch it off',
      options: { '--off': 'the password is enough again' },
      example: 'cwmail user second-factor ann@example.org --off',
      words: 1,
      load: async () => (await import('../sign-in.ts')).secondFactor,
    },
    'user recount': {
      takes: '[NAME@DOMAIN]',
      does: 'count anew what an account holds; without a name all',
      example: 'cwmail user recount ann@example.org',
      words: 1,
      load: async () => (await import('../account.ts')).recount,
    },
    'user del': {
      takes: 'NAME@DOMAIN',
      does: 'remove an account with its mail',
      example: 'cwmail user del ann@example.org',
      words: 1,
      load: async () => (await import('../user.ts')).del,
    },
  },
};

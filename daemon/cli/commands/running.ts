import { type Group, json } from './command.ts';

const single = { '--single': 'all in one process: less memory, and a fault takes all down' };

export const running: Group = {
  title: 'Running',
  commands: {
    start: {
      does: 'serve mail and the site until stopped',
      options: single,
      example: 'cwmail start --config /etc/cwmail/cwmail.conf',
      load: async () => (await import('../start.ts')).start,
    },
    webmail: {
      takes: '--for POP3 --smtp HOST',
      does: 'serve the site for mailboxes of a provider',
      options: {
        '--for URL': 'where they lie: pop3s://pop.example.net',
        '--smtp HOST': 'where what users write goes out, HOST or HOST:PORT',
        '--domain NAME': 'of their addresses; else what the host is called without its first label',
        ...single,
      },
      example: 'cwmail webmail --for pop3s://pop.example.net --smtp smtp.example.net',
      load: async () => (await import('../webmail.ts')).webmail,
    },
    cgi: {
      takes: 'SOCKET',
      does: 'answer one request as a CGI program',
      example: 'cwmail cgi /run/cwmail/cgi.sock',
      words: 1,
      load: async () => (await import('../cgi.ts')).cgi,
    },
    status: {
      does: 'show sessions, queue and processes',
      options: json,
      exits: '1: nothing runs, or the daemon does not answer',
      example: 'cwmail status',
      load: async () => (await import('../status.ts')).status,
    },
    reload: {
      does: 'apply changed settings without a restart',
      exits: '1: the settings have mistakes, or a part could not be applied',
      example: 'cwmail reload --config /etc/cwmail/cwmail.conf',
      load: async () => (await import('../reload.ts')).reload,
    },
    tellsmtp: {
      takes: '[COMMAND | SCRIPT.msc]',
      does: 'tell the SMTP server something: see tellsmtp help',
      options: json,
      exits: '1, for a script: a reply was neither 2xx nor 3xx',
      example: 'cwmail tellsmtp log_level debug',
      words: 10,
      load: async () => (await import('../managers.ts')).tellsmtp,
    },
    tellpop: {
      takes: '[COMMAND]',
      does: 'tell the POP3 server something: see tellpop help',
      options: json,
      example: 'cwmail tellpop shutdown',
      words: 10,
      load: async () => (await import('../managers.ts')).tellpop,
    },
  },
};

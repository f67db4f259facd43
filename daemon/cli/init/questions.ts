import { loadSettings } from '../../config.ts';

export type Option = 'domain' | 'data' | 'listen' | 'ports' | 'site' | 'signup' | 'out';
export type Answers = Partial<Record<Option, string>>;

type Question = {
  option: Option;
  ask: string;
  /** What is taken where nobody answers, by what was answered before. */
  usual(before: Answers): string;
  /** What cannot be taken, and what can; null: it can. */
  wrong(answer: string): string | null;
};

/** What the settings themselves say of a value. */
function wrongAs(name: string, value: string): string | null {
  const { verdicts } = loadSettings({ config: '/dev/null', set: [`${name}=${value}`] });
  return verdicts.find(v => v.what === 'wrong')?.message ?? null;
}

const oneOf =
  (...words: string[]) =>
  (answer: string): string | null =>
    words.includes(answer) ? null : `${words.slice(0, -1).join(', ')} or ${words.at(-1)} belongs here`;

const isHere = ({ listen = 'here' }: Answers): boolean => listen === 'here';

export const questions: Question[] = [
  {
    option: 'domain',
    ask: 'Whose mail is it? A domain, or several with commas, the main one first',
    usual: () => 'localhost',
    wrong: answer => wrongAs('host_domain', answer),
  },
  {
    option: 'data',
    ask: 'In which folder do mail, keys and logs lie?',
    usual: () => './data',
    wrong: answer => wrongAs('data_path', answer),
  },
  {
    option: 'listen',
    ask: 'Who connects: this machine only (here), everybody (all), or on which IP addresses?',
    usual: () => 'here',
    wrong: answer => (answer === 'here' || answer === 'all' ? null : wrongAs('listen', answer)),
  },
  {
    option: 'ports',
    ask: 'Ports: standard (25, 465, 587, 110, 995, 443; they need a right) or high (2525, 2465, 2587, 2110, 2995, 8080)?',
    usual: before => (isHere(before) ? 'high' : 'standard'),
    wrong: oneOf('standard', 'high'),
  },
  {
    option: 'site',
    ask: 'The address of the site that nginx or another proxy of this machine serves, such as https://mail.example.org, or none',
    usual: () => 'none',
    wrong: answer => (answer === 'none' ? null : wrongAs('site_url', answer)),
  },
  {
    option: 'signup',
    ask: 'May visitors of the site make accounts: open or closed?',
    usual: before => (isHere(before) ? 'open' : 'closed'),
    wrong: oneOf('open', 'closed'),
  },
  {
    option: 'out',
    ask: 'How does mail leave: direct, never, or by which server of a provider (HOST or HOST:PORT)?',
    usual: before => (isHere(before) ? 'never' : 'direct'),
    wrong: answer => {
      if (/\s/.test(answer)) return 'one host such as smtp.isp.example or smtp.isp.example:587 belongs here';
      return ['direct', 'never'].includes(answer) ? null : wrongAs('gateway', `* ${answer}`);
    },
  },
];

const answered = (answers: Answers, option: Option): string =>
  answers[option] ?? questions.find(q => q.option === option)!.usual(answers);

const setting = (name: string, value: string): string => `${name.padEnd(17)} ${value}`;

/** The settings file, with what a newcomer wants to know beside each line. */
export function settingsText(answers: Answers): string {
  const [domain, data, listen] = (['domain', 'data', 'listen'] as const).map(o => answered(answers, o)) as [
    string,
    string,
    string,
  ];
  return `${[
    '# The settings of CWMail. All there are: cwmail config reference',
    '# After a change: cwmail config check, then cwmail reload. Back to what was: cwmail config undo',
    '',
    '# The domains whose mail is ours. The first is also the name this server greets with.',
    setting('host_domain', domain),
    '# Mail, keys and logs. Relative paths start from the folder of this file.',
    setting('data_path', data),
    '',
    '# Where it listens: 127.0.0.1 is this machine alone, 0.0.0.0 every interface by IPv4, :: by IPv6.',
    setting('listen', listen === 'here' ? '127.0.0.1' : listen === 'all' ? '0.0.0.0,::' : listen),
    ...portLines(answers),
    '',
    '# The certificate (PEM). Without these two lines a self-signed one is made at first start.',
    '#tls_cert         fullchain.pem',
    '#tls_key          privkey.pem',
    '',
    '# May visitors of the site make accounts? Accounts are made with cwmail user add, too.',
    setting('signup', answered(answers, 'signup')),
    '# What a new account may hold; 0: no limit.',
    setting('user_quota', '1G'),
    '',
    ...wayOut(answered(answers, 'out')),
    '',
    '# Another name of somebody, one line for each.',
    `#alias            info@${domain.split(',')[0]!.trim()} ann@${domain.split(',')[0]!.trim()}`,
  ].join('\n')}\n`;
}

function portLines(answers: Answers): string[] {
  const standard = answered(answers, 'ports') === 'standard';
  const site = answered(answers, 'site');
  const [smtp, submissions, submission, pops, pop] = standard
    ? ['25', '465', '587', '995', '110']
    : ['2525', '2465', '2587', '2995', '2110'];
  const lines = [
    setting('smtp_port', smtp!),
    '# Mail programs send and fetch here: with TLS from the first octet, or by STARTTLS.',
    setting('submissions_port', submissions!),
    setting('submission_port', submission!),
    setting('pops_port', pops!),
    setting('pop_port', pop!),
  ];
  if (site !== 'none')
    return [
      ...lines,
      '# The site is for the proxy of this machine, which speaks HTTPS for it.',
      setting('http_listen', '127.0.0.1'),
      setting('http_port', '8080'),
      setting('site_url', site),
      setting('trusted_proxy', '127.0.0.1'),
    ];
  const https = '# Passwords are asked for over HTTPS only, but on this machine.';
  return [
    ...lines,
    setting('http_port', standard ? '80' : '8080'),
    ...(standard ? [https, setting('https_port', '443')] : []),
  ];
}

function wayOut(out: string): string[] {
  if (out === 'never')
    return ['# Mail for others waits here and nothing is fetched, until this is always.', setting('online', 'never')];
  if (out === 'direct')
    return [
      '# Mail for others goes to their own servers. A provider that must be used:',
      '#gateway          * smtp.isp.example',
    ];
  return [
    '# Mail for others goes by this server. To sign in there: user=NAME password_file=FILE behind it.',
    setting('gateway', `* ${out}`),
  ];
}

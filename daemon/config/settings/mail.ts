import * as v from '../values.ts';
import { type Declarations, single } from './declaration.ts';

export type ForwardRule = { /** Address or `*@domain`, lower case. */ from: string; to: string };
export type AliasRule = { /** Address, lower case. */ from: string; to: string };
export type FallbackRule = { domain: string; to: string };

export type MailSettings = {
  /** Octets. */
  max_message_size: number;
  /** A name of the IANA's list, or the text to write behind the time; empty: the zone of the machine. */
  timezone: string;
  /** Octets. */
  min_space: number;
  bare_newline: 'normalize' | 'refuse';
  forward: ForwardRule[];
  alias: AliasRule[];
  fallback_address: FallbackRule[];
  /** The file of content rules; empty: none. */
  msg_filter: string;
  /** The folder programs of this machine put mail into; empty: none. */
  pickup_path: string;
};

export const mailSettings: Declarations<MailSettings> = {
  max_message_size: single<number>({
    doc: 'The largest message taken, by SMTP, from the webmail and from upstream.',
    form: 'SIZE',
    group: 'Mail',
    initial: 100 * 1024 * 1024,
    restart: false,
    parse: v.size,
  }),
  timezone: single({
    doc: 'The time zone of dates in mail: a name such as Europe/Berlin. A text such as `-0800 PST` is written behind the time as it stands, and the time left as the machine has it. Without it the zone of the machine holds.',
    form: 'NAME|TEXT',
    group: 'Mail',
    initial: '',
    restart: false,
    parse: v.timezone,
  }),
  min_space: single<number>({
    doc: 'The room that stays free on the disk: below it senders are told to come later, and the log says so. A bare number counts megabytes.',
    form: 'SIZE',
    group: 'Mail',
    initial: 16 * 1024 * 1024,
    restart: false,
    parse: v.sizeIn('m'),
  }),
  bare_newline: single<MailSettings['bare_newline']>({
    doc: 'A lone CR or LF in content becomes CRLF (normalize), or the message is refused (refuse).',
    form: 'normalize|refuse',
    group: 'Mail',
    initial: 'normalize',
    restart: false,
    parse: v.oneOf('normalize', 'refuse'),
  }),
  forward: {
    doc: 'Mail for FROM goes to TO instead. All lines that match apply. FROM may be *@DOMAIN.',
    form: 'FROM TO',
    group: 'Mail',
    initial: [],
    kind: 'lines',
    restart: false,
    parse: forwardRule,
  },
  alias: {
    doc: 'ADDRESS is another name of TARGET; several lines for one address make a group. Looked at when no forward line matches.',
    form: 'ADDRESS TARGET',
    group: 'Mail',
    initial: [],
    kind: 'lines',
    restart: false,
    parse: aliasRule,
  },
  fallback_address: {
    doc: 'Mail for an address of DOMAIN that nothing else takes goes to ADDRESS.',
    form: 'DOMAIN ADDRESS',
    group: 'Mail',
    initial: [],
    kind: 'lines',
    restart: false,
    parse: fallbackRule,
  },
  msg_filter: single({
    doc: 'A file of rules by header, body and attachments: what they match is refused, dropped, put into Junk or marked. Read again when it changes. Empty: none. The manual has its grammar.',
    form: 'FILE',
    group: 'Mail',
    initial: '',
    restart: false,
    files: file => (file === '' ? [] : [file]),
    parse: v.text,
  }),
  pickup_path: single({
    doc: 'A folder whose files are sent as mail: who may write there may send as anyone of our domains. Refused files move to its folder `bad`. Empty: none.',
    form: 'FOLDER',
    group: 'Mail',
    initial: '',
    restart: true,
    parse: v.text,
  }),
};

function addressPair(t: string, form: string, star: boolean): v.Parsed<{ from: string; to: string }> {
  const words = v.pair(t, form);
  if (!words.ok) return words;
  const from = v.address(star)(words.value[0]);
  if (!from.ok) return from;
  const to = v.address()(words.value[1]);
  return to.ok ? v.right({ from: from.value, to: to.value }) : to;
}

function forwardRule(t: string): v.Parsed<ForwardRule> {
  return addressPair(t, 'forward FROM TO', true);
}

function aliasRule(t: string): v.Parsed<AliasRule> {
  return addressPair(t, 'alias ADDRESS TARGET', false);
}

function fallbackRule(t: string): v.Parsed<FallbackRule> {
  const words = v.pair(t, 'fallback_address DOMAIN ADDRESS');
  if (!words.ok) return words;
  const domain = v.domain(words.value[0]);
  if (!domain.ok) return domain;
  const to = v.address()(words.value[1]);
  return to.ok ? v.right({ domain: domain.value, to: to.value }) : to;
}

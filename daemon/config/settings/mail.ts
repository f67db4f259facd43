import * as v from '../values.ts';
import { type Declarations, single } from './declaration.ts';

export type MailSettings = {
  /** Octets. */
  max_message_size: number;
  /** A name of the IANA's list, or the text to write behind the time; empty: the zone of the machine. */
  timezone: string;
  /** Octets. */
  min_space: number;
  bare_newline: 'normalize' | 'refuse';
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

import * as v from '../values.ts';
import { type Declaration, type Declarations, ipList, single, trustedIps } from './declaration.ts';

export type SendAsRule = { account: string /** Address or `*@domain`, lower case. */; address: string };

export type PolicySettings = {
  forward_from_ip: string[];
  send_as: SendAsRule[];
  max_rcpts: number;
  /** Connections from one address at the same time; 0: no limit. */
  fromip_max: number;
  fromip_nolimit: string[];
  /** An hour; 0: no limit. */
  fromip_max_messages: number;
  fromip_max_rcpts: number;
  user_max_messages: number;
  user_max_rcpts: number;
  user_max_forwards: number;
  smtp_welcome: string;
  fake_vrfy: boolean;
  xclient_ip: string[];
  proxy_protocol_ip: string[];
};

const limit = (doc: string, initial: number): Declaration<number> =>
  single({
    doc: `${doc} 0: no limit.`,
    form: 'NUMBER',
    group: 'Senders',
    initial,
    restart: false,
    parse: v.whole(0, 100_000_000),
  });

const anyName = 'anybody may claim to be anywhere: limits and forward_from_ip then mean nothing';

export const policySettings: Declarations<PolicySettings> = {
  forward_from_ip: trustedIps(
    'Senders',
    'Addresses of hosts of ours that may send to other domains without signing in. Everybody else signs in at the submission port.',
    'the whole world may relay through this server: it will be abused, and listed as an open relay',
  ),
  send_as: {
    doc: 'The user ACCOUNT may send with ADDRESS, with any address of DOMAIN, or (`*`) with any at all, such as a program that sends for many, in the envelope and in From. Everybody may send with the own address, with tags (`ann+shop@…`) and with aliases that lead there.',
    form: 'ACCOUNT ADDRESS|*@DOMAIN|*',
    group: 'Senders',
    initial: [],
    kind: 'lines',
    restart: false,
    parse: sendAs,
  },
  max_rcpts: single({
    doc: 'The most recipients of one message; further ones are told to come with another. RFC 5321 asks for 100 at least.',
    form: 'NUMBER',
    group: 'Senders',
    initial: 1000,
    restart: false,
    parse: v.whole(1, 100_000),
    warning: n => (n < 100 ? 'RFC 5321 asks servers to take 100 recipients at least' : null),
  }),
  fromip_max: limit('SMTP connections from one address (IPv6: one /64) at the same time.', 100),
  fromip_nolimit: ipList('selecting', {
    doc: 'Addresses for which no fromip_ setting counts, besides this machine itself.',
    group: 'Senders',
    restart: false,
  }),
  fromip_max_messages: limit('Messages an hour from one address (IPv6: one /64).', 10_000),
  fromip_max_rcpts: limit('Recipients an hour from one address (IPv6: one /64), those who are refused too.', 50_000),
  user_max_messages: limit('Messages an hour from one account, over all its connections and the site.', 500),
  user_max_rcpts: limit('Recipients an hour from one account, over all its connections and the site.', 5000),
  user_max_forwards: limit(
    'Copies an hour that are sent on for one account, to addresses elsewhere by its forwarding, to any by its rules. What is more stays in its mailbox.',
    500,
  ),
  smtp_welcome: single({
    doc: 'The text behind our name in the SMTP greeting. Empty: just ESMTP; no version is ever told.',
    form: 'TEXT',
    group: 'Senders',
    initial: '',
    restart: false,
    parse: t => (/^[ -~]{0,400}$/.test(t) ? v.right(t) : v.wrong('at most 400 characters of plain ASCII belong here')),
  }),
  fake_vrfy: single({
    doc: 'VRFY answers 252 alike for all names, and EXPN is refused. false: VRFY tells who is here, and EXPN shows users who signed in where an alias leads.',
    form: 'true|false',
    group: 'Senders',
    initial: true,
    restart: false,
    parse: v.yesNo,
  }),
  xclient_ip: trustedIps(
    'Senders',
    'Addresses of SMTP proxies whose XCLIENT command says where a client really comes from.',
    anyName,
  ),
  proxy_protocol_ip: trustedIps(
    'Senders',
    'Addresses of load balancers that begin each SMTP connection with a PROXY header (version 1 or 2), which says where a client really comes from. From them a connection without it is not taken.',
    anyName,
  ),
};

function sendAs(t: string): v.Parsed<SendAsRule> {
  const words = v.pair(t, 'send_as ACCOUNT ADDRESS|*@DOMAIN|*');
  if (!words.ok) return words;
  const account = v.address()(words.value[0]);
  if (!account.ok) return account;
  const address = words.value[1] === '*' ? v.right('*') : v.address(true)(words.value[1]);
  return address.ok ? v.right({ account: account.value, address: address.value }) : address;
}

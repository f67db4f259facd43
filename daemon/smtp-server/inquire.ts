import type { Settings } from '../config.ts';
import type { Intake, Visitor } from '../intake.ts';
import { formatAddress, parseAddress } from '../mail/address.ts';
import { isPermanent, type Reply, reply } from '../mail/reply.ts';

export type InquireOptions = { settings: Pick<Settings, 'fake_vrfy' | 'host_domain'>; intake: Intake };

/** RFC 5321 §7.3: the same for everybody, so that it says nothing about anybody. */
const noAnswer = reply(252, '5.2', 'Send something and see; nobody is told who is here');
const notDone = reply(502, '5.1', 'EXPN is not done here');
const noAddress = reply(501, '5.4', 'A name or an address such as ann@example.org belongs here');
const noList = reply(550, '1.1', 'That is no list here');

/** VRFY and EXPN (RFC 5321 §3.5). Each inquiry counts as a recipient, so that nobody asks for all names there are. */
export async function inquire(
  verb: 'VRFY' | 'EXPN',
  name: string,
  visitor: Visitor,
  { settings, intake }: InquireOptions,
): Promise<Reply[]> {
  if (verb === 'VRFY' && settings.fake_vrfy) return [noAnswer];
  // Who is in a group is known to those who are here, not to the world.
  if (verb === 'EXPN' && (settings.fake_vrfy || visitor.account === null)) return [notDone];
  const address = addressIn(name, settings.host_domain[0]!);
  if (address === null) return [noAddress];
  const tooMany = intake.refuseInquiry(visitor);
  if (tooMany) return [tooMany];
  return verb === 'VRFY' ? [await verify(address, visitor, intake)] : await expand(address, intake);
}

/** `ann`, `ann@here`, `<ann@here>`, and EXPN's and VRFY's habit of a name in front. */
function addressIn(text: string, mainDomain: string): string | null {
  const inner = /<([^<>]*)>\s*$/.exec(text)?.[1] ?? text.replace(/\s+SMTPUTF8$/i, '');
  const parsed = parseAddress(inner.includes('@') ? inner : `${inner}@${mainDomain}`);
  return parsed && formatAddress(parsed);
}

async function verify(address: string, visitor: Visitor, intake: Intake): Promise<Reply> {
  const { refusal, routes } = await intake.route(visitor, address);
  if (refusal) return isPermanent(refusal) ? refusal : reply(252, '5.2', 'It cannot be told just now');
  const relayed = routes.length === 1 && routes[0]!.kind === 'relay' && routes[0]!.address === address;
  return relayed
    ? reply(252, '5.2', 'That is for another host to say; mail for it is taken')
    : reply(250, '1.5', `<${address}>`);
}

async function expand(address: string, intake: Intake): Promise<Reply[]> {
  const members = await intake.expand(address);
  return members === null ? [noList] : members.map(m => reply(250, '1.5', `<${m}>`));
}

import { outwardUrl } from '../link.ts';

/**
 * Hosts, by their ends, that count a click before they send on to where the link leads. There are more than anybody can
 * list: those of the large senders of newsletters are here, and whatever carries its goal in its own address is found by it.
 */
const COUNTERS =
  `awstrack.me list-manage.com mailchi.mp sendgrid.net ct.sendgrid.net mandrillapp.com mailgun.org hubspotlinks.com
  hubspotemail.net exacttarget.com pardot.com rs6.net constantcontact.com cmail19.com cmail20.com createsend.com sendibm1.com
  sendinblue.com brevo.com klclick.com klclick1.com mjt.lu mailjet.com sparkpostmail.com emltrk.com getresponse.com
  activehosted.com convertkit-mail.com ck.page beehiiv.com customeriomail.com iterable.com braze.com eloqua.com marketo.com
  mktoweb.com safelinks.protection.outlook.com urldefense.com urldefense.proofpoint.com`.split(/\s+/);

/** The host that learns of a click before the page behind it does; null: none that we know. */
export function clickTracker(address: string): string | null {
  const url = URL.parse(address);
  if (!url?.protocol.startsWith('http')) return null;
  const host = url.hostname;
  if (COUNTERS.some(end => host === end || host.endsWith(`.${end}`))) return host;
  return carriesAnother(url) ? host : null;
}

/** UTF-16 units of a query; what is longer carries more than a link. */
const LONGEST_QUERY = 16_000;

function carriesAnother(url: URL): boolean {
  // Looked at first: node takes the parameters apart when they are asked for.
  if (url.search.length > LONGEST_QUERY) return false;
  for (const value of url.searchParams.values()) {
    const goal = /^https?:\/\//i.test(value) ? outwardUrl(value) : null;
    if (goal !== null && !isSameSite(new URL(goal).hostname, url.hostname)) return true;
  }
  return false;
}

/** Without a list of public suffixes: one is the other, or lies below it, or both end alike in a long name. */
function isSameSite(one: string, other: string): boolean {
  const end = (host: string) => host.split('.').slice(-2).join('.');
  return end(one) === end(other);
}

import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../../config.ts';
import { certificate } from '../../wire/certificate.ts';
import { type Finding, fact, good, mend, open } from '../findings.ts';

const dayMs = 86_400_000;
/** Renewals by ACME come a month before the end; two weeks are a sign that they do not come. */
const soonDays = 14;

/** The certificate that the listeners show: whether it can be used, till when, and for which names. */
export async function certificateFound(settings: Settings, now: number): Promise<Finding[]> {
  const { tls_cert, tls_key, data_path } = settings;
  const own = join(data_path, 'tls.crt');
  if (!tls_cert && !existsSync(own)) return [fact('a self-signed certificate is made at the first start')];
  try {
    if (tls_cert) await certificate({ cert: tls_cert, key: tls_key }, data_path, []);
    const found = new X509Certificate(readFileSync(tls_cert || own));
    const selfSigned = found.issuer === found.subject;
    return [...dates(found, tls_cert || own, now), ...(selfSigned ? [unproven] : names(found, settings))];
  } catch (error) {
    return [mend(`the certificate cannot be used: ${(error as Error).message}`, 'Mend tls_cert and tls_key.')];
  }
}

const unproven = open(
  'the certificate is self-signed: browsers and mail programs ask about it, once each',
  'A real one (from an ACME client, say) goes into tls_cert and tls_key.',
);

function dates(found: X509Certificate, path: string, now: number): Finding[] {
  const days = Math.floor((Date.parse(found.validTo) - now) / dayMs);
  if (Date.parse(found.validFrom) > now)
    return [mend(`${path} is not valid before ${found.validFrom}`, 'Look at the clock.')];
  if (days < 0) return [mend(`${path} ended on ${found.validTo}`, 'Renew it, then cwmail reload.')];
  const text = `${path} is valid for ${days} days, until ${found.validTo}`;
  return [days < soonDays ? mend(text, 'Renew it, then cwmail reload.') : good(text)];
}

/** Of a site behind a proxy its name is the proxy's to prove. */
function names(found: X509Certificate, { site_url, https_port, host_domain }: Settings): Finding[] {
  const site = site_url && https_port > 0 ? [new URL(site_url).hostname] : [];
  const missing = site.filter(name => found.checkHost(name) === undefined);
  const forMail = host_domain.some(d => found.checkHost(d) !== undefined || found.checkHost(`mail.${d}`) !== undefined);
  const told = found.subjectAltName?.replaceAll('DNS:', '') ?? 'no name';
  return [
    ...missing.map(name =>
      mend(`the certificate is for ${told}, and not for ${name} of site_url`, 'Have it made for that name as well.'),
    ),
    ...(forMail || missing.length > 0
      ? []
      : [fact(`the certificate is for ${told}: the name mail programs must be told`)]),
  ];
}

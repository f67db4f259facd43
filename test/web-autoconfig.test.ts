import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSite, type TestSite } from './site.ts';

const served = {
  ...{ host_domain: ['example.org', 'example.net'], site_url: 'https://mail.example.org', listen: ['0.0.0.0'] },
  ...{ pop_port: 110, pops_port: 995, submission_port: 587, submissions_port: 465 },
};

let site: TestSite;
beforeAll(async () => {
  site = await openSite(served);
  await site.account('ann');
});
afterAll(() => site.close());

const wellKnown = '/.well-known/autoconfig/mail/config-v1.1.xml';
const get = async (url: string, from = site) => {
  const answer = await from.app.request(url);
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
};

/** Element names and texts, as a parser of XML reads them; it throws where the file is not well-formed. */
function parsed(xml: string): string[] {
  const script =
    'import sys, xml.dom.minidom as m\nfor e in m.parseString(sys.stdin.buffer.read()).getElementsByTagName("*"):\n  t = "".join(c.data for c in e.childNodes if c.nodeType == 3).strip()\n  if t: print(e.tagName + " " + t)';
  return execFileSync('python3', ['-c', script], { input: xml, encoding: 'utf8' }).trimEnd().split('\n');
}

describe('autoconfiguration', () => {
  const expected = (domain: string) => [
    ...[`domain ${domain}`, `displayName ${domain}`, `displayShortName ${domain}`],
    ...['hostname mail.example.org', 'port 995', 'socketType SSL'],
    ...['authentication password-cleartext', 'username %EMAILADDRESS%', 'leaveMessagesOnServer true'],
    ...['hostname mail.example.org', 'port 110', 'socketType STARTTLS'],
    ...['authentication password-cleartext', 'username %EMAILADDRESS%', 'leaveMessagesOnServer true'],
    ...['hostname mail.example.org', 'port 465', 'socketType SSL'],
    ...['authentication password-cleartext', 'username %EMAILADDRESS%'],
    ...['hostname mail.example.org', 'port 587', 'socketType STARTTLS'],
    ...['authentication password-cleartext', 'username %EMAILADDRESS%'],
  ];

  test.each([
    ['by the host of the domain', `https://example.org${wellKnown}`, 'example.org'],
    ['by an address', `https://mail.example.org${wellKnown}?emailaddress=ann%40Example.NET`, 'example.net'],
    ['by its own host', 'http://autoconfig.example.org/mail/config-v1.1.xml', 'example.org'],
    ['by both', 'https://autoconfig.example.org/mail/config-v1.1.xml?emailaddress=x@example.org', 'example.org'],
  ])('is answered %s, for anybody', async (_, url, domain) => {
    const { status, headers, text } = await get(url);
    expect([status, headers.get('content-type')]).toEqual([200, 'application/xml; charset=utf-8']);
    expect(headers.get('cache-control')).toBe('public, max-age=3600');
    expect(parsed(text)).toEqual(expected(domain));
  });

  test('tells nobody which addresses there are, and knows no other domain', async () => {
    const of = async (address: string) => (await get(`https://example.org${wellKnown}?emailaddress=${address}`)).text;
    expect(await of('ann@example.org')).toBe(await of('nobody@example.org'));
    for (const url of [
      `https://far.example${wellKnown}`,
      `https://mail.example.org${wellKnown}`,
      `https://example.org${wellKnown}?emailaddress=ann@far.example`,
      `https://example.org${wellKnown}?emailaddress=%3Cx%3E%22@`,
      'https://autoconfig.far.example/mail/config-v1.1.xml',
    ])
      expect([url, (await get(url)).status]).toEqual([url, 404]);
    // Elsewhere this is a folder, for who is signed in.
    expect((await get('https://mail.example.org/mail/config-v1.1.xml')).status).toBe(303);
  });

  test('names no listener that is off or for this machine alone, nor any where the mailboxes are a provider’s', async () => {
    const some = await openSite({ ...served, pops_port: 0, pop_port: 0, submission_listen: ['127.0.0.1'] });
    expect((await get(`https://example.org${wellKnown}`, some)).text).not.toMatch(/incomingServer|587/);
    const front = await openSite({ ...served, webmail_for: { host: 'pop.isp.test' } as never });
    expect((await get(`https://example.org${wellKnown}`, front)).status).toBe(404);
    await some.close();
    await front.close();
  });

  test('is at the root of the host, wherever the site is', async () => {
    const below = await openSite({ ...served, base_path: '/webmail' });
    expect((await get(`https://example.org${wellKnown}`, below)).status).toBe(200);
    expect((await get('https://autoconfig.example.org/mail/config-v1.1.xml', below)).status).toBe(200);
    await below.close();
  });
});

describe('autodiscovery', () => {
  const outlook = 'http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a';
  const request = (address: string, schema = outlook) =>
    `<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request><EMailAddress>${address}</EMailAddress><AcceptableResponseSchema>${schema}</AcceptableResponseSchema></Request></Autodiscover>`;
  const ask = async (body: string, path = '/autodiscover/autodiscover.xml') => {
    const answer = await site.app.request(`https://autodiscover.example.org${path}`, {
      ...{ method: 'POST', body, headers: { 'Content-Type': 'text/xml' } },
    });
    return { status: answer.status, text: await answer.text() };
  };

  test('is answered with one server of each kind', async () => {
    for (const path of ['/autodiscover/autodiscover.xml', '/Autodiscover/Autodiscover.xml']) {
      const { status, text } = await ask(request('ann@example.org'), path);
      expect(status).toBe(200);
      const server = (type: string, port: number) => [
        ...[`Type ${type}`, 'Server mail.example.org', `Port ${port}`, 'LoginName ann@example.org'],
        ...['DomainRequired off', 'SPA off', 'SSL on', 'Encryption SSL', 'AuthRequired on'],
      ];
      expect(parsed(text)).toEqual([
        ...['AccountType email', 'Action settings', ...server('POP3', 995), ...server('SMTP', 465)],
      ]);
    }
  });

  test('tells nobody which addresses there are, knows no other domain, and refuses what it does not understand', async () => {
    const [known, unknown] = [await ask(request('ann@example.org')), await ask(request('nob@example.org'))];
    expect(unknown.text.replaceAll('nob@', 'ann@')).toBe(known.text);
    expect((await ask(request('ann@far.example'))).status).toBe(404);
    for (const wrong of [
      '',
      'x'.repeat(30_000),
      request('<b>@example.org'),
      request('nonsense'),
      request('ann@example.org', 'http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006'),
      request('ann@example.org').padEnd(30_000),
    ]) {
      const { status, text } = await ask(wrong);
      expect([status, parsed(text)]).toEqual([400, ['ErrorCode 600', 'Message Invalid Request']]);
    }
  });
});

test('the page for mail programs says what to type in, and not where the mailboxes are a provider’s', async () => {
  const b = site.browser();
  await b.login('ann');
  expect((await b.page('/settings')).html).toContain('href="/settings/mail-programs"');
  const text = (await b.page('/settings/mail-programs')).html
    .replace(/<svg.*?<\/svg>|<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ');
  expect(text).toContain('User name ann@example.org');
  expect(text).toContain('Incoming mail (POP3) Server mail.example.org Port 995 Security SSL/TLS');
  expect(text).toContain('Outgoing mail (SMTP) Server mail.example.org Port 465 Security SSL/TLS');
  const front = await openSite({ ...served, webmail_for: { host: 'pop.isp.test' } as never });
  await front.account('ann');
  const elsewhere = front.browser();
  await elsewhere.login('ann');
  expect((await elsewhere.page('/settings')).html).not.toContain('/settings/mail-programs');
  expect((await elsewhere.page('/settings/mail-programs')).status).toBe(404);
  await front.close();
});

/** The files by which mail programs set themselves up: Thunderbird's clientConfig 1.1, and Outlook's answer (MS-OXDSCLI). */
import { html } from 'hono/html';
import type { Html } from './words.ts';

/** `security` as mail programs name it. */
export type MailServer = { kind: 'pop3' | 'smtp'; host: string; port: number; security: 'SSL/TLS' | 'STARTTLS' };

const head = html`<?xml version="1.0" encoding="UTF-8"?>
`;

/** The program puts the person's address where we name it. */
export function autoconfigFile(domain: string, servers: MailServer[]): Html {
  const server = ({ kind, host, port, security }: MailServer) => {
    const [element, more] =
      kind === 'pop3'
        ? (['incomingServer', html`<pop3><leaveMessagesOnServer>true</leaveMessagesOnServer></pop3>`] as const)
        : (['outgoingServer', ''] as const);
    return html`    <${element} type="${kind}">
      <hostname>${host}</hostname>
      <port>${port}</port>
      <socketType>${security === 'STARTTLS' ? 'STARTTLS' : 'SSL'}</socketType>
      <authentication>password-cleartext</authentication>
      <username>%EMAILADDRESS%</username>
      ${more}
    </${element}>
`;
  };
  return html`${head}<clientConfig version="1.1">
  <emailProvider id="${domain}">
    <domain>${domain}</domain>
    <displayName>${domain}</displayName>
    <displayShortName>${domain}</displayShortName>
${servers.map(server)}  </emailProvider>
</clientConfig>
`;
}

/** What was asked for stands in it as it was asked: nobody looked whether there is such an address. */
export function autodiscoverAnswer(address: string, servers: MailServer[]): Html {
  const protocol = ({ kind, host, port, security }: MailServer) => html`      <Protocol>
        <Type>${kind === 'pop3' ? 'POP3' : 'SMTP'}</Type>
        <Server>${host}</Server>
        <Port>${port}</Port>
        <LoginName>${address}</LoginName>
        <DomainRequired>off</DomainRequired>
        <SPA>off</SPA>
        <SSL>on</SSL>
        <Encryption>${security === 'STARTTLS' ? 'TLS' : 'SSL'}</Encryption>
        <AuthRequired>on</AuthRequired>
      </Protocol>
`;
  // Outlook takes one of each.
  const first = (['pop3', 'smtp'] as const).flatMap(kind => servers.find(server => server.kind === kind) ?? []);
  return html`${head}<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
  <Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a">
    <Account>
      <AccountType>email</AccountType>
      <Action>settings</Action>
${first.map(protocol)}    </Account>
  </Response>
</Autodiscover>
`;
}

/** MS-OXDSCLI 2.2.4.1.1.1: the request is not one we understand. */
export const autodiscoverRefusal = (
  now: Date,
): Html => html`${head}<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
  <Response>
    <Error Time="${now.toISOString().slice(11, 23)}" Id="0">
      <ErrorCode>600</ErrorCode>
      <Message>Invalid Request</Message>
      <DebugData/>
    </Error>
  </Response>
</Autodiscover>
`;

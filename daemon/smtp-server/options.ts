import type { SMTPServerOptions } from 'smtp-server';
import type { SmtpOptions } from '../smtp-server.ts';
import type { ProxiedEnds } from '../wire/proxy-header.ts';
import { mostClients } from './crowd.ts';

/** RFC 5321 §4.5.3.2 asks servers for five minutes. */
const idleMs = 300_000;
/** RFC 5321 §4.5.3.1.4 asks for 512; parameters and AUTH want more. */
const maxCommandLength = 12_288;

/** What a reload may change of them. */
export const liveOptions = ({ role, settings, tls }: SmtpOptions) => ({
  ...tls,
  authMethods: ['PLAIN', 'LOGIN', ...(role === 'odmr' && settings.odmr.some(o => o.secret) ? ['CRAM-MD5'] : [])],
  name: settings.host_domain[0]!,
  size: settings.max_message_size,
  maxRecipients: settings.max_rcpts,
});

/** How the package is set up for one listener. */
export function packageOptions(options: SmtpOptions): SMTPServerOptions {
  const { role, implicitTls = false } = options;
  return {
    ...liveOptions(options),
    secure: implicitTls,
    heloResponse: '%s',
    maxClients: mostClients,
    maxCommandLength,
    socketTimeout: idleMs,
    disableReverseLookup: true,
    logger: false,
    // Where a password is safe is decided per connection: see MailConnection.
    allowInsecureAuth: true,
    authOptional: role === 'relay',
    // The package's jokes, and AUTH where nobody signs in.
    disabledCommands: ['WIZ', 'SHELL', 'KILL', ...(role === 'relay' ? ['AUTH'] : [])],
    authRequiredMessage: '5.7.0 Sign in first',
    hideENHANCEDSTATUSCODES: false,
    hideDSN: false,
  };
}

/** Addresses as the package names them; null: those of the socket. */
export const socketOptionsOf = (ends: ProxiedEnds | null) =>
  ends && {
    remoteAddress: ends.client.address,
    remotePort: ends.client.port,
    localAddress: ends.local.address,
    localPort: ends.local.port,
  };

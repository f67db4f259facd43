import { type CommandContext, settingsOf } from './command.ts';
import { start } from './start.ts';

/** Serves the site in front of a provider's mailboxes: `start` with the settings that make it so. */
export async function webmail(context: CommandContext): Promise<number> {
  const { for: mailboxes = '', smtp = '', domain } = context.options;
  const own = domain ?? domainOfHost(mailboxes);
  const made = [
    ...[`webmail_for=${mailboxes}`, `webmail_smtp=${smtp}`, 'signup=closed', 'online=always'],
    ...(own === null ? [] : [`host_domain=${own}`]),
  ];
  const whole = { ...context, options: { ...context.options, set: [...made, ...(context.options.set ?? [])] } };
  settingsOf(whole);
  return start(whole);
}

/** `pop.example.net` is the host of `example.net`; null: its name says no domain. */
function domainOfHost(url: string): string | null {
  const [address = ''] = url.split(/\s/);
  const host = URL.canParse(address) ? new URL(address).hostname : '';
  const [, ...rest] = host.split('.');
  return /^[\d.:[\]]*$/.test(host) || rest.length < 2 ? null : rest.join('.');
}

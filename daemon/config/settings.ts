import type { Declarations } from './settings/declaration.ts';
import { type EgressSettings, egressSettings } from './settings/egress.ts';
import { type FetchSettings, fetchSettings } from './settings/fetching.ts';
import { type ListenerSettings, levels, listenerSettings } from './settings/listeners.ts';
import { type MailSettings, mailSettings } from './settings/mail.ts';
import { type ParkingSettings, parkingSettings } from './settings/parking.ts';
import { type PolicySettings, policySettings } from './settings/policy.ts';
import { type ProviderSettings, providerSettings } from './settings/provider.ts';
import { type QueueSettings, queueSettings } from './settings/queue.ts';
import { type RecipientSettings, recipientSettings } from './settings/recipients.ts';
import { type SiteSettings, siteSettings } from './settings/site.ts';

export type { Declaration } from './settings/declaration.ts';
export { egressMistakes, egressWarnings, type Gateway, type ProxyRule } from './settings/egress.ts';
export type { EtrnSource, FetchAccount } from './settings/fetching.ts';
export { type EtrnRule, type OdmrRule, parkingWarnings } from './settings/parking.ts';
export { type MailboxProvider, providerMistakes, type SendingProvider } from './settings/provider.ts';
export type { AliasRule, FallbackRule, ForwardRule, VirtualDomain } from './settings/recipients.ts';
export { levels };

export type Settings = ListenerSettings &
  MailSettings &
  RecipientSettings &
  PolicySettings &
  QueueSettings &
  EgressSettings &
  ParkingSettings &
  SiteSettings &
  FetchSettings &
  ProviderSettings;

/** Every setting, declared once, in the file of its kind. */
export const declarations: Declarations<Settings> = {
  ...listenerSettings,
  ...mailSettings,
  ...recipientSettings,
  ...policySettings,
  ...queueSettings,
  ...egressSettings,
  ...parkingSettings,
  ...siteSettings,
  ...fetchSettings,
  ...providerSettings,
};

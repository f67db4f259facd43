/** What a person set, for people and programs to read: rules, signatures, choices. No secrets, and nothing of other people's. */
import type { Account, Store } from '../daemon/store.ts';

export async function settingsOf(store: Store, account: Account) {
  const { id } = account;
  const identities = await store.identities.list(id);
  const rules = await store.mailRules.list(id);
  return {
    account: personal(account),
    identities: identities.map(({ id: _, ...identity }) => identity),
    // Rules name folders and labels by their numbers here.
    folders: (await store.folders.list(id)).map(f => ({ id: f.id, name: f.name, role: f.role })),
    labels: (await store.labels.list(id)).map(l => ({ id: l.id, name: l.name, colour: l.colour })),
    rules: rules.map(({ name, active, rule }) => ({ name, active, rule })),
    blocked: (await store.unwanted.blocked(id)).map(({ address, place }) => ({ address, place })),
    away: await store.vacations.get(id),
    cannedReplies: (await store.cannedReplies.list(id)).map(({ name, text, html }) => ({ name, text, html })),
    searches: (await store.savedSearches.list(id)).map(({ name, query }) => ({ name, query })),
    decided: (await store.choices.list(id, ['images', 'version'])).map(({ kind, key, value }) => ({
      kind,
      key,
      value,
    })),
  };
}

/** Without what only the house counts by. */
function personal({ id, quota, used, modseq, disabled, pop3, sorting, ...own }: Account) {
  return { ...own, createdAt: new Date(own.createdAt).toISOString() };
}

/** Letters not sent yet, without their files. */
export async function draftsOf(store: Store, { id }: Account) {
  const drafts = await store.drafts.list(id);
  return drafts.map(({ from, to, cc, bcc, subject, text, html, uploads, updatedAt }) => ({
    ...{ from, to, cc, bcc, subject, text, html },
    files: uploads.map(u => u.name),
    changedAt: new Date(updatedAt).toISOString(),
  }));
}

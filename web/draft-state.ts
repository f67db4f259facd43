/** What a compose form is told of its draft: saved, or why not, with what was typed. */
import type { Draft, DraftFields } from '../daemon/store.ts';
import type { ComposeForm, DraftState } from '../views/compose.ts';
import type { Saved } from './drafts.ts';
import type { Form } from './form.ts';
import { idOf } from './page.ts';

type Shown = Pick<ComposeForm, 'draftId' | 'version' | 'state'>;

export const ofDraft = (draft: Draft): Draft & Shown => ({
  ...draft,
  draftId: draft.id,
  state: { kind: 'saved', at: draft.updatedAt },
});

/** What is held says the same, but for its files. */
export const isSame = (draft: Draft, fields: DraftFields): boolean =>
  Object.entries(fields).every(([name, value]) => (draft[name as keyof DraftFields] ?? null) === (value ?? null));

export const identity = (form: Form) => ({ draftId: idOf(form.get('draft')), version: idOf(form.get('version')) });

export type Unsaved = Exclude<Saved, { kind: 'saved' }>;

export function stateOf(kept: Unsaved): DraftState {
  if (kept.kind === 'conflict') return { kind: 'conflict', at: kept.draft.updatedAt, version: kept.draft.version };
  // Files were left out, but the text is stored.
  if (kept.kind === 'full' && kept.draft && kept.files.length > 0) return { kind: 'saved', at: kept.draft.updatedAt };
  return { kind: kept.kind };
}

/** What was typed stays; a draft that is gone is a new one at the next save. */
export function wrongState(form: Form, fields: DraftFields, kept: Unsaved) {
  const draft = kept.kind === 'gone' || kept.kind === 'held' ? null : kept.draft;
  // Of a draft saved elsewhere the version seen stays, so that nothing is written over unasked.
  const known =
    kept.kind === 'conflict' ? identity(form) : { draftId: draft?.id ?? null, version: draft?.version ?? null };
  return { ...fields, ...known, uploads: draft?.uploads ?? [], state: stateOf(kept) };
}

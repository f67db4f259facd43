/**
 * A file may arrive whole after it was called off, and twice when the line broke behind it. So script gives each file
 * it sends a name, and every form says which of them were called off: those neither stay nor come.
 */
import type { Draft } from '../daemon/store.ts';
import type { Form } from './form.ts';
import type { Site } from './site.ts';
import type { Received } from './upload.ts';

/** What is left of the draft's files and of those that came with the form. */
export async function withoutDropped(
  site: Site,
  draft: Draft,
  form: Form,
  files: Received[],
): Promise<{ draft: Draft; files: Received[] }> {
  const dropped = new Set(form.all('dropped'));
  const isDropped = ({ key = '' }: { key?: string }) => key !== '' && dropped.has(key);
  for (const upload of draft.uploads.filter(isDropped))
    await site.store.drafts.detach(draft.accountId, draft.id, upload.id);
  const stays = (file: { key?: string }) => !isDropped(file);
  return { draft: { ...draft, uploads: draft.uploads.filter(stays) }, files: files.filter(stays) };
}

import type { Draft, NewContent, Upload } from './shapes.ts';

export type DraftFields = Pick<Draft, 'to' | 'cc' | 'bcc' | 'subject' | 'text' | 'relatedId' | 'relation'>;

export type Drafts = {
  list(accountId: number): Promise<Draft[]>;
  get(accountId: number, id: number): Promise<Draft | null>;
  create(accountId: number, fields: DraftFields, at: number): Promise<Draft>;
  /** Null: the draft is gone, or `version` is not the stored one (saved elsewhere in between). */
  save(accountId: number, id: number, version: number | null, fields: DraftFields, at: number): Promise<Draft | null>;
  remove(accountId: number, id: number): Promise<boolean>;
  attach(
    accountId: number,
    id: number,
    file: { name: string; type: string; content: NewContent },
  ): Promise<Upload | null>;
  detach(accountId: number, id: number, uploadId: number): Promise<boolean>;
};

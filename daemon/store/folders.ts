import type { Folder, FolderRole } from './shapes.ts';

export type Folders = {
  /** All folders of the account: those with a role first (inbox, drafts, sent, archive, junk, trash), then by name. */
  list(accountId: number): Promise<Folder[]>;
  byId(accountId: number, id: number): Promise<Folder | null>;
  byRole(accountId: number, role: FolderRole): Promise<Folder>;
  /** Null: a folder of this name (letter case aside) is there already. */
  create(accountId: number, name: string): Promise<Folder | null>;
  rename(accountId: number, id: number, name: string): Promise<boolean>;
  /** Only folders without a role, and only empty ones. */
  remove(accountId: number, id: number): Promise<boolean>;
};

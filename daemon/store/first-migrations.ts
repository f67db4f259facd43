/** What a column type is called by the engine; `keyed` ends a table that lies in the order of its primary key. */
export type Names = {
  id: string;
  bytes: string;
  integer: string;
  text: string;
  words: string[];
  searchWords: string[];
  keyed: string;
};

/** Versions 1 to 8 of the store, in order. */
export const firstMigrations: ((n: Names) => string[])[] = [
  ({ id, bytes, integer, text, words }) => [
    `create table account (
      id ${id}, address ${text} not null unique, name ${text} not null, password ${text},
      created_at ${integer} not null, quota ${integer} not null, used ${integer} not null default 0,
      pop3 ${integer} not null default 1, disabled ${integer} not null default 0, modseq ${integer} not null default 1)`,
    // An address that was somebody's is nobody else's: old mail must not reach a new owner.
    `create table retired_address (address ${text} primary key, at ${integer} not null)`,
    `create table folder (
      id ${id}, account_id ${integer} not null, name ${text} not null, name_key ${text} not null, role ${text},
      uid_validity ${integer} not null, next_uid ${integer} not null default 1, modseq ${integer} not null default 1,
      total ${integer} not null default 0, unread ${integer} not null default 0,
      unique (account_id, name_key))`,
    `create table content (
      id ${id}, size ${integer} not null, file ${text}, received_at ${integer} not null, tree ${text}, body ${bytes})`,
    // Files whose content row is gone, until they are unlinked.
    `create table doomed_file (file ${text} primary key)`,
    `create table message (
      id ${id}, account_id ${integer} not null, folder_id ${integer} not null, content_id ${integer} not null,
      uid ${integer} not null, modseq ${integer} not null, flags ${integer} not null, received_at ${integer} not null,
      size ${integer} not null, prefix ${text} not null, subject ${text} not null, from_name ${text} not null,
      from_address ${text} not null, to_text ${text} not null, date_at ${integer}, snippet ${text} not null,
      message_id ${text}, in_reply_to ${text}, refs ${text} not null, attachments ${integer} not null)`,
    // The list page, and with size the whole POP3 maildrop, from the index alone.
    `create index message_list on message (folder_id, received_at, id, size)`,
    `create index message_content on message (content_id)`,
    `create table tombstone (account_id ${integer} not null, folder_id ${integer} not null, uid ${integer} not null,
      modseq ${integer} not null)`,
    `create index tombstone_since on tombstone (account_id, modseq)`,
    ...words,
    // What one author sent at once, as the envelope said: Sent shows Bcc from here.
    `create table submission (content_id ${integer} primary key, account_id ${integer} not null, at ${integer} not null,
      sender ${text}, recipients ${text} not null)`,
    `create table delivery (
      id ${id}, content_id ${integer} not null, account_id ${integer}, sender ${text}, recipient ${text} not null,
      domain ${text} not null, state ${text} not null, reason ${text} not null, attempts ${integer} not null default 0,
      next_at ${integer} not null, last_reply ${text}, since ${integer} not null, notify ${text}, orcpt ${text},
      ret ${text}, envid ${text}, eight_bit ${integer} not null, smtp_utf8 ${integer} not null)`,
    `create index delivery_due on delivery (state, next_at, id)`,
    `create index delivery_content on delivery (content_id)`,
    `create index delivery_domain on delivery (domain, state)`,
    `create table accepted_key (key ${text} not null, recipient ${text} not null, at ${integer} not null,
      primary key (key, recipient))`,
    `create table timeline (id ${id}, content_id ${integer} not null, at ${integer} not null, event ${text} not null,
      recipient ${text}, detail ${text} not null)`,
    `create index timeline_content on timeline (content_id, id)`,
    `create table draft (
      id ${id}, account_id ${integer} not null, version ${integer} not null, to_text ${text} not null,
      cc_text ${text} not null, bcc_text ${text} not null, subject ${text} not null, body ${text} not null,
      related_id ${integer}, relation ${text}, updated_at ${integer} not null)`,
    `create index draft_account on draft (account_id, updated_at)`,
    `create table upload (id ${id}, draft_id ${integer} not null, name ${text} not null, type ${text} not null,
      size ${integer} not null, content_id ${integer} not null)`,
    `create index upload_draft on upload (draft_id)`,
    `create index upload_content on upload (content_id)`,
    `create table session (id ${id}, hash ${text} not null unique, account_id ${integer} not null,
      created_at ${integer} not null, seen_at ${integer} not null, expires_at ${integer} not null,
      address ${text} not null, agent ${text} not null)`,
    `create index session_account on session (account_id)`,
    `create table fetched (upstream ${text} not null, uidl ${text} not null, at ${integer} not null,
      deleted_at ${integer}, primary key (upstream, uidl))`,
    // Small state of the processes, such as the login throttle, by name.
    `create table kept_state (name ${text} primary key, value ${text} not null)`,
  ],
  () => [
    // Drafts and their uploads count as used, too.
    `update account set used = used
      + coalesce((select sum(octet_length(to_text) + octet_length(cc_text) + octet_length(bcc_text)
        + octet_length(subject) + octet_length(body)) from draft where account_id = account.id), 0)
      + coalesce((select sum(u.size) from upload u join draft d on d.id = u.draft_id where d.account_id = account.id), 0)`,
    // Keys name their giver; of those there are, only the fetcher's are still needed.
    `update accepted_key set key = 'fetcher::' || key where key like 'fetch:%'`,
    `create index accepted_key_at on accepted_key (at)`,
  ],
  // The queue: why something is held is a kind and words; a recipient may wait unrouted; who brought it; delay told.
  ({ integer, text }) => [
    `alter table delivery add column hold_kind ${text}`,
    `alter table delivery add column routed ${integer} not null default 1`,
    `alter table delivery add column origin ${text} not null default 'peer'`,
    `alter table delivery add column delayed_at ${integer}`,
    `update delivery set hold_kind = case when reason like 'off line%' then 'off line' else 'operator' end
      where state = 'held'`,
    `drop index delivery_due`,
    `drop index delivery_domain`,
    // With the domain in it, a claim passes over a crowd of excepted ones without touching their rows.
    `create index delivery_due on delivery (state, next_at, id, domain)`,
    `create index delivery_held on delivery (state, hold_kind, next_at)`,
    `create index delivery_domain on delivery (domain, id)`,
  ],
  ({ integer, text }) => [
    // Where the account's owner has the mail sent; in the row itself, so that a recipient costs one look-up.
    `alter table account add column forwards ${text} not null default '[]'`,
    `alter table account add column keeps_copy ${integer} not null default 0`,
  ],
  ({ integer }) => [
    // Messages whose words the index does not have yet: noted in the transaction that files them.
    `create table to_index (message_id ${integer} primary key)`,
    // Of these the index had no more than the first 64 KB of each of the first four texts.
    `insert into to_index (message_id) select m.id from message m join content c on c.id = m.content_id
      where c.file is not null or length(c.tree) - length(replace(c.tree, '"type":"text/', '')) > 52`,
  ],
  // Parked mail: what each domain has, told from two indexes alone, and who last called for it.
  ({ integer, text }) => [
    `alter table delivery add column octets ${integer} not null default 0`,
    `update delivery set octets = coalesce((select size from content where content.id = delivery.content_id), 0)`,
    `drop index delivery_domain`,
    `drop index delivery_held`,
    `create index delivery_domain on delivery (domain, id, octets, since)`,
    `create index delivery_held on delivery (state, hold_kind, next_at, domain)`,
    `create table domain_call (domain ${text} primary key, at ${integer} not null, verb ${text} not null,
      caller ${text} not null, answer ${text} not null)`,
  ],
  ({ id, integer, text, searchWords }) => [
    // Sender, recipients, copies, names of files and facts in columns of their own: all mail is read for them again.
    `drop table message_words`,
    ...searchWords,
    `delete from to_index`,
    `insert into to_index (message_id) select id from message`,
    // What is rare among much mail: the starred, the answered, the unread.
    `create index message_marked on message (account_id, id, flags) where (flags & 22) <> 0`,
    `create index message_unread on message (account_id, id) where (flags & 1) = 0`,
    `create table saved_search (id ${id}, account_id ${integer} not null, name ${text} not null,
      name_key ${text} not null, query ${text} not null, unique (account_id, name_key))`,
  ],
  ({ integer, keyed }) => [
    `alter table account add column flat ${integer} not null default 0`,
    // The number given last to a conversation of the account.
    `alter table account add column conversations ${integer} not null default 0`,
    // 0: mail of before there were conversations, which the sweep gathers; until then each stands for itself.
    `alter table message add column conversation ${integer} not null default 0`,
    `alter table message add column newest ${integer} not null default 1`,
    `create table message_name (account_id ${integer} not null, name ${integer} not null,
      conversation ${integer} not null, primary key (account_id, name))${keyed}`,
    // Not the account first: the planner would go through all its mail rather than look up a few ids.
    `create index message_conversation on message (conversation, account_id, folder_id)`,
    // With `newest` in it the list passes over the others without reading their rows: at most a hundred a conversation.
    `drop index message_list`,
    `create index message_list on message (folder_id, received_at, id, size, newest)`,
    `create table to_gather (message_id ${integer} primary key)`,
    `insert into to_gather (message_id) select id from message`,
  ],
];

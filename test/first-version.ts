/**
 * A store as its first version made and filled it, as text, so that no later change of the program changes it too:
 * two people with mail in a row and in a file, a draft with a file, a queue, keys, and all else that was kept.
 */
export const firstVersion = `
create table store_version (version integer not null);
insert into store_version values (1);
create table account (
  id integer primary key autoincrement, address text not null unique, name text not null, password text,
  created_at integer not null, quota integer not null, used integer not null default 0,
  pop3 integer not null default 1, disabled integer not null default 0, modseq integer not null default 1);
create table retired_address (address text primary key, at integer not null);
create table folder (
  id integer primary key autoincrement, account_id integer not null, name text not null, name_key text not null,
  role text, uid_validity integer not null, next_uid integer not null default 1, modseq integer not null default 1,
  total integer not null default 0, unread integer not null default 0, unique (account_id, name_key));
create table content (
  id integer primary key autoincrement, size integer not null, file text, received_at integer not null, tree text,
  body blob);
create table doomed_file (file text primary key);
create table message (
  id integer primary key autoincrement, account_id integer not null, folder_id integer not null,
  content_id integer not null, uid integer not null, modseq integer not null, flags integer not null,
  received_at integer not null, size integer not null, prefix text not null, subject text not null,
  from_name text not null, from_address text not null, to_text text not null, date_at integer, snippet text not null,
  message_id text, in_reply_to text, refs text not null, attachments integer not null);
create index message_list on message (folder_id, received_at, id, size);
create index message_content on message (content_id);
create table tombstone (account_id integer not null, folder_id integer not null, uid integer not null,
  modseq integer not null);
create index tombstone_since on tombstone (account_id, modseq);
create virtual table message_words using fts5(owner, subject, people, body, content='', contentless_delete=1,
  tokenize='ascii');
create table submission (content_id integer primary key, account_id integer not null, at integer not null,
  sender text, recipients text not null);
create table delivery (
  id integer primary key autoincrement, content_id integer not null, account_id integer, sender text,
  recipient text not null, domain text not null, state text not null, reason text not null,
  attempts integer not null default 0, next_at integer not null, last_reply text, since integer not null, notify text,
  orcpt text, ret text, envid text, eight_bit integer not null, smtp_utf8 integer not null);
create index delivery_due on delivery (state, next_at, id);
create index delivery_content on delivery (content_id);
create index delivery_domain on delivery (domain, state);
create table accepted_key (key text not null, recipient text not null, at integer not null,
  primary key (key, recipient));
create table timeline (id integer primary key autoincrement, content_id integer not null, at integer not null,
  event text not null, recipient text, detail text not null);
create index timeline_content on timeline (content_id, id);
create table draft (
  id integer primary key autoincrement, account_id integer not null, version integer not null, to_text text not null,
  cc_text text not null, bcc_text text not null, subject text not null, body text not null, related_id integer,
  relation text, updated_at integer not null);
create index draft_account on draft (account_id, updated_at);
create table upload (id integer primary key autoincrement, draft_id integer not null, name text not null,
  type text not null, size integer not null, content_id integer not null);
create index upload_draft on upload (draft_id);
create index upload_content on upload (content_id);
create table session (id integer primary key autoincrement, hash text not null unique, account_id integer not null,
  created_at integer not null, seen_at integer not null, expires_at integer not null, address text not null,
  agent text not null);
create index session_account on session (account_id);
create table fetched (upstream text not null, uidl text not null, at integer not null, deleted_at integer,
  primary key (upstream, uidl));
create table kept_state (name text primary key, value text not null);

insert into account (id, address, name, password, created_at, quota, used, pop3, disabled, modseq) values
  (1, 'ann@x.org', 'Ann', '$argon2id$ann', 10, 1000000, 100119, 1, 0, 7),
  (2, 'bob@x.org', 'Bob', null, 11, 0, 67, 0, 1, 3);
insert into retired_address values ('eve@x.org', 12);
insert into folder (id, account_id, name, name_key, role, uid_validity, next_uid, modseq, total, unread) values
  (1, 1, 'Inbox', 'inbox', 'inbox', 10, 4, 6, 2, 1), (2, 1, 'Drafts', 'drafts', 'drafts', 10, 1, 1, 1, 0),
  (3, 1, 'Sent', 'sent', 'sent', 10, 2, 7, 1, 0), (4, 1, 'Junk', 'junk', 'junk', 10, 1, 1, 0, 0),
  (5, 1, 'Trash', 'trash', 'trash', 10, 1, 1, 0, 0), (6, 2, 'Inbox', 'inbox', 'inbox', 11, 2, 3, 1, 1);
insert into content (id, size, file, received_at, tree, body) values
  (1, 26, null, 20, null, cast('Subject: Tea' || x'0d0a0d0a' || 'At five?' || x'0d0a' as blob)),
  (2, 100026, 'aa/file', 21, null, null),
  (3, 5, null, 22, null, cast('cake.' as blob)),
  (4, 26, null, 23, null, cast('Subject: Out' || x'0d0a0d0a' || 'Away now' || x'0d0a' as blob));
insert into message (id, account_id, folder_id, content_id, uid, modseq, flags, received_at, size, prefix, subject,
  from_name, from_address, to_text, date_at, snippet, message_id, in_reply_to, refs, attachments) values
  (11, 1, 1, 1, 1, 2, 1, 20, 67, 'Return-Path: <carol@y.org>' || x'0d0a' || 'X-Kept: yes' || x'0d0a', 'Tea', 'Carol',
    'carol@y.org', 'Ann', 5, 'At five?', 'tea@y.org', null, '', 0),
  (12, 1, 1, 2, 3, 6, 0, 21, 100026, '', 'Large', '', 'carol@y.org', 'Ann', null, 'word', null, null, '', 0),
  (13, 1, 3, 4, 1, 7, 1, 23, 26, '', 'Out', 'Ann', 'ann@x.org', 'Dave', null, 'Away now', null, null, '', 0),
  (14, 2, 6, 1, 1, 3, 0, 20, 67, '', 'Tea', 'Carol', 'carol@y.org', 'Bob', 5, 'At five?', 'tea@y.org', null, '', 0);
insert into message_words (rowid, owner, subject, people, body) values
  (11, 'u1', 'tea', 'carol carol y org ann', 'at five'), (12, 'u1', 'large', 'carol y org ann', 'word'),
  (13, 'u1', 'out', 'ann x org dave', 'away now'), (14, 'u2', 'tea', 'carol y org bob', 'at five');
insert into tombstone values (1, 1, 2, 5);
insert into submission values (4, 1, 23, 'ann@x.org', '["dave@z.org","secret@z.org"]');
insert into delivery (id, content_id, account_id, sender, recipient, domain, state, reason, attempts, next_at,
  last_reply, since, notify, orcpt, ret, envid, eight_bit, smtp_utf8) values
  (21, 4, 1, 'ann@x.org', 'dave@z.org', 'z.org', 'waiting', 'mx.z.org answered: 451 4.0.0 Later', 2, 99,
    '451 4.0.0 Later', 23, 'FAILURE,DELAY', 'rfc822;dave@z.org', 'HDRS', 'e1', 1, 0),
  (22, 4, 1, 'ann@x.org', 'secret@z.org', 'z.org', 'held', 'off line: the setting online is never', 0, 23, null, 23,
    null, null, null, null, 0, 0),
  (23, 2, null, null, 'all@w.org', 'w.org', 'held', 'held by ann', 0, 21, null, 21, null, null, null, null, 0, 1),
  (24, 2, null, 'carol@y.org', 'you@w.org', 'w.org', 'sending', '', 0, 21, null, 21, null, null, null, null, 0, 0);
insert into accepted_key values ('fetch:ann@y.org:u1:h1', 'ann@x.org', 30), ('draft:7', 'dave@z.org', 31);
insert into timeline (content_id, at, event, recipient, detail) values
  (4, 23, 'accepted', null, 'dave@z.org -> dave@z.org'), (4, 24, 'tried', 'dave@z.org', 'mx.z.org: 451 4.0.0 Later');
insert into draft (id, account_id, version, to_text, cc_text, bcc_text, subject, body, related_id, relation, updated_at)
  values (31, 1, 4, 'carol@y.org', '', 'b@y.org', 'Caf' || char(233), 'Not yet', 11, 'reply', 40);
insert into upload (id, draft_id, name, type, size, content_id) values (41, 31, 'cake.txt', 'text/plain', 5, 3);
insert into session (hash, account_id, created_at, seen_at, expires_at, address, agent) values
  ('d7e83e28a04b537e64424546b14caf9b67bad2f28dabce68116e0d372319fa00', 1, 50, 51, 9999, '192.0.2.1', 'a browser');
insert into fetched values ('ann@y.org', 'u1', 30, null), ('ann@y.org', 'u0', 29, 30);
insert into kept_state values ('throttle', '{}');
`;

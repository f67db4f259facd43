import { firstMigrations, type Names } from './first-migrations.ts';
import { freeOldForwards } from './old-forwards.ts';
import { row, run, type Work } from './sql.ts';

export type { Names };

/**
 * Numbered migrations: each brings a store from version n to n + 1 and keeps all mail.
 * A migration that has been released is never changed; the next one mends it.
 */
const migrations: ((n: Names) => string[] | Work<void>)[] = [
  ...firstMigrations,
  ({ id, integer, text }) => [
    // Address books. A removed contact stays for a while: so removal can be undone, and those who sync hear of it.
    `create table contact (
      id ${id}, account_id ${integer} not null, uid ${text} not null, modseq ${integer} not null, name ${text} not null,
      name_key ${text} not null, note ${text} not null, kept ${text} not null, updated_at ${integer} not null,
      removed_at ${integer}, unique (account_id, uid))`,
    `create index contact_list on contact (account_id, removed_at, name_key, id)`,
    `create index contact_removed on contact (removed_at)`,
    `create table contact_address (contact_id ${integer} not null, position ${integer} not null, label ${text} not null,
      address ${text} not null, address_key ${text} not null, primary key (contact_id, position))`,
    `create table contact_group (id ${id}, account_id ${integer} not null, name ${text} not null,
      name_key ${text} not null, unique (account_id, name_key))`,
    `create table contact_member (group_id ${integer} not null, contact_id ${integer} not null,
      primary key (group_id, contact_id))`,
    `create index contact_member_of on contact_member (contact_id)`,
    // Whom one has written to, how often, and when last.
    `create table correspondent (id ${id}, account_id ${integer} not null, address ${text} not null,
      address_key ${text} not null, name ${text} not null, times ${integer} not null, last_at ${integer} not null,
      unique (account_id, address_key))`,
    `create index correspondent_last on correspondent (account_id, last_at)`,
    // Words by which a recipient is offered while it is typed.
    `create table person_word (account_id ${integer} not null, word ${text} not null, kind ${text} not null,
      ref_id ${integer} not null, primary key (account_id, word, kind, ref_id))`,
    `create index person_word_of on person_word (kind, ref_id, word)`,
  ],
  ({ id, integer, text }) => [
    `create table identity (id ${id}, account_id ${integer} not null, address ${text} not null,
      address_key ${text} not null, name ${text} not null, reply_to ${text} not null, signature ${text} not null,
      is_default ${integer} not null, unique (account_id, address_key))`,
    // As whom it is written; empty: as whom a new letter begins.
    `alter table draft add column from_address ${text} not null default ''`,
  ],
  () => [
    // What is held of a kind, slice by slice; what only waits costs nothing.
    `create index delivery_hold on delivery (hold_kind, id) where hold_kind is not null`,
  ],
  ({ id, integer, text }) => [
    // Null: it is plain text. Else body is what the markup says, as text.
    `alter table draft add column html ${text}`,
    `alter table draft add column wants_receipt ${integer} not null default 0`,
    `alter table draft add column important ${integer} not null default 0`,
    // By what the markup names an image in the text; empty: a file beside it.
    `alter table upload add column label ${text} not null default ''`,
    `alter table account add column writes_rich ${integer} not null default 0`,
    `alter table identity add column signature_html ${text} not null default ''`,
    `create table canned_reply (id ${id}, account_id ${integer} not null, name ${text} not null,
      name_key ${text} not null, body ${text} not null, html ${text}, unique (account_id, name_key))`,
  ],
  ({ integer, text, keyed }) => [
    // What a reader decided about a sender, a list, an invitation or a letter.
    `create table choice (account_id ${integer} not null, about ${text} not null, kind ${text} not null,
      value ${text} not null, at ${integer} not null, primary key (account_id, about, kind))${keyed}`,
    `create index choice_at on choice (account_id, at)`,
  ],
  ({ id, integer, text, keyed }) => [
    `create table label (id ${id}, account_id ${integer} not null, name ${text} not null, name_key ${text} not null,
      colour ${text} not null, total ${integer} not null default 0, unread ${integer} not null default 0,
      unique (account_id, name_key))`,
    // A message's row has its labels too, for lists: this is the way from a label to its messages, newest last.
    `create table message_label (label_id ${integer} not null, message_id ${integer} not null,
      primary key (label_id, message_id))${keyed}`,
    `alter table message add column labels ${text} not null default ''`,
  ],
  ({ text }) =>
    // How the pages look and speak.
    ['language', 'zone', 'shortcuts']
      .map(name => `alter table account add column ${name} ${text} not null default ''`)
      .concat(
        ['scheme', 'contrast'].map(name => `alter table account add column ${name} ${text} not null default 'auto'`),
        `alter table account add column density ${text} not null default 'comfortable'`,
      ),
  ({ integer }) => [
    // The content a draft waits as, until that is released or withdrawn; null: it is being written.
    `alter table draft add column held_as ${integer}`,
    // Raised when it comes back, and part of the key it is sent by: sent again, it is another submission.
    `alter table draft add column round ${integer} not null default 0`,
    `create index draft_held on draft (held_as) where held_as is not null`,
    // 1: held for a time, and nothing of it has been released.
    `alter table submission add column waits ${integer} not null default 0`,
    `create index submission_waits on submission (account_id, content_id) where waits = 1`,
    `update submission set waits = 1 where content_id in (select content_id from delivery where routed = 0)
      and not exists (select 1 from message m where m.content_id = submission.content_id)`,
    // Seconds in which what was sent can be taken back; null: as the house has it.
    `alter table account add column undo_send ${integer}`,
  ],
  ({ integer, text }) => [
    // Where it stands in lists: what was put off is at the top again, and keeps the time it came.
    `alter table message add column listed_at ${integer} not null default 0`,
    `update message set listed_at = received_at`,
    `drop index message_list`,
    `create index message_list on message (folder_id, listed_at, id, size, newest)`,
    `create table wake (message_id ${integer} not null, kind ${text} not null, account_id ${integer} not null,
      conversation ${integer} not null, at ${integer} not null, primary key (message_id, kind))`,
    `create index wake_due on wake (at, message_id)`,
    `create index wake_list on wake (account_id, kind, at, message_id)`,
    `create index wake_conversation on wake (account_id, conversation)`,
    // Days until one is reminded that nobody answered it; 0: never.
    `alter table draft add column remind_days ${integer} not null default 0`,
  ],
  ({ id, integer, text, keyed }) => [
    // What is to be looked at when mail comes for the account, as bits; 0: nothing.
    `alter table account add column sorting ${integer} not null default 0`,
    `create table mail_rule (id ${id}, account_id ${integer} not null, position ${integer} not null,
      active ${integer} not null, name ${text} not null, rule ${text} not null)`,
    `create index mail_rule_order on mail_rule (account_id, position, id)`,
    `create table blocked_sender (id ${id}, account_id ${integer} not null, address ${text} not null,
      address_key ${text} not null, place ${text} not null, at ${integer} not null, unique (account_id, address_key))`,
    `create table muted_conversation (account_id ${integer} not null, conversation ${integer} not null,
      at ${integer} not null, primary key (account_id, conversation))${keyed}`,
    `create table vacation (account_id ${integer} primary key, active ${integer} not null, from_at ${integer},
      until_at ${integer}, first_day ${text} not null, last_day ${text} not null, zone ${text} not null,
      subject ${text} not null, body ${text} not null, own_body ${text} not null, every_days ${integer} not null)`,
    // Who has had the answer of somebody who is away, and when last.
    `create table vacation_answer (account_id ${integer} not null, address_key ${text} not null, at ${integer} not null,
      primary key (account_id, address_key))${keyed}`,
    `create index vacation_answer_at on vacation_answer (account_id, at)`,
    `create index vacation_answer_old on vacation_answer (at)`,
    // Fields written in front of the content on its way; for a mediator of ours: what it is to do, and for whom.
    `alter table delivery add column fields ${text} not null default ''`,
    `alter table delivery add column errand ${text}`,
    `alter table delivery add column errand_for ${integer}`,
  ],
  ({ integer, text }) => [
    // How an account signs in elsewhere, where the site shows the mailboxes of a provider.
    `create table provider_login (account_id ${integer} primary key, login ${text} not null, sealed ${text} not null,
      at ${integer} not null)`,
  ],
  ({ text }) => [
    // The recipient as it was accepted, where it was led elsewhere; null: as it stands there.
    `alter table delivery add column accepted_as ${text}`,
  ],
  ({ id, integer, text }) => [
    // Devices that asked to be told of new mail, each for as long as its session lasts.
    `create table push_subscription (
      id ${id}, account_id ${integer} not null, session_id ${integer} not null, endpoint ${text} not null unique,
      p256dh ${text} not null, auth ${text} not null, shows ${text} not null, language ${text} not null,
      at ${integer} not null, told ${integer} not null)`,
    `create index push_subscription_of on push_subscription (account_id, id)`,
    `create index push_subscription_session on push_subscription (session_id)`,
  ],
  ({ integer, text, keyed }) => [
    // Who signed in to an account, or tried to, and from where.
    `create table sign_in (account_id ${integer} not null, way ${text} not null, address ${text} not null,
      good ${integer} not null, first_at ${integer} not null, last_at ${integer} not null, times ${integer} not null,
      primary key (account_id, way, address, good))${keyed}`,
    `create index sign_in_last on sign_in (account_id, last_at)`,
  ],
  ({ text }) => [
    // What is shown after a message was put away.
    `alter table account add column after_act ${text} not null default 'list'`,
  ],
  ({ integer, text, keyed }) => [
    // What owners of addresses elsewhere say to mail being sent on there. token: a hash; letters: of the last day.
    `create table forward_consent (account_id ${integer} not null, address_key ${text} not null, state ${text} not null,
      at ${integer} not null, token ${text} unique, until_at ${integer}, letters ${integer} not null,
      letters_at ${integer} not null, primary key (account_id, address_key))${keyed}`,
    `create index forward_consent_to on forward_consent (address_key, letters_at)`,
    `create index forward_consent_old on forward_consent (letters_at) where state = 'waiting'`,
  ],
  freeOldForwards,
  ({ integer }) => [
    // Seconds after which what is opened counts as read; null: never by itself.
    `alter table account add column read_after ${integer} default 0`,
  ],
  ({ integer }) => [
    // Since when a device's push service takes nothing, and how often it was asked since.
    `alter table push_subscription add column failing_since ${integer}`,
    `alter table push_subscription add column failures ${integer} not null default 0`,
  ],
  ({ integer, keyed }) => [
    // How much is sent on for an account: when what was sent will have drained, and what stayed because it was too much.
    `create table forward_volume (account_id ${integer} primary key, drained_at ${integer} not null,
      held_since ${integer}, held_at ${integer}, held ${integer} not null)${keyed}`,
  ],
  ({ id, integer, text, keyed }) => [
    // Passwords of single mail programs; a revoked one stays for a moment, so that it can come back.
    `create table app_password (id ${id}, account_id ${integer} not null, name ${text} not null,
      form_key ${text} not null, hash ${text} not null, made_at ${integer} not null, used_at ${integer},
      used_way ${text}, used_from ${text} not null default '', revoked_at ${integer}, unique (account_id, form_key))`,
    `create index app_password_hash on app_password (account_id, hash)`,
    // What is asked for at sign-in besides the password: a sealed key, and the time step of the last code taken.
    `create table second_factor (account_id ${integer} primary key, sealed ${text} not null, since ${integer} not null,
      last_step ${integer} not null)`,
    `create table recovery_code (account_id ${integer} not null, hash ${text} not null,
      primary key (account_id, hash))${keyed}`,
    `create table trusted_browser (id ${id}, account_id ${integer} not null, session_id ${integer} not null,
      hash ${text} not null unique, at ${integer} not null, expires_at ${integer} not null, address ${text} not null,
      agent ${text} not null)`,
    `create index trusted_browser_of on trusted_browser (account_id, at)`,
  ],
  ({ text }) => [
    // The address without its tag: whatever stands behind the plus, one person reads the letters.
    `alter table forward_consent add column reader_key ${text} not null default ''`,
    `update forward_consent set reader_key = address_key`,
    `drop index forward_consent_to`,
    `create index forward_consent_to on forward_consent (reader_key, letters_at)`,
  ],
  ({ integer }) => [
    // When its writer threw it away; null: it is being written.
    `alter table draft add column discarded_at ${integer}`,
    `create index draft_discarded on draft (discarded_at) where discarded_at is not null`,
  ],
  ({ text }) => [`alter table account add column scripts ${text} not null default 'on'`],
  ({ text }) => [`alter table upload add column upload_key ${text} not null default ''`],
  ({ integer }) => [`alter table account add column swipes ${integer} not null default 1`],
];

export const schemaVersion = migrations.length;

/** Throws where the store is not made yet. */
export function* storeVersion(): Work<number> {
  return (yield* row<{ version: number }>('select version from store_version'))?.version ?? 0;
}

/** Brings the store to the newest version, or to `target`. Throws when the store is newer than this program. */
export function* migrate(names: Names, target = schemaVersion): Work<void> {
  yield* run(`create table if not exists store_version (version ${names.integer} not null)`);
  const at = yield* storeVersion();
  if (at > schemaVersion)
    throw Object.assign(
      new Error(`the store is of version ${at}, this program knows up to ${schemaVersion}: start the newer program`),
      { plain: true },
    );
  if (at >= target) return;
  for (const migration of migrations.slice(at, target)) {
    const steps = migration(names);
    if (!Array.isArray(steps)) yield* steps;
    else for (const text of steps) yield* run(text);
  }
  yield* run('delete from store_version');
  yield* run('insert into store_version (version) values (?)', target);
}

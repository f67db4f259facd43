/** How each route of the site is asked for a thing of each kind: what goes in its path, its query and its form. */
import { type Ids, recoveryCode } from './belongings.ts';
import { receiver } from './push-receiver.ts';

/** Whose things are meant, and who they are. */
export type Meant = { ids: Ids; address: string };

/** No account has these. */
export const nobodys: Meant = {
  ids: new Proxy({} as Ids, {
    get: (_, kind) =>
      kind === 'act' || kind === 'key' ? 'r987654_____' : kind === 'alias' ? 'no@body.example' : 987_654,
  }),
  address: 'nobody@example.org',
};

type Fills = (ids: Ids) => string | number;

/** By the beginning of a path; the longest that fits counts. */
const params: Record<string, Fills> = {
  '/acts/:id': ids => ids.act,
  '/contact-groups/:id': ids => ids.group,
  '/contacts/:id': ids => ids.contact,
  '/conversations/:id': ids => ids.conversation,
  '/drafts/:id': ids => ids.draft,
  '/drafts/:id/restoration': ids => ids.discarded,
  '/drafts/:id/images/:label': () => 'picture1',
  '/folders/:id': ids => ids.folder,
  '/folders/:id/messages.mbox': ids => ids.inbox,
  '/labels/:id': ids => ids.label,
  '/mail/:folder': ids => ids.inbox,
  '/mail/:folder/emptying': ids => ids.trash,
  '/mail/:folder/:message': ids => ids.message,
  '/messages/:id': ids => ids.message,
  '/messages/:id/parts/:part': () => '2',
  '/messages/:id/parts/:part/files': () => '4',
  '/messages/:id/parts/:part/files/:n': () => '1',
  '/messages/:id/reminders': ids => ids.sent,
  '/outbox/:id': ids => ids.outbox,
  '/searches/:id': ids => ids.search,
  '/settings/app-passwords/:id': ids => ids.appPassword,
  '/settings/blocked/:id': ids => ids.blocked,
  '/settings/identities/:id': ids => ids.identity,
  '/settings/notifications/:id': ids => ids.device,
  '/settings/replies/:id': ids => ids.reply,
  '/settings/rules/:id': ids => ids.rule,
  // Files of the site's own, the same for everybody.
  '/assets/:hash': () => 'nohash',
  '/assets/:hash/:name': () => 'app.css',
  '/icon/:name': () => '3.svg',
  // What a letter brought to somebody elsewhere: who has it, may use it.
  '/forwarding/:secret': () => 'nosecret',
};

/** Null: nobody has said yet what goes into this path. */
export function filled(route: string, ids: Ids): string | null {
  // Without what a parameter has to look like.
  const parts = route.split('/').map(part => /^:\w+/.exec(part)?.[0] ?? part);
  const path = parts.map((part, i) => {
    if (!part.startsWith(':')) return part;
    const upTo = (end: number) => params[parts.slice(0, end).join('/')];
    const last = parts.findIndex((p, at) => at > i && p.startsWith(':'));
    const longest = last < 0 ? parts.length : last;
    for (let end = longest; end > i; end--) {
      const fill = upTo(end);
      if (fill) return String(fill(ids));
    }
    return null;
  });
  return path.includes(null) ? null : path.join('/');
}

/** By the name of what stands in a query. */
export const queries: Record<string, Fills> = {
  reply: ids => ids.message,
  forward: ids => ids.message,
  of: ids => ids.message,
  from: ids => ids.message,
  group: ids => ids.group,
  before: ids => `9999999999999.${ids.message}`,
  after: ids => `9999999999999.${ids.contact}`,
  q: () => 'letter',
};
/** These name nothing of anybody's. */
export const plainQueries = [
  'all',
  'as',
  'domain',
  'emailaddress',
  'form',
  'images',
  'inline',
  'light',
  'list',
  'next',
  'out',
  'recovery',
  'search',
  'since',
  'username',
];

export type Form = Record<string, string | number | string[] | File | undefined>;
type Forms = (meant: Meant) => Form[];

const plain: Forms = () => [{}];
const named: Forms = () => [{ name: 'Renamed' }];

/** The messages of a form of a list, as ticked, as a whole folder, and as all that a search finds. */
const some =
  (...wishes: Form[]): Forms =>
  ({ ids }) =>
    wishes.flatMap(wish => [
      { ...wish, message: ids.message },
      { ...wish, message: ids.message, whole: '1' },
      { ...wish, message: ids.message, every: '1', rows: '1', in: ids.inbox },
      { ...wish, message: ids.message, every: '1', rows: '1', q: 'letter' },
    ]);

const letter = ({ ids, address }: Meant): Form => ({
  ...{ draft: ids.draft, version: ids.draftVersion, related: ids.message, relation: 'reply', writer: address },
  ...{ from: ids.alias, signed: ids.alias, to: 'x@far.example', subject: 'Changed', text: 'Changed' },
});
const letters: Forms = meant => [letter(meant), { ...letter(meant), html: '<p>Changed</p>' }];
const note = () => new File(['octets'], 'note.txt', { type: 'text/plain' });

const rule = ({ ids }: Meant): Form => ({
  ...{ name: 'Changed', field: 'subject', test: 'contains', text: 'letter', place: ids.folder, label: ids.label },
});
const ruled: Forms = meant => ['save', 'try', 'apply', 'more'].map(act => ({ ...rule(meant), act }));

/** What each POST is sent; an empty list is for those that are about nobody's things. */
export const forms: Record<string, Forms> = {
  '/Autodiscover/Autodiscover.xml': () => [],
  '/autodiscover/autodiscover.xml': () => [],
  '/acts/:id/stop': plain,
  '/acts/:id/undo': plain,
  '/contact-groups/:id': named,
  '/contact-groups/:id/removal': plain,
  '/contacts': ({ ids }) => [{ name: 'New', address: 'new@far.example', group: ids.group }],
  '/contacts/:id': ({ ids }) => [{ name: 'Changed', address: 'new@far.example', modseq: ids.contactModseq }],
  '/contacts/imports': () => [{ file: new File(['BEGIN:VCARD\nVERSION:4.0\nFN:New\nEND:VCARD\n'], 'c.vcf') }],
  '/contacts/letters': ({ ids }) => [{ contact: ids.contact }],
  '/contacts/memberships': ({ ids }) => [
    { contact: ids.contact, group: 'New' },
    { contact: ids.contact, leave: ids.group },
  ],
  '/contacts/removals': ({ ids }) => [{ contact: ids.contact }],
  '/contacts/restorations': ({ ids }) => [{ contact: ids.thrownAway }],
  '/conversations/:id/mutes': plain,
  '/conversations/:id/mutes/removal': plain,
  '/correspondents/cards': ({ ids }) => [{ person: ids.correspondent }],
  '/correspondents/removals': ({ ids }) => [{ person: ids.correspondent }],
  '/drafts': meant => [
    ...letters(meant),
    { ...letter(meant), insert: '1', canned: meant.ids.reply },
    // Of a form that was sent.
    { ...letter(meant), key: meant.ids.key },
  ],
  '/drafts/:id/restoration': plain,
  '/drafts/:id/recipients': () => [{ field: 'to', person: 'x@far.example' }],
  '/drafts/conversions': meant => [{ ...letter(meant) }, { html: '<p>x</p>' }],
  '/drafts/files': meant => [{ ...letter(meant), file: note() }],
  '/drafts/recipients': letters,
  '/drafts/removals': letters,
  '/drafts/submissions': meant => [{ ...letter(meant), sure: ['attachment', 'blind', 'many', 'x@far.example'] }],
  '/drafts/uploads': meant => [
    { ...letter(meant), detach: meant.ids.upload },
    { ...letter(meant), file: note() },
    { ...letter(meant), theirs: '1' },
    { ...letter(meant), instead: '1' },
  ],
  '/folders': named,
  '/folders/:id': named,
  '/folders/:id/removal': plain,
  '/forwarding/:secret': () => [],
  '/labels': () => [{ name: 'New', colour: 'red' }],
  '/labels/:id': () => [{ name: 'Changed', colour: 'blue' }],
  '/labels/:id/removal': plain,
  '/language': () => [{ language: 'de' }],
  '/login': () => [],
  '/login/code': () => [],
  '/logout': plain,
  '/mail/:folder/emptying': plain,
  '/messages/choices': some({ for: 'move' }, { for: 'label' }, { for: 'snooze' }),
  '/messages/flags': some({ set: 'flagged' }, { clear: 'seen' }),
  '/messages/labels': meant =>
    some({ put: meant.ids.label }, { take: meant.ids.label }, { name: 'New', create: '1' })(meant),
  '/messages/moves': meant => some({ to: meant.ids.folder }, { to: 'trash' }, { folder: meant.ids.folder })(meant),
  '/messages/removals': some({}),
  '/messages/snoozes': some({ until: '1800000000000' }),
  '/messages/:id/answers': () => [{ answer: 'accepted' }],
  '/messages/:id/blocks': () => [{ place: 'trash' }],
  '/messages/:id/choices': () => ['move', 'label', 'snooze'].map(wish => ({ for: wish })),
  '/messages/:id/flags': () => [{ set: 'flagged' }, { clear: 'seen' }],
  '/messages/:id/images': () => [{ always: 'on' }, { always: 'off' }],
  '/messages/:id/labels': ({ ids }) => [{ put: ids.label }, { take: ids.label }, { name: 'New', create: '1' }],
  '/messages/:id/moves': ({ ids }) => [{ to: ids.folder }, { to: 'trash', whole: '1' }],
  '/messages/:id/receipts': () => [{ receipt: 'send' }, { receipt: 'no' }],
  '/messages/:id/reminders': () => [{ days: '3' }, { days: '0' }],
  '/messages/:id/removals': plain,
  '/messages/:id/snoozes': () => [{ until: '1800000000000' }],
  '/messages/:id/unsubscriptions': plain,
  '/messages/:id/version': () => [{ as: 'text' }, { as: 'html' }],
  '/outbox/:id/releases': plain,
  '/outbox/:id/times': () => [{ later: 'morning' }],
  '/outbox/:id/withdrawals': ({ ids }) => [{ draft: ids.waiting, archived: ids.message }],
  '/searches': () => [{ name: 'New', query: 'letter' }],
  '/searches/:id': () => [{ name: 'New' }],
  '/searches/:id/removal': plain,
  '/settings/app-passwords': () => [{ name: 'New', key: 'a-form-of-its-own', password: 'correct horse' }],
  '/settings/app-passwords/:id/removal': plain,
  '/settings/app-passwords/:id/restoration': plain,
  '/settings/appearance': () => [{ scheme: 'dark' }],
  '/settings/away': () => [{ active: '1', text: 'Away' }],
  '/settings/away/end': plain,
  '/settings/blocked': () => [{ address: 'x@far.example', place: 'junk' }],
  '/settings/blocked/:id/removal': plain,
  '/settings/devices/removals': ({ ids }) => [{ session: ids.session }, { others: '1' }],
  '/settings/devices/trust/removal': plain,
  '/settings/forwarding': () => [{ to: 'new@far.example', keep: '1', sure: '1' }],
  '/settings/forwarding/letters': ({ address }) => [{ to: address.replace('@example.org', 'else@far.example') }],
  '/settings/forwarding/removal': plain,
  '/settings/identities': ({ ids }) => [{ address: ids.alias, name: 'Changed', signature: 'Changed' }],
  '/settings/identities/:id/removal': plain,
  '/settings/keys': () => [{ again: '1' }],
  '/settings/name': named,
  // The address a push service gave a device is a secret of the device: who knows it, has it in hand.
  '/settings/notifications': () => [{ endpoint: 'https://push.example/new', ...receiver().keys, shows: 'sender' }],
  '/settings/notifications/:id/removal': plain,
  '/settings/password': () => [{ old: 'correct horse', next: 'another horse' }],
  '/settings/reading': () => [{ list: 'messages', after: 'next' }],
  '/settings/replies': () => [{ name: 'New', text: 'New' }],
  '/settings/replies/:id': () => [{ name: 'Changed', text: 'Changed' }],
  '/settings/replies/:id/removal': plain,
  '/settings/rules': ruled,
  '/settings/rules/:id': ruled,
  '/settings/rules/:id/applications': ({ ids }) => [{ folder: ids.inbox }],
  '/settings/rules/:id/place': () => [{ way: 'up' }],
  '/settings/rules/:id/removal': plain,
  '/settings/rules/:id/state': () => [{ active: '' }],
  // What an account has on cannot be switched on again; whose offer is whose, web-factor.test.ts knows.
  '/settings/second-factor': () => [],
  '/settings/second-factor/offers': () => [],
  '/settings/second-factor/recovery': () => [{ password: 'correct horse', code: recoveryCode }],
  '/settings/second-factor/removal': () => [{ password: 'correct horse', code: recoveryCode }],
  '/settings/senders/removals': ({ address }) => [
    { kind: 'images', key: address.replace('@example.org', 'boss@far.example') },
  ],
  '/settings/sending': () => [{ undo: '5' }],
  '/settings/writing': () => [{ begin: 'formatted' }],
  '/signup': () => [],
};

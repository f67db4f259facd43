import { loadSettings, type Settings } from '../daemon/config.ts';
import { createIntake, type Intake, type Visitor } from '../daemon/intake.ts';
import { silentLog } from '../daemon/log.ts';
import type { Envelope, Recipient } from '../daemon/mail/envelope.ts';
import { type Bounce, parseBounce } from './bounce-parser.ts';
import { until } from './harness.ts';
import { createRig, letter, type Rig } from './queue-rig.ts';

/** The queue's rig behind the real door, where `ann@us.test` has a mailbox. */
export type DsnRig = Rig & {
  intake: Intake;
  /** Settings of the door. */
  rules: Settings;
  submit(
    to: Partial<Recipient>[],
    more?: Partial<Envelope> & { releaseAt?: number; from?: Visitor['origin']; content?: string; draftId?: number },
  ): Promise<string>;
  /** Another queue over the door. */
  carry: Rig['queue'];
  /** Waits until the queue is empty. */
  settled(): Promise<void>;
  /** What lies in the mailbox of this name, each read as a bounce. */
  reports(name?: string): Promise<Bounce[]>;
};

export async function createDsnRig(): Promise<DsnRig> {
  const rig = await createRig();
  const now = () => Date.now() + rig.clock.shift;
  const rules: Settings = { ...loadSettings({ config: null, set: [] }).settings, host_domain: ['us.test'] };
  const told = { log: silentLog(), wake: () => {}, changed: () => {}, parked: () => null };
  const intake = createIntake({ store: rig.store, settings: rules, now, counters: rig.counters, ...told });
  const { prepareReport, prepareRelease, prepareStay } = intake;
  const account = (await rig.store.accounts.byId(rig.ann))!;
  let id = 0;
  return {
    ...rig,
    intake,
    rules,
    async submit(to, { releaseAt, from = 'submitter', content = letter, draftId, ...more } = {}) {
      const recipients = to.map(r => ({ address: '', notify: null, orcpt: null, ...r }));
      const visitor: Visitor = { origin: from, account: from === 'peer' ? null : account, address: '127.0.0.1' };
      const envelope: Envelope = {
        ...{ reversePath: 'ann@us.test', recipients, ret: null, envid: null, eightBit: false, smtpUtf8: false },
        ...more,
      };
      const routed = [];
      for (const r of recipients) {
        const { routes, refusal } = await intake.routeRecipient(visitor, r.address, 'test');
        if (refusal) throw new Error(refusal.text);
        routed.push({ ...r, routes });
      }
      const handover = { visitor, id: `dsn.${++id}.${Math.random()}`, helo: 'test', protocol: 'ESMTP' };
      const incoming = intake.receive(handover, recipients);
      await incoming.push(Buffer.from(content));
      const submitted = {
        envelope,
        recipients: routed,
        key: null,
        draftId: draftId ?? null,
        releaseAt: releaseAt ?? null,
      };
      return (await intake.accept(handover, incoming, submitted)).text;
    },
    carry: (more, starts) => rig.queue({ prepareReport, prepareRelease, prepareStay, ...more }, starts),
    settled: () => until('the queue is empty', async () => (await rig.waiting()).length === 0).then(() => {}),
    async reports(name = 'ann') {
      const owner = await rig.store.accounts.byAddress(`${name}@us.test`);
      if (!owner) return [];
      const drop = await rig.store.messages.maildrop(owner.id);
      const messages = await Promise.all(drop.map(d => rig.store.messages.get(owner.id, d.id)));
      const contents = await Promise.all(messages.map(m => rig.store.content.read(m?.contentId ?? 0)));
      return contents.filter(c => /^Content-Type: multipart\/report/im.test(c.toString())).map(parseBounce);
    },
  };
}

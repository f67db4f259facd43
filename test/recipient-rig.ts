import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings, type Settings } from '../daemon/config.ts';
import { createIntake, type Intake, type Visitor } from '../daemon/intake.ts';
import { createLog, type Log } from '../daemon/log.ts';
import { type Account, openStore, type Store } from '../daemon/store.ts';

/** A door over a store of its own, with the settings a test writes as lines. */
export type Door = {
  intake: Intake;
  store: Store;
  settings: Settings;
  path: string;
  /** Lines of the log, parsed. */
  said: Record<string, unknown>[];
  clock: { at: number };
  account(address: string): Promise<Account>;
  /** What comes of a recipient: `box ann@a`, `on x@y`, in order, or the refusal. */
  leadsTo(address: string, visitor?: Visitor): Promise<string[]>;
  close(): Promise<void>;
};

export const stranger: Visitor = { origin: 'peer', account: null, address: '192.0.2.7' };

export async function openDoor(lines: string[], { level = 'error' as const } = {}): Promise<Door> {
  const path = mkdtempSync(join(tmpdir(), 'cwmail-door-'));
  const { settings, mistakes } = loadSettings({ config: null, set: lines });
  if (mistakes.length) throw new Error(mistakes.map(m => m.message).join('\n'));
  settings.data_path = path;
  const fatal = (error: Error) => {
    throw error;
  };
  const store = await openStore({ path, writer: 'inline', fatal });
  const said: Record<string, unknown>[] = [];
  const log: Log = createLog(level, line => said.push(JSON.parse(line)));
  const clock = { at: 1_000_000 };
  const intake = createIntake({
    store,
    settings,
    log,
    now: () => clock.at,
    parked: () => null,
    wake: () => {},
    changed: () => {},
  });
  return {
    intake,
    store,
    settings,
    path,
    said,
    clock,
    async account(address) {
      const made = await store.accounts.create({ address, name: '', passwordHash: null, quota: 0, at: 1 });
      if (!made) throw new Error(`${address} is there already`);
      return made;
    },
    async leadsTo(address, visitor = stranger) {
      const { routes, refusal } = await intake.route(visitor, address);
      if (refusal) return [`${refusal.code} ${refusal.status}`];
      return routes.map(r => `${r.kind === 'mailbox' ? 'box' : 'on'} ${r.address}`);
    },
    async close() {
      await store.close();
      rmSync(path, { recursive: true });
    },
  };
}

import { size } from '../config.ts';
import type { AccountFields } from '../store.ts';
import { addressIn, type CommandContext, existing, print, UsageError, withStore } from './command.ts';

const onOff: Record<string, boolean> = { on: true, off: false };

/** Switches by name; each says what it makes of the text behind the equals sign. */
const switches: Record<string, (text: string) => AccountFields> = {
  pop3: text => ({ pop3: switched(text) }),
  disabled: text => ({ disabled: switched(text) }),
  name: text => ({ name: text }),
};

function switched(text: string): boolean {
  const on = onOff[text.toLowerCase()];
  if (on === undefined) throw new UsageError(`on or off belongs here, not "${text}"`);
  return on;
}

export async function set(context: CommandContext): Promise<number> {
  const [given = '', ...settings] = context.args;
  const address = addressIn(given);
  const fields = Object.assign({}, ...settings.map(fieldOf)) as AccountFields;
  return await withStore(context, async store => {
    const account = await existing(store, address);
    await store.accounts.set(account.id, fields);
    if (fields.disabled) await store.sessions.removeAll(account.id);
    print(`${address}: ${settings.join(', ')}`);
    return 0;
  });
}

function fieldOf(setting: string): AccountFields {
  const equals = setting.indexOf('=');
  const name = setting.slice(0, Math.max(0, equals));
  if (!Object.hasOwn(switches, name))
    throw new UsageError(`"${setting}" is none of: pop3=on|off, disabled=on|off, name=NAME`);
  return switches[name]!(setting.slice(equals + 1));
}

export async function quota(context: CommandContext): Promise<number> {
  const [given = '', text = ''] = context.args;
  const address = addressIn(given);
  const parsed = text.toLowerCase() === 'none' ? { ok: true as const, value: 0 } : size(text);
  if (!parsed.ok) throw new UsageError(`${parsed.wrong}; none is no limit`);
  return await withStore(context, async store => {
    const account = await existing(store, address);
    await store.accounts.set(account.id, { quota: parsed.value });
    const limit = parsed.value === 0 ? 'no limit' : `a quota of ${parsed.value} octets`;
    print(`${address} has ${limit}, and uses ${account.used}`);
    return 0;
  });
}

export async function recount(context: CommandContext): Promise<number> {
  const [given] = context.args;
  const address = given === undefined ? null : addressIn(given);
  return await withStore(context, async store => {
    const accounts = address === null ? await store.accounts.list() : [await existing(store, address)];
    for (const account of accounts) {
      const counted = await store.accounts.recount(account.id);
      if (counted === null) continue;
      const { before, used } = counted;
      print(`${account.address} uses ${used} octets${before === used ? '' : ` (${before} were noted)`}`);
    }
    return 0;
  });
}

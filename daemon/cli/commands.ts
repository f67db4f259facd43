import { accounts } from './commands/accounts.ts';
import type { Command, Group } from './commands/command.ts';
import { hosts } from './commands/hosts.ts';
import { queue } from './commands/queue.ts';
import { running } from './commands/running.ts';
import { settings } from './commands/settings.ts';

export type { Command };

/** As help lists them: by what people do. */
export const groups: Group[] = [running, settings, accounts, queue, hosts];

/** By name, such as `user add`. */
export const commands: Record<string, Command> = Object.assign({}, ...groups.map(g => g.commands));

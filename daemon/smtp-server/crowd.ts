import type { Socket } from 'node:net';
import type { Settings } from '../config.ts';
import { isListed } from '../intake.ts';
import { networkOf } from '../wire/ip.ts';

/** Of one listener; handshakes under way are counted too. */
export const mostClients = 1000;

type Limits = Pick<Settings, 'fromip_max' | 'fromip_nolimit'>;

/**
 * Who is at one listener: its sessions, and those whose handshake is under way, since a handshake is what costs. So
 * who may not come in is known before it.
 */
export type Crowd = {
  /** Are there more from there than may be? Who asks is one of them. */
  tooManyFrom(address: string): boolean;
  /** Somebody begins a handshake; null: they may not, and `leave` need not be called. */
  shake(socket: Socket, address: string): { leave(): void } | null;
};

export function createCrowd(sessions: ReadonlySet<{ remoteAddress: string }>, settings: Limits): Crowd {
  /** By network. */
  const shaking = new Map<Socket, string>();
  const size = () => sessions.size + shaking.size;
  const countOf = (network: string) => {
    let same = 0;
    for (const session of sessions) if (networkOf(session.remoteAddress) === network) same++;
    for (const from of shaking.values()) if (from === network) same++;
    return same;
  };
  const tooManyFrom = (address: string) => {
    const { fromip_max: limit, fromip_nolimit } = settings;
    const few = limit === 0 || size() <= limit || countOf(networkOf(address)) <= limit;
    return !few && !isListed(fromip_nolimit, address);
  };
  return {
    tooManyFrom,
    shake(socket, address) {
      const leave = () => void shaking.delete(socket);
      shaking.set(socket, networkOf(address));
      if (size() <= mostClients && !tooManyFrom(address)) return { leave };
      leave();
      return null;
    },
  };
}

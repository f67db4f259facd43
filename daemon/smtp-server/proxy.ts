import type { Socket } from 'node:net';
import { type ProxiedEnds, readProxyHeader } from '../wire/proxy-header.ts';

/** Longer than any header; what is held of a connection before it has said where it comes from. */
const mostOctets = 4096;

/**
 * Takes the PROXY header off a connection. Null ends: the proxy speaks for itself. Rejects when none comes; the
 * caller's timeout ends a proxy that says nothing.
 */
export function takeProxyHeader(socket: Socket): Promise<ProxiedEnds | null> {
  return new Promise((resolve, reject) => {
    let held = Buffer.alloc(0);
    const done = (act: () => void) => {
      socket.off('readable', onReadable).off('end', onEnd).off('close', onEnd).off('error', onEnd);
      act();
    };
    const onEnd = () => done(() => reject(new Error('it ended before its PROXY header')));
    const onReadable = () => {
      const chunk: Buffer | null = socket.read();
      if (chunk === null) return;
      held = Buffer.concat([held, chunk]);
      const header = readProxyHeader(held);
      if (header.kind === 'header')
        return done(() => {
          const rest = held.subarray(header.octets);
          if (rest.length) socket.unshift(rest);
          resolve(header.ends);
        });
      if (header.kind === 'wrong' || held.length > mostOctets) done(() => reject(new Error('no PROXY header came')));
    };
    socket.on('readable', onReadable).on('end', onEnd).on('close', onEnd).on('error', onEnd);
    onReadable();
  });
}

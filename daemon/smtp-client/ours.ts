import type { Socket } from 'node:net';
import { fromHere, type ListenSettings, type Settings } from '../config.ts';
import { dial } from '../wire/dial.ts';
import { ipList } from '../wire/ip-pattern.ts';
import { createSubmitter, type Service, type Submitter } from './submitter.ts';

export type OurSettings = ListenSettings &
  Pick<Settings, 'host_domain' | 'smtp_port' | 'submission_port' | 'proxy_protocol_ip'>;

/**
 * A connection to an SMTP listener of this house. Where a load balancer of this machine is named in proxy_protocol_ip,
 * all who come from its address begin with a PROXY header; that of UNKNOWN says that we speak for ourselves.
 */
export async function dialOurs(
  settings: OurSettings,
  listener: 'smtp_port' | 'submission_port',
  timeout = 10_000,
): Promise<Socket> {
  const socket = await dial([fromHere(settings, listener)], settings[listener], timeout);
  if (ipList('selecting', settings.proxy_protocol_ip)(socket.localAddress ?? '')) socket.write('PROXY UNKNOWN\r\n');
  return socket;
}

/** Hands mail to our own submission listener; `password`: the service key. */
export const ourSubmitter = (settings: OurSettings, service: Service, password: string): Submitter =>
  createSubmitter({
    host: fromHere(settings, 'submission_port'),
    get port() {
      return settings.submission_port;
    },
    get name() {
      return settings.host_domain[0]!;
    },
    service,
    password,
    dial: () => dialOurs(settings, 'submission_port'),
  });

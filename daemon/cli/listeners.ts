import { createConnection, isIPv6 } from 'node:net';
import { addressesOf, type PortSetting, type Settings } from '../config.ts';
import { type Finding, good, mend } from './findings.ts';

export const portSettings: PortSetting[] = [
  'smtp_port',
  'submission_port',
  'odmr_port',
  'pop_port',
  'http_port',
  'https_port',
];
const patienceMs = 3000;

/** Does each listener answer where the settings have it? */
export async function listenersFound(settings: Settings): Promise<Finding[]> {
  const open = portSettings.filter(port => settings[port] !== 0);
  return await Promise.all(open.map(port => listenerFound(settings, port)));
}

async function listenerFound(settings: Settings, port: PortSetting): Promise<Finding> {
  const addresses = addressesOf(settings, port);
  const answers = await Promise.all(
    addresses.map(async a => ({ a, ok: await answersAt(fromHere(a), settings[port]) })),
  );
  const silent = answers.filter(({ ok }) => !ok).map(({ a }) => a);
  const what = `${port} ${settings[port]}`;
  if (silent.length === 0) return good(`${what} answers on ${addresses.join(' and ')}`);
  return mend(
    `${what} does not answer on ${silent.join(' and ')}`,
    'The log says more; cwmail status shows what runs.',
  );
}

const fromHere = (address: string): string => ({ '0.0.0.0': '127.0.0.1', '::': '::1' })[address] ?? address;

export function answersAt(host: string, port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createConnection({ host, port, timeout: patienceMs, ...(isIPv6(host) && { family: 6 }) });
    const done = (answers: boolean) => {
      socket.destroy();
      resolve(answers);
    };
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
    socket.once('timeout', () => done(false));
  });
}

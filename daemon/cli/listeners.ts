import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createConnection, isIPv6, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { addressesOf, type PortSetting, type Settings } from '../config.ts';
import { ipList } from '../wire/ip-pattern.ts';
import { type Finding, good, mend } from './findings.ts';

export const portSettings: PortSetting[] = [
  'smtp_port',
  'submission_port',
  'submissions_port',
  'odmr_port',
  'pop_port',
  'pops_port',
  'http_port',
  'https_port',
];
const withTls = new Set<PortSetting>(['submissions_port', 'pops_port', 'https_port']);
const patienceMs = 3000;

/** clear: there is no TLS where it should be · open: it was not asked for. */
type Answer = { kind: 'silent' | 'clear' | 'open' } | { kind: 'tls'; fingerprint: string };

/** Does each listener answer where the settings have it, and with the certificate they name? */
export async function listenersFound(settings: Settings): Promise<Finding[]> {
  const open = portSettings.filter(port => settings[port] !== 0);
  return await Promise.all(open.map(port => listenerFound(settings, port)));
}

async function listenerFound(settings: Settings, port: PortSetting): Promise<Finding> {
  const addresses = addressesOf(settings, port);
  const answers = await Promise.all(addresses.map(async a => ({ a, answer: await answerAt(settings, port, a) })));
  const those = (kind: Answer['kind']) => answers.filter(({ answer }) => answer.kind === kind).map(({ a }) => a);
  const [silent, clear] = [those('silent'), those('clear')];
  const what = `${port} ${settings[port]}`;
  const more = 'The log says more; cwmail status shows what runs.';
  if (silent.length > 0) return mend(`${what} does not answer on ${silent.join(' and ')}`, more);
  if (clear.length > 0) return mend(`${what} answers on ${clear.join(' and ')}, but not with TLS`, more);
  const { path, fingerprint } = certificateOf(settings);
  if (answers.some(({ answer }) => answer.kind === 'tls' && answer.fingerprint !== (fingerprint ?? answer.fingerprint)))
    return mend(`${what} shows another certificate than ${path} holds`, 'cwmail reload takes up the one in the file.');
  return good(`${what} answers ${those('tls').length > 0 ? 'with TLS ' : ''}on ${addresses.join(' and ')}`);
}

/** What the file has now; null: it cannot be read, which the check of the certificate tells. */
function certificateOf({ tls_cert, data_path }: Settings): { path: string; fingerprint: string | null } {
  const path = tls_cert || join(data_path, 'tls.crt');
  try {
    return { path, fingerprint: new X509Certificate(readFileSync(path)).fingerprint256 };
  } catch {
    return { path, fingerprint: null };
  }
}

async function answerAt(settings: Settings, port: PortSetting, address: string): Promise<Answer> {
  const socket = await dialled(fromHere(address), settings[port]);
  if (socket === null) return { kind: 'silent' };
  const own = socket.localAddress ?? '';
  // Who turns this machine away does as the settings say.
  const mayShake = port !== 'pops_port' || ipList('restrictive', settings.user_ip_address)(own);
  if (withTls.has(port) && mayShake) {
    if (port === 'submissions_port' && ipList('selecting', settings.proxy_protocol_ip)(own))
      socket.write('PROXY UNKNOWN\r\n');
    return await handshakeOver(socket);
  }
  socket.destroy();
  return { kind: 'open' };
}

function handshakeOver(socket: Socket): Promise<Answer> {
  return new Promise(resolve => {
    const done = (answer: Answer) => {
      resolve(answer);
      secure.destroy();
    };
    const secure = connectTls({ socket, rejectUnauthorized: false }, () =>
      done({ kind: 'tls', fingerprint: secure.getPeerCertificate().fingerprint256 }),
    );
    secure.setTimeout(patienceMs, () => done({ kind: 'clear' }));
    secure.once('error', () => done({ kind: 'clear' }));
    secure.once('close', () => resolve({ kind: 'clear' }));
  });
}

const fromHere = (address: string): string => ({ '0.0.0.0': '127.0.0.1', '::': '::1' })[address] ?? address;

/** Null: nobody answers. */
function dialled(host: string, port: number): Promise<Socket | null> {
  return new Promise(resolve => {
    const socket = createConnection({ host, port, timeout: patienceMs, ...(isIPv6(host) && { family: 6 }) });
    const done = (found: Socket | null) => {
      if (found === null) socket.destroy();
      resolve(found);
    };
    socket.once('connect', () => done(socket));
    socket.once('error', () => done(null));
    socket.once('timeout', () => done(null));
  });
}

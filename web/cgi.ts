/**
 * The site behind a web server that knows only CGI (RFC 3875): carries one request to the running site by the
 * socket that `cgi_socket` names, and its answer back. All of the site works so, since the same process answers.
 */
import { type IncomingMessage, request } from 'node:http';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export type Gateway = {
  /** Path of the site's socket. */
  socket: string;
  /** The request's meta-variables (RFC 3875 §4.1). */
  env: Readonly<Record<string, string | undefined>>;
  input: Readable;
  output: Writable;
  /** The web server's error log. */
  complain(text: string): void;
};

/** Answers always: a site that is not there is 503. */
export async function serveCgi(g: Gateway): Promise<void> {
  let answer: IncomingMessage;
  try {
    answer = await ask(g);
  } catch (error) {
    g.complain(`no site answers at ${g.socket}: ${(error as Error).message}. Is cwmail running, with cgi_socket?\n`);
    g.output.end(down);
    return;
  }
  g.output.write(`Status: ${answer.statusCode} ${answer.statusMessage}\r\n${headerOf(answer)}\r\n`);
  // A visitor who leaves ends the output early.
  await pipeline(answer, g.output).catch(() => {});
}

const down =
  'Status: 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nRetry-After: 30\r\n\r\nThe webmail is not running. Try again in a moment.\n';

function ask({ socket, env, input }: Gateway): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { socketPath: socket, method: env.REQUEST_METHOD ?? 'GET', path: pathOf(env), headers: headersOf(env) },
      resolve,
    );
    asked.once('error', reject);
    if (Number(env.CONTENT_LENGTH ?? 0) > 0) input.pipe(asked);
    else asked.end();
  });
}

/** As the visitor asked for it; PATH_INFO is decoded (§4.1.5). */
function pathOf(env: Gateway['env']): string {
  const path = encodeURI(`${env.SCRIPT_NAME ?? ''}${env.PATH_INFO ?? ''}`).replace(/[?#]/g, encodeURIComponent);
  return (path || '/') + (env.QUERY_STRING ? `?${env.QUERY_STRING}` : '');
}

/** What belongs to one connection alone, and what only the web server can vouch for. */
const ours =
  /^(connection|keep-alive|proxy.*|te|trailer|transfer-encoding|upgrade|content-length|content-type|x-forwarded-.*)$/;

function headersOf(env: Gateway['env']): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value = ''] of Object.entries(env)) {
    const header = name.startsWith('HTTP_') ? name.slice(5).toLowerCase().replaceAll('_', '-') : '';
    if (header !== '' && !ours.test(header)) headers[header] = value;
  }
  if (env.CONTENT_TYPE) headers['content-type'] = env.CONTENT_TYPE;
  if (env.CONTENT_LENGTH) headers['content-length'] = env.CONTENT_LENGTH;
  headers['x-forwarded-for'] = [env.HTTP_X_FORWARDED_FOR, env.REMOTE_ADDR].filter(Boolean).join(', ');
  headers['x-forwarded-proto'] = env.HTTPS && env.HTTPS !== 'off' ? 'https' : 'http';
  return headers;
}

function headerOf({ rawHeaders }: IncomingMessage): string {
  let text = '';
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (!/^(connection|keep-alive|transfer-encoding)$/i.test(rawHeaders[i]!))
      text += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`;
  return text;
}

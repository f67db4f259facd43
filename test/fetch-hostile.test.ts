/** The hostile POP3 servers of the corpus (RON text), played against our client. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { connectPop3, Pop3Failure, type Pop3Options } from '../fetcher/pop3-client.ts';
import { localhost } from './certificate.ts';
import { type Answer, startUpstream, within } from './fetch-upstream.ts';

const root = new URL('..', import.meta.url).pathname;
const corpus = process.env.MAIL_CORPUS ?? [join(root, '../shared/corpus'), join(root, 'test/corpus')].find(existsSync)!;
const folder = join(corpus, 'protocol/fake-mail-server/pop3');
const scripts = globSync(`${folder}/**/*.ron`).filter(path => basename(path) !== 'setup.ron');

type Value = string | boolean | Value[] | { [key: string]: Value };

/** As much RON as these scripts use: structs, maps, lists, strings, booleans, comments. */
function parseRon(text: string): Value {
  const tokens = text
    .match(/\/\/[^\n]*|"(?:[^"\\]|\\.)*"|[(){}[\]:,]|[A-Za-z_]\w*/gs)!
    .filter(t => !t.startsWith('//'));
  const read = (): Value => {
    const token = tokens.shift()!;
    if (token.startsWith('"')) return unescaped(token.slice(1, -1));
    if (token === 'true' || token === 'false') return token === 'true';
    if (token === '[') return readList();
    if (token === '(' || token === '{') return readFields(token === '(' ? ')' : '}');
    return read(); // The name of a struct.
  };
  const readList = (): Value[] => {
    const list: Value[] = [];
    while (tokens[0] !== ']') {
      list.push(read());
      if (tokens[0] === ',') tokens.shift();
    }
    tokens.shift();
    return list;
  };
  const readFields = (end: string): Value => {
    const fields: { [key: string]: Value } = {};
    while (tokens[0] !== end) {
      const key = tokens.shift()!.replace(/^"|"$/g, '');
      expect(tokens.shift()).toBe(':');
      fields[key] = read();
      if (tokens[0] === ',') tokens.shift();
    }
    tokens.shift();
    return fields;
  };
  return read();
}

const unescaped = (text: string): string =>
  text.replace(/\\(x([0-9a-f]{2})|.)/gi, (_, c: string, hex?: string) =>
    hex ? String.fromCharCode(Number.parseInt(hex, 16)) : ({ r: '\r', n: '\n', t: '\t' }[c] ?? c),
  );

type Script = {
  greeting: string;
  capa: string[];
  capa_tls: string[];
  override_response?: { [verb: string]: string };
  hide_commands?: string[];
  stls_response?: string;
  stls_make_transition?: boolean;
};

/** The script's own answers; what it does not say the server answers as servers do. */
function play(script: Script): (line: string) => Answer {
  return line => {
    const verb = line.split(' ')[0]!.toLowerCase();
    const replaced = script.override_response?.[verb];
    if (replaced !== undefined) return replaced;
    if (script.hide_commands?.includes(verb)) return '-ERR unknown\r\n';
    if (verb === 'stls' && (script.stls_make_transition === false || script.stls_response !== undefined))
      return script.stls_response ?? '-ERR\r\n';
    return undefined;
  };
}

async function attempt(script: Script, over: Partial<Pop3Options>) {
  const server = await startUpstream({ greeting: script.greeting, capa: script.capa, answer: play(script) });
  const options = {
    host: 'localhost',
    port: server.port,
    user: 'u',
    password: 'secret',
    timeout: 700,
    implicitTls: false,
  };
  const outcome = await within(
    10_000,
    connectPop3({ ...options, tls: 'required', ...over }).then(
      client => {
        client.destroy();
        return 'signed in';
      },
      error => (error instanceof Pop3Failure ? error.message : `not foreseen: ${error.stack}`),
    ),
  );
  await server.stop();
  return { outcome, inClear: server.said.filter(line => /^(USER|PASS|AUTH)/i.test(line)) };
}

describe.skipIf(scripts.length === 0)(`connectPop3 against ${scripts.length} scripts of ${folder}`, () => {
  test('connectPop3 meets at least the 25 scripts that were there', () => {
    expect(scripts.length).toBeGreaterThanOrEqual(25);
  });

  for (const path of scripts) {
    const name = path.slice(folder.length + 1);
    const script = () => parseRon(readFileSync(path, 'utf8')) as Script;

    test(`connectPop3 gives no credential away to ${name}`, async () => {
      const required = await attempt(script(), { ca: localhost.cert });
      expect(required.inClear).toEqual([]);
      const distrusted = await attempt(script(), {});
      expect(distrusted.inClear).toEqual([]);
      expect(distrusted.outcome).not.toBe('signed in');
      for (const { outcome } of [required, distrusted]) expect(outcome).not.toMatch(/^hang|^not foreseen|[\x00-\x1f]/);
    });

    test(`connectPop3 comes to an end with ${name} where TLS is tried or off`, async () => {
      for (const tls of ['try', 'off'] as const) {
        const { outcome } = await attempt(script(), { tls });
        expect(outcome).not.toMatch(/^hang|^not foreseen|[\x00-\x1f]/);
      }
    });
  }

  test('connectPop3 does sign in under TLS where a script lets it', async () => {
    const honest = scripts.find(path => path.endsWith('stls/greeting_ok_capa_ok_stls_ok.ron'))!;
    const { outcome, inClear } = await attempt(parseRon(readFileSync(honest, 'utf8')) as Script, {
      ca: localhost.cert,
    });
    expect([outcome, inClear]).toEqual(['signed in', []]);
  });
});

import { execFile } from 'node:child_process';

export type Ran = { code: number; out: string; err: string };

/** Runs somebody else's program to its end; what it printed is taken as octets, one a character. */
export function runCommand(
  command: string,
  args: string[],
  { input = '', env = {} }: { input?: string | Buffer; env?: Record<string, string> } = {},
): Promise<Ran> {
  return new Promise(resolve => {
    const options = {
      env: { ...process.env, ...env },
      encoding: 'latin1' as const,
      maxBuffer: 100_000_000,
      timeout: 45_000,
    };
    const child = execFile(command, args, options, (error, out, err) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, out, err }),
    );
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

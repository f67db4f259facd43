import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** By what they took without anybody beside them: begun at the end, one of them would run alone. */
const longest = ['access-browser', 'xss-browser', 'corpus', 'cgi', 'crash-points', 'rich-browser', 'rich-xss-browser'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = (f: TestSpecification) => longest.some(name => f.moduleId.endsWith(`/${name}.test.ts`));
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter(f => !isLong(f))];
  }
}

// Node runs the code as it is; vite only finds the tests. Real servers and clients take a while on two busy cores.
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    reporters: ['default', './test/closing-line.ts'],
    pool: 'forks',
    // Two cores: many files wait half of their time, for disks, pauses and other programs.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
    // Only a wait that ran out, and closing-line.ts names it; a wrong answer is wrong at once. Where the first try
    // left something behind, the second fails as well.
    retry: process.env.CI
      ? { count: 1, condition: /time(?:d |-)?out|waited \d+ ms|did not start|EADDRINUSE|taken by another/i }
      : 0,
    experimental: { viteModuleRunner: false },
  },
});

import { defineConfig } from 'vitest/config';

// Node runs the code as it is; vite only finds the tests. Real servers and clients take a while on two busy cores.
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    reporters: ['default', './test/closing-line.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
    // Only a wait that ran out, and closing-line.ts names it; a wrong answer is wrong at once. Where the first try
    // left something behind, the second fails as well.
    retry: process.env.CI ? { count: 1, condition: /time(?:d |-)?out|waited \d+ ms|did not start|EADDRINUSE/i } : 0,
    experimental: { viteModuleRunner: false },
  },
});

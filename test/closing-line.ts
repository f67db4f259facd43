import type { Reporter, TestModule } from 'vitest/node';

/** Says at the end, in one plain line, how many tests passed, failed and were skipped; which were, for want of what, and which passed late. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    const skipped: string[] = [];
    const late: string[] = [];
    for (const module of modules)
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        count[state]++;
        if (state === 'skipped') skipped.push(test.fullName);
        if (test.diagnostic()?.flaky) late.push(`${module.relativeModuleId}: ${test.fullName}`);
      }
    if (skipped.length) console.log(`\nSkipped:\n${skipped.map(name => `  ${name}`).join('\n')}`);
    for (const name of late) console.log(`\nPassed at the second try: ${name}`);
    // Where everything is installed, a test that misses its package is a hole in the net.
    const holes = process.env.CI === 'true' ? skipped.filter(name => name.includes('package')) : [];
    if (holes.length) {
      console.log(`\nMissing packages in CI:\n${holes.map(name => `  ${name}`).join('\n')}`);
      process.exitCode = 1;
    }
    console.log(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
  }
}

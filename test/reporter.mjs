import { writeFileSync } from 'node:fs';

/**
 * What a test run came to.
 *
 * @typedef {object} Summary
 * @property {number} passed
 * @property {number} failed tests, and errors outside of tests: a file that cannot be loaded, a hook that
 *   throws, a rejection that nobody handles
 * @property {readonly { name: string, reason: string }[]} skipped
 */

/** Counts a vitest run for test/run.mjs. The human-readable report is vitest's own. */
export default class SummaryReporter {
  /**
   * @param {ReadonlyArray<import('vitest/node').TestModule>} modules
   * @param {ReadonlyArray<unknown>} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    const file = process.env.TENANTRY_TEST_SUMMARY;
    if (file === undefined) return;
    const outside = modules.flatMap((module) => [module, ...module.children.allSuites()]);
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const skipped = tests.filter((test) => test.result().state === 'skipped');
    /** @type {Summary} */
    const summary = {
      passed: tests.filter((test) => test.result().state === 'passed').length,
      // A test that is still pending was cut off, and nobody knows what it would have said.
      failed:
        tests.filter((test) => ['failed', 'pending'].includes(test.result().state)).length +
        outside.reduce((sum, suite) => sum + suite.errors().length, 0) +
        unhandledErrors.length,
      skipped: skipped.map((test) => ({
        name: `${test.module.relativeModuleId} > ${test.fullName}`,
        reason: reasonOf(test),
      })),
    };
    writeFileSync(file, JSON.stringify(summary));
  }
}

/** @param {import('vitest/node').TestCase} test */
function reasonOf(test) {
  const result = test.result();
  if (result.state === 'skipped' && result.note !== undefined) return result.note;
  for (let suite = test.parent; ; suite = suite.parent) {
    if (suite.errors().length > 0) return 'a hook of its suite failed';
    if (suite.type === 'module') return 'no reason given';
  }
}

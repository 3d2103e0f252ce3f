import { writeFileSync } from 'node:fs';

/**
 * What a test run came to.
 *
 * @typedef {object} Summary
 * @property {number} passed
 * @property {readonly { name: string, errors: readonly string[] }[]} failed tests, and errors outside of tests: a
 *   file that cannot be loaded, a hook that throws, a rejection that nobody handles
 * @property {readonly { name: string, reason: string }[]} skipped
 */

/** How much of an error is repeated at the run's end: its message and where it came from. */
const LINES_OF_AN_ERROR = 24;

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
    // A test that is still pending was cut off, and nobody knows what it would have said.
    const broken = tests.filter((test) => ['failed', 'pending'].includes(test.result().state));
    /** @type {Summary} */
    const summary = {
      passed: tests.filter((test) => test.result().state === 'passed').length,
      failed: [
        ...broken.map((test) => ({ name: nameOf(test), errors: (test.result().errors ?? []).map(textOf) })),
        ...outside.flatMap((suite) =>
          suite.errors().map((error) => ({ name: nameOf(suite), errors: [textOf(error)] })),
        ),
        ...unhandledErrors.map((error) => ({ name: 'outside of every test', errors: [textOf(error)] })),
      ],
      skipped: skipped.map((test) => ({ name: nameOf(test), reason: reasonOf(test) })),
    };
    writeFileSync(file, JSON.stringify(summary));
  }
}

/** @param {import('vitest/node').TestModule | import('vitest/node').TestSuite | import('vitest/node').TestCase} task */
function nameOf(task) {
  if (task.type === 'module') return task.relativeModuleId;
  return `${task.module.relativeModuleId} > ${task.fullName}`;
}

/** @param {unknown} error */
function textOf(error) {
  if (typeof error !== 'object' || error === null) return String(error);
  const { name = 'Error', message = '', stack = '' } = /** @type {Partial<Error>} */ (error);
  const text = stack.includes(message) ? stack : `${name}: ${message}\n${stack}`;
  const ours = text.split('\n').filter((line) => !/^\s+at .*(node_modules|node:internal)/.test(line));
  return ours.slice(0, LINES_OF_AN_ERROR).join('\n');
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

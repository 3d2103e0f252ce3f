import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));
const library = join(root, 'packages/tenantry/src');

export default defineConfig({
  root,
  resolve: {
    // Tests see the sources, so that coverage and stack traces do too.
    alias: [
      { find: /^tenantry$/, replacement: join(library, 'index.ts') },
      { find: /^tenantry\/testing$/, replacement: join(library, 'testing/index.ts') },
      { find: /^tenantry\/(sqlite|mysql|postgres)$/, replacement: join(library, 'adapters/$1/index.ts') },
      { find: /^tenantry\/orm$/, replacement: join(library, 'adapters/orm/index.ts') },
    ],
  },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'examples/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // Patience is said here, once, and fits a stalled machine: what a test waits for comes sooner or later, or never.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 10_000,
    expect: { poll: { timeout: 60_000 } },
    allowOnly: false,
    reporters: ['default', join(root, 'test/reporter.mjs')],
    coverage: {
      provider: 'v8',
      include: ['packages/tenantry/src/**/*.ts'],
      // The conformance suite and the fault tools are tests themselves.
      exclude: ['packages/tenantry/src/testing/**'],
      reporter: ['text-summary'],
      reportOnFailure: true,
      reportsDirectory: join(process.env.TENANTRY_TEST_DIR ?? root, 'coverage'),
    },
  },
});

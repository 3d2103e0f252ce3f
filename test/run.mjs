// npm test [-- --engine sqlite|mysql|postgres] [-- FILTER...]
//
// Starts the servers that the tests need, runs the tests, stops everything, and says in its last line how many
// passed. The servers, the test processes and the temporary directory belong to one group, which ends with
// this process, however it ends.

import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openServerGroup } from './servers/group.mjs';
import { startServers } from './servers/start.mjs';

/** @typedef {import('./servers/start.mjs').ServerName} ServerName */

const USAGE = 'Usage: npm test [-- --engine sqlite|mysql|postgres] [-- FILTER...]';
const ENGINES = /** @type {const} */ (['sqlite', 'mysql', 'postgres']);
const root = fileURLToPath(new URL('..', import.meta.url));

const { engine, filters } = readArguments();
const group = await openServerGroup();
let interrupted = false;
stopOnSignals();
let conclusion = { exitCode: 1, lastLine: '0 passed, 0 failed' };
try {
  const environment = await startEnvironment();
  const vitestCode = await runVitest(environment);
  if (!interrupted) conclusion = conclude(vitestCode, readSummary(environment.TENANTRY_TEST_SUMMARY));
} catch (error) {
  if (!interrupted) console.log(`\n${error instanceof Error ? error.message : String(error)}`);
} finally {
  await group.close();
}
if (!interrupted) console.log(`\n${conclusion.lastLine}`);
process.exitCode = conclusion.exitCode;

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      options: { engine: { type: 'string' }, help: { type: 'boolean' } },
      allowPositionals: true,
    });
    if (values.help) exitWith(0, USAGE);
    const engine = ENGINES.find((name) => name === values.engine);
    if (values.engine !== undefined && engine === undefined) {
      exitWith(2, `There is no engine ${JSON.stringify(values.engine)}.\n${USAGE}`);
    }
    return { engine, filters: positionals };
  } catch (error) {
    return exitWith(2, `${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  }
}

/**
 * @param {number} code
 * @param {string} message
 * @returns {never}
 */
function exitWith(code, message) {
  console.error(message);
  process.exit(code);
}

/** Starts the servers and says where they are, in the environment of the test processes. */
async function startEnvironment() {
  /** @type {readonly ServerName[]} */
  const needed = engine === undefined ? ['mysql', 'postgres', 'redis'] : engine === 'sqlite' ? [] : [engine];
  const { mysql, postgres, redis } = await startServers(group, needed);
  return {
    TENANTRY_TEST_DIR: group.directory,
    TENANTRY_TEST_SUMMARY: join(group.directory, 'summary.json'),
    TENANTRY_TEST_ENGINES: engine ?? ENGINES.join(','),
    ...(mysql && { TENANTRY_TEST_MYSQL: mysql.url, TENANTRY_TEST_MYSQL_TCP: mysql.tcpUrl }),
    ...(mysql?.logFile && { TENANTRY_TEST_MYSQL_LOG: mysql.logFile }),
    ...(postgres && { TENANTRY_TEST_POSTGRES: postgres.url, TENANTRY_TEST_POSTGRES_TCP: postgres.tcpUrl }),
    ...(postgres?.logFile && { TENANTRY_TEST_POSTGRES_LOG: postgres.logFile }),
    ...(redis && { TENANTRY_TEST_REDIS: redis.url, TENANTRY_TEST_REDIS_TCP: redis.tcpUrl }),
  };
}

/**
 * @param {Record<string, string>} environment
 * @returns {Promise<number>} vitest's exit code
 */
function runVitest(environment) {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const child = fork(vitest, ['run', '--config', 'test/vitest.config.ts', '--coverage', ...filters], {
    cwd: root,
    // In a process group of its own, so that it can be ended together with its workers.
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, ...environment },
  });
  group.adopt(child);
  return new Promise((resolve, reject) =>
    child.once('exit', (code) => resolve(code ?? 1)).once('error', reject),
  );
}

/**
 * @param {string} file
 * @returns {import('./reporter.mjs').Summary}
 */
function readSummary(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { passed: 0, failed: [], skipped: [] };
  }
}

/**
 * @param {number} vitestCode
 * @param {import('./reporter.mjs').Summary} summary
 */
function conclude(vitestCode, { passed, failed, skipped }) {
  // Vitest has reasons of its own to fail: no file matched, a worker that could not be started.
  const unexplained = vitestCode !== 0 && failed.length === 0 && passed > 0 ? 1 : 0;
  if (unexplained) console.log(`\nvitest ended with ${vitestCode}, though no test failed.`);
  if (passed + failed.length === 0) console.log('\nNo test has run.');
  printSkipped(skipped);
  printFailed(failed);
  const failures = failed.length + unexplained;
  const skips = skipped.length > 0 ? `, ${skipped.length} skipped` : '';
  return {
    exitCode: failures === 0 && passed > 0 ? 0 : 1,
    lastLine: `${passed} passed, ${failures} failed${skips}`,
  };
}

/** @param {import('./reporter.mjs').Summary['skipped']} skipped */
function printSkipped(skipped) {
  if (skipped.length > 0) console.log('\nSkipped:');
  for (const { name, reason } of skipped) console.log(`  ${name}: ${reason}`);
}

/**
 * Once more and last, because who reads a long log, or what is kept of one, begins at its end.
 *
 * @param {import('./reporter.mjs').Summary['failed']} failed
 */
function printFailed(failed) {
  if (failed.length > 0) console.log('\nFailed:');
  for (const { name, errors } of failed) {
    console.log(`  ${name}`);
    for (const error of errors) console.log(error.replace(/^/gm, '    '));
  }
}

function stopOnSignals() {
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.once(signal, () => {
      interrupted = true;
      void group.close().then(() => process.exit(128 + constants.signals[signal]));
    });
  }
}

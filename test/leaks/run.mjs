// npm run leaks -- --engine mysql|postgres|sqlite [--isolation database|schema|row] [--tenants 50] [--processes 2]
//   [--connections 8] [--operations 20000] [--seed 1] [--mutant NAME ... | --mutants]
//
// Hunts for leaks between tenants on a private server. The last line is JSON; docs/leak-hunt.md explains it. Exit 0
// only if nothing was found. With --mutants: exit 0 only if every deliberate leak was caught.

import { constants } from 'node:os';
import { join } from 'node:path';
import { openServerGroup } from '../servers/group.mjs';
import { ensureInstalled } from '../servers/start.mjs';
import { readArguments, USAGE, UsageError } from './arguments.mjs';
import { openField } from './fields/index.mjs';
import { Hunt } from './hunt.mjs';
import { huntMutants } from './hunt-mutants.mjs';
import { stock } from './reserve.mjs';

const options = readOrExit();
const group = await openServerGroup();
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.once(signal, () => void group.close().then(() => process.exit(128 + constants.signals[signal])));
}
try {
  await ensureInstalled([options.engine]);
  const log = (/** @type {string} */ text) => console.error(text);
  process.exitCode =
    options.allMutants || options.mutants.length > 0
      ? await huntMutants(group, options, log)
      : await huntOnce(log);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await group.close();
}
process.exit();

/** @param {(text: string) => void} log */
async function huntOnce(log) {
  const { engine, isolation, seed, processes } = options;
  const startedAt = performance.now();
  const traceFiles = Array.from({ length: processes }, (_, index) =>
    join(group.directory, `trace-${index}.log`),
  );
  const field = await openField(options, group, traceFiles);
  const reserve = await stock(field, options, '');
  const hunt = new Hunt({ options, field, reserve, traceFiles, group, log });
  await hunt.run();
  await field.close();
  const { court, totals } = hunt;
  const codes = [...court.codes].map(([code, count]) => `${code.replace('TENANTRY_', '')} ${count}`);
  log(`errors: ${codes.join(', ')}`);
  for (const { count, first } of court.kinds.values()) console.log(`${count} times like: ${first}`);
  const { counts, found, crossTenant, statementsInLog } = court;
  const result = {
    ...{ engine, isolation, seed, operations: totals.operations, statementsInLog, crossTenant },
    ...{ judgeRows: found.rows, judgeLog: found.log, rebinds: hunt.rebinds, aborts: totals.aborts },
    ...{ kills: hunt.kills, maxSessions: hunt.maxSessions, leasedAtEnd: hunt.leased },
    ...{
      unexplainedErrors: counts.unexplained,
      seconds: Math.round((performance.now() - startedAt) / 100) / 10,
    },
  };
  console.log(JSON.stringify(result));
  // Where the log says nothing, nobody has judged it.
  return hunt.isCaught || statementsInLog === 0 ? 1 : 0;
}

function readOrExit() {
  try {
    const read = readArguments(process.argv.slice(2));
    if (read !== undefined) return read;
    console.log(USAGE);
    return process.exit(0);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n${USAGE}`);
    return process.exit(2);
  }
}

import { boot } from './boot.mjs';
import { hotPath } from './hot-path.mjs';
import { mysqlContests } from './mysql-contests.mjs';
import { paired } from './paired.mjs';
import { postgresContests } from './postgres-contests.mjs';
import { routeBytes } from './route-bytes.mjs';
import { sqliteWorker } from './sqlite-worker.mjs';

/** Everything that `npm run bench -- routing` measures. @type {readonly import('./experiment.mjs').Experiment[]} */
export const experiments = [
  ...mysqlContests,
  ...postgresContests,
  ...paired,
  ...hotPath,
  ...boot,
  routeBytes,
  sqliteWorker,
];

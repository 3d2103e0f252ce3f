import { capabilities } from '../../engine/capabilities.js';
import type { Engine } from '../../engine/engine.js';
import { InvalidOptionError } from '../../errors.js';
import { classifyError, limitOf } from './errors.js';
import { quoteIdentifier } from './identifiers.js';
import { MysqlServer } from './server.js';
import { isRead } from './statement.js';

/**
 * MySQL and MariaDB, by the driver mysql2. Every session speaks utf8mb4; dates are sent and read as
 * UTC and `time_zone` is UTC; integers beyond 2^53 are read as strings, in JSON as well. Generated keys are taken
 * for unsigned, as all are that a server generates; one beyond 2^53 is a bigint.
 */
export const mysql: Engine = Object.freeze({
  name: 'mysql',
  capabilities: capabilities({ dialect: 'mysql', cancel: true, cancelTakesConnection: true, rebind: true }),
  server(address) {
    if (address.engine !== 'mysql') {
      throw new InvalidOptionError(`The mysql engine was given the address of a ${address.engine} server.`, {
        hint: 'Use mysql://user:password@host:3306.',
      });
    }
    return new MysqlServer(mysql, address);
  },
  // A reset keeps the user that the connection was opened as.
  sharingGroup: (_database, { credentials }) => (credentials === undefined ? '' : undefined),
  classifyError,
  limitOf,
  quoteIdentifier,
  isRead,
} satisfies Engine);

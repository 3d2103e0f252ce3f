import { capabilities } from '../../engine/capabilities.js';
import type { Engine } from '../../engine/engine.js';
import { InvalidOptionError } from '../../errors.js';
import { classifyError, limitOf } from './errors.js';
import { quoteIdentifier } from './identifiers.js';
import { PostgresServer } from './server.js';
import { isRead } from './statement.js';

/**
 * PostgreSQL 13 and later, by the driver pg. Values are read as pg gives them: `bigint` and `numeric`
 * as strings. A `Date` is sent with the process's own UTC offset, so it is exact in a `timestamptz`;
 * a `timestamp` without time zone keeps the process's local time.
 */
export const postgres: Engine = Object.freeze({
  name: 'postgres',
  capabilities: capabilities({
    dialect: 'postgres',
    cancel: true,
    notify: true,
    transactionalDdl: true,
    isolations: ['database', 'schema', 'row'],
  }),
  server(address) {
    if (address.engine !== 'postgres') {
      throw new InvalidOptionError(
        `The postgres engine was given the address of a ${address.engine} server.`,
        { hint: 'Use postgres://user:password@host:5432.' },
      );
    }
    return new PostgresServer(postgres, address);
  },
  // A connection belongs to its database for life, and can be moved between the parts of it.
  // Asked for at every move: mostly there is no user of the tenant's own, and then no two texts can be confused.
  sharingGroup: (database, { part, credentials }) =>
    part &&
    (credentials === undefined
      ? `${part.isolation} ${database}`
      : JSON.stringify([database, part.isolation, credentials.user])),
  classifyError,
  limitOf,
  quoteIdentifier,
  isRead,
} satisfies Engine);

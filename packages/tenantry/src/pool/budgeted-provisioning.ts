import type { Provisioning } from '../engine/provisioning.js';
import type { ServerPool } from './server-pool.js';

/** The same provisioning, each step of it on a place in the server's budget: it opens connections too. */
export function withinBudget(provisioning: Provisioning, pool: ServerPool): Provisioning {
  const within = <T>(work: () => Promise<T>) => pool.withPlace('provisioning', work);
  return {
    createDatabase: (...args) => within(() => provisioning.createDatabase(...args)),
    dropDatabase: (...args) => within(() => provisioning.dropDatabase(...args)),
    databaseExists: (...args) => within(() => provisioning.databaseExists(...args)),
    isEmpty: (...args) => within(() => provisioning.isEmpty(...args)),
    listDatabases: (...args) => within(() => provisioning.listDatabases(...args)),
    readIdentity: (...args) => within(() => provisioning.readIdentity(...args)),
    conflictAt: (...args) => within(() => provisioning.conflictAt(...args)),
    mayIdentify: (...args) => within(() => provisioning.mayIdentify(...args)),
    changeIdentity: (name, ...change) => within(() => provisioning.changeIdentity(name, ...change)),
    runScript: (...args) => within(() => provisioning.runScript(...args)),
  };
}

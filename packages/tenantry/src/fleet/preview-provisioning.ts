import type { Provisioning } from '../engine/provisioning.js';
import { InvalidOptionError } from '../errors.js';

/** The same provisioning for dry runs: it looks, and refuses every change. */
export function previewProvisioning(provisioning: Provisioning): Provisioning {
  return {
    databaseExists: (...args) => provisioning.databaseExists(...args),
    isEmpty: (...args) => provisioning.isEmpty(...args),
    listDatabases: (...args) => provisioning.listDatabases(...args),
    readIdentity: (...args) => provisioning.readIdentity(...args),
    conflictAt: (...args) => provisioning.conflictAt(...args),
    mayIdentify: (...args) => provisioning.mayIdentify(...args),
    createDatabase: refuse,
    dropDatabase: refuse,
    changeIdentity: refuse,
    runScript: refuse,
  };
}

function refuse(): Promise<never> {
  return Promise.reject(
    new InvalidOptionError('A preview changes nothing.', { hint: 'Leave out the option "preview".' }),
  );
}

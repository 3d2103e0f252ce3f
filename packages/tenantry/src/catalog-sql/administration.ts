// What is built with Kysely, which must be loaded before any of it is called.
export { runChange } from './change.js';
export { changeStatus, planRaise, planStatus, raise } from './change-status.js';
export {
  adopt,
  beginCreate,
  beginDatabase,
  finishCreate,
  planCreate,
  releaseCreate,
  undoCreate,
} from './create.js';
export { databaseOn } from './engine-dialect.js';
export { isDoomed, isTaken } from './physical-names.js';
export { findById, findByName, findHolder, isEmpty, listTenants } from './tenants.js';

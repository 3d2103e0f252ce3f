// What is built with Kysely, which must be loaded before any of it is called.
export { runChange } from './change.js';
export { changeStatus } from './change-status.js';
export { adopt, beginCreate, finishCreate, releaseCreate, undoCreate } from './create.js';
export { databaseOn } from './engine-dialect.js';
export { findById, findByName, isEmpty, listTenants } from './tenants.js';

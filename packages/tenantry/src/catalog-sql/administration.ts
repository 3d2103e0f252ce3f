// What is built with Kysely, so that all of it is loaded at once, when it is first asked for.
export { runChange } from './change.js';
export { changeStatus } from './change-status.js';
export { adopt, beginCreate, finishCreate, releaseCreate, undoCreate } from './create.js';
export { databaseOn } from './engine-dialect.js';
export { findById, findByName, isEmpty, listTenants } from './tenants.js';

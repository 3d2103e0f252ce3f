export { Database } from './database.js';
export type {
  ColumnDefinition,
  RunResult,
  SqliteDatabase,
  SqliteStatement,
  SqliteTransaction,
} from './driver-types.js';
export type { DatabaseHome, HeldHandle } from './home.js';
export { lentHandleIn, lentHandleOf } from './lend.js';
export type { LentHandle } from './lent-handle.js';
export { statementsOf } from './refusal.js';

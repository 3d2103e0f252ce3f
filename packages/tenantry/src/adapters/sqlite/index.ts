export { sqlite } from '../../engines/sqlite/index.js';
export type {
  ColumnDefinition,
  RunResult,
  SqliteDatabase,
  SqliteStatement,
  SqliteTransaction,
} from '../../engines/sqlite/lent/index.js';
export { sqliteDatabase } from './database.js';
export { type KnexModule, sqliteKnexClient } from './knex.js';
export { sqliteDialect } from './kysely.js';
export type { SqliteDatabaseOptions, SqliteWaitOptions } from './options.js';
export type { PrismaAdapterFactory } from './prisma/driver-adapter.js';
export { type PrismaSqliteOptions, prismaSqlite } from './prisma.js';
export { type AmbientTypeormOptions, ambientTypeorm, type SqliteSourceOptions } from './typeorm.js';

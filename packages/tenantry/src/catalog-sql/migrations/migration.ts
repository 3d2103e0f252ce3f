import type { CatalogSql } from '../catalog-sql.js';
import type { SetupDialect } from '../setup-dialect.js';

/**
 * One step from a version of the catalog's tables to the next. Where DDL commits by itself a step
 * can be cut off in its middle and is then run again from its beginning, so every statement of it
 * must do nothing when it was done before.
 */
export type Migration = (sql: CatalogSql, dialect: SetupDialect) => Promise<void>;

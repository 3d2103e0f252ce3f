import { firstTables } from './001-first-tables.js';
import type { Migration } from './migration.js';

/** Step N leads from version N to version N + 1. Steps are only ever added at the end. */
export const migrations: readonly Migration[] = [firstTables];

/** The version of the catalog's tables that this code reads and writes. */
export const CATALOG_VERSION = migrations.length;

import type { CATALOG_VERSION } from '../version.js';
import { firstTables } from './001-first-tables.js';
import { versionsAndFences } from './002-versions-and-fences.js';
import type { Migration } from './migration.js';

/** Step N leads from version N to version N + 1. Steps are only ever added at the end, and the version with them. */
export const migrations = [firstTables, versionsAndFences] as const satisfies readonly Migration[] & {
  readonly length: typeof CATALOG_VERSION;
};

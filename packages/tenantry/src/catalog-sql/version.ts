/** The version of the catalog's tables that this code reads and writes: the number of `migrations/`. */
export const CATALOG_VERSION = 1;

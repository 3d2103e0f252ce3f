/** The version of the catalog's tables that this code makes, reads and writes: the number of `migrations/`. */
export const CATALOG_VERSION = 2;

/**
 * The oldest versions whose code may go on reading and writing the tables that this version leaves behind. So a
 * deploy can bring a catalog up to date while the code before serves on, where a change of the tables allows it.
 */
export const READABLE_FROM = 2;
export const WRITABLE_FROM = 2;

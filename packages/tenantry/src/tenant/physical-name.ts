/**
 * Physical names: what a tenant's database is called on its server. They are never used twice
 * (`tenantry_physical_names` remembers), so a backup, a cached connection or a grant that names a
 * database can never mean another tenant's.
 */

/** The longest physical name: PostgreSQL's 63 bytes; MySQL would take 64 characters. */
const MAX_LENGTH = 63;

/** The names of an engine's own databases, which no tenant may take, casefolded. */
const RESERVED = new Set([
  'mysql',
  'sys',
  'information_schema',
  'performance_schema',
  'ndbinfo',
  'postgres',
  'template0',
  'template1',
  'pg_catalog',
  'pg_toast',
  'main',
  'temp',
  'sqlite_master',
  'lost+found',
  '#mysql50#lost+found',
  // A file of this name cannot be made, or means a device, on Windows.
  'con',
  'prn',
  'aux',
  'nul',
  'com1',
  'com2',
  'com3',
  'com4',
  'lpt1',
  'lpt2',
  'lpt3',
]);

/** Whether a database of this name belongs to the engine itself. */
export function isReservedDatabase(name: string): boolean {
  return RESERVED.has(name.toLowerCase());
}

/**
 * The form in which physical names must be unique on a server, so that they stay apart under
 * either setting of `lower_case_table_names` and on a file system that folds case.
 */
export function physicalNameKey(physicalName: string): string {
  return physicalName.toLowerCase();
}

/** A tenant's name as that of a schema: `pg_...` is PostgreSQL's own, and these are in every database. */
export function nameOfSchema(name: string): string {
  return /^(?:pg_.*|public|tenantry)$/i.test(name) ? `t_${name}` : name;
}

/**
 * The names to try for a tenant's database, in this order: the tenant's name itself, then
 * `Name_<the last twelve digits of the id>`, which only this tenant can have, and for a further attempt to
 * make the tenant that with the attempt's number.
 */
export function physicalNameCandidates(
  name: string,
  id: string,
  attempt = 1,
): readonly [string, ...string[]] {
  const suffix = id.slice(-12);
  const own = (end: string) => `${name.slice(0, MAX_LENGTH - end.length - 1)}_${end}`;
  const unique =
    attempt > 1 ? ([own(suffix), own(`${suffix}_${attempt}`)] as const) : ([own(suffix)] as const);
  return isReservedDatabase(name) ? [...unique] : [name, ...unique];
}

import { randomUUID } from 'node:crypto';
import { CatalogMissingError, CatalogUnavailableError, InvalidOptionError, TenancyError } from '../errors.js';
import type { CatalogConnections } from './catalog-connections.js';
import { catalogError, kindOf, mayNotMake } from './catalog-error.js';
import { type CatalogPlace, describePlace } from './catalog-place.js';
import type { CatalogSql } from './catalog-sql.js';
import { createTable, type Table } from './migrations/create-table.js';
import { migrations } from './migrations/index.js';
import { readState, type State, THE_ROW, toPosition } from './position.js';
import { type SetupDialect, setupDialects } from './setup-dialect.js';
import { CATALOG_VERSION, READABLE_FROM, WRITABLE_FROM } from './version.js';

/** The tables are made in far less; the rest is for waiting until another process has made them. */
const SETUP_MS = 60_000;

/**
 * Makes the catalog's database and tables where they are missing, and brings them up to date.
 *
 * The runner is our own and not Kysely's: that one holds a lock whose name is the same for a whole
 * MySQL server, and none at all between two processes on one SQLite file.
 */
export async function setUp(connections: CatalogConnections, place: CatalogPlace): Promise<void> {
  const state = await findState(connections, place, () => createDatabase(connections, place));
  // A user who may not change tables can start where there is nothing to change.
  if (state !== undefined && state.version >= CATALOG_VERSION) {
    toPosition(state, place);
    return;
  }
  const work = (sql: CatalogSql): Promise<void> => bringUpToDate(sql, place);
  if (place.server.engine.capabilities.transactionalDdl) {
    await connections.transaction(work, { timeoutMs: SETUP_MS });
  } else {
    // The lock lives in the connection and ends with it.
    await connections.once(work, { timeoutMs: SETUP_MS });
  }
}

/** Refuses what {@link setUp} would refuse before it makes anything. */
export async function planSetUp(connections: CatalogConnections, place: CatalogPlace): Promise<void> {
  await findState(connections, place, async () => {});
}

/** The catalog's row if there is one. */
async function findState(
  connections: CatalogConnections,
  place: CatalogPlace,
  whereNoDatabase: () => Promise<void>,
): Promise<State | undefined> {
  try {
    return await connections.read(readState);
  } catch (error) {
    if (!(error instanceof CatalogMissingError)) throw error;
    await (error.kind === 'unknown-database' ? whereNoDatabase() : assertNobodys(place));
    return undefined;
  }
}

/** @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) for a database that is a tenant's: it would read the catalog. */
async function assertNobodys(place: CatalogPlace): Promise<void> {
  const provisioning = await place.server.provisioning();
  const said = await provisioning.readIdentity(place.database).catch((error: unknown) => {
    throw error instanceof TenancyError ? error : catalogError(error, place);
  });
  if (said === undefined) return;
  throw new InvalidOptionError(
    `The ${describePlace(place)} belongs to the tenant ${said.tenantId}, so no catalog is made in it.`,
    { hint: 'Name another database in the URL of the option "catalog".' },
  );
}

async function createDatabase(connections: CatalogConnections, place: CatalogPlace): Promise<void> {
  const provisioning = await place.server.provisioning();
  try {
    await provisioning.createDatabase(place.database, { signal: AbortSignal.timeout(SETUP_MS) });
  } catch (error) {
    // Another process may have been faster, and servers say so in more ways than one.
    if (await canConnect(connections)) return;
    if (kindOf(error, place) === 'access-denied') throw mayNotMake(place, error);
    throw catalogError(error, place);
  }
}

async function canConnect(connections: CatalogConnections): Promise<boolean> {
  try {
    await connections.read(async () => {});
    return true;
  } catch {
    return false;
  }
}

async function bringUpToDate(sql: CatalogSql, place: CatalogPlace): Promise<void> {
  const dialect = setupDialects[sql.dialect.name];
  if (!(await dialect.lock(sql, place.database))) {
    throw new CatalogUnavailableError(
      `Another process is setting up the catalog in ${describePlace(place)}.`,
      {
        hint: 'Wait until it is done and try again.',
      },
    );
  }
  await createTable(sql, dialect, catalogTable(dialect));
  const state = await readState(sql);
  for (const migrate of migrations.slice(state?.version ?? 0)) await migrate(sql, dialect);
  // Written last: until then the catalog counts as missing, or as old.
  if (state === undefined) await writeFirstState(sql);
  else if (state.version < CATALOG_VERSION) await writeVersion(sql);
}

/** The table of the catalog's one row. Later versions only add to it: every version must be able to read what version it has met. */
function catalogTable({ text }: SetupDialect): Table {
  return {
    name: 'tenantry_catalog',
    columns: [
      'id smallint not null primary key',
      'version integer not null',
      `incarnation ${text(36)} not null`,
      'revision bigint not null',
      'created_at bigint not null',
    ],
  };
}

async function writeFirstState(sql: CatalogSql): Promise<void> {
  await sql.run(
    `INSERT INTO tenantry_catalog (id, version, readable_from, writable_from, incarnation, revision, created_at)
     VALUES (${THE_ROW}, ${CATALOG_VERSION}, ${READABLE_FROM}, ${WRITABLE_FROM}, ?, 0, ${sql.dialect.clock})`,
    [randomUUID()],
  );
}

async function writeVersion(sql: CatalogSql): Promise<void> {
  await sql.run(
    `UPDATE tenantry_catalog SET version = ${CATALOG_VERSION}, readable_from = ${READABLE_FROM},
       writable_from = ${WRITABLE_FROM} WHERE id = ${THE_ROW}`,
  );
}

import type { RawBuilder, Updateable } from 'kysely';
import type { CatalogPosition } from '../catalog/catalog.js';
import { InternalError } from '../errors.js';
import type { Tenant } from '../tenant/tenant.js';
import type { CatalogConnections } from './catalog-connections.js';
import type { CatalogPlace } from './catalog-place.js';
import type { CatalogSql } from './catalog-sql.js';
import { databaseOn } from './engine-dialect.js';
import { kysely } from './kysely.js';
import { readPosition, THE_ROW } from './position.js';
import { toTenant } from './rows.js';
import { CHANGES_CHANNEL } from './sql-dialect.js';
import type { CatalogDb, CatalogTables } from './tables.js';
import { rowById } from './tenants.js';

type TenantUpdate = Omit<Updateable<CatalogTables['tenantry_tenants']>, 'id' | 'revision' | 'updated_at'>;

/** One change of one tenant: a transaction that holds the revision which the change will have. */
export class Change {
  readonly sql: CatalogSql;
  readonly db: CatalogDb;
  readonly revision: number;
  readonly incarnation: string;

  constructor(sql: CatalogSql, { revision, incarnation }: CatalogPosition) {
    this.sql = sql;
    this.db = databaseOn(sql);
    this.revision = revision;
    this.incarnation = incarnation;
  }

  /** Now, by the database's clock. */
  get clock(): RawBuilder<number> {
    return kysely.loaded.sql.raw(this.sql.dialect.clock);
  }

  /** Writes a tenant's row, with this change's revision, and gives what it is now. */
  async update(id: string, values: TenantUpdate): Promise<Tenant> {
    await this.db
      .updateTable('tenantry_tenants')
      .set({ ...values, revision: this.revision, updated_at: this.clock })
      .where('id', '=', id)
      .execute();
    return this.read(id);
  }

  async read(id: string): Promise<Tenant> {
    const row = await rowById(this.db, id);
    if (row !== undefined) return toTenant(row, this.incarnation);
    throw new InternalError(`Tenant ${id} vanished inside the change that wrote it.`);
  }
}

/** Runs a change: takes its revision first, writes, tells those who listen; all of it or nothing. */
export function runChange<T>(
  connections: CatalogConnections,
  place: CatalogPlace,
  work: (change: Change) => Promise<T>,
): Promise<T> {
  return connections.transaction(async (sql) => {
    const change = new Change(sql, await takeRevision(sql, place));
    const result = await work(change);
    const { announce } = sql.dialect;
    if (announce !== undefined) await sql.run(announce, [CHANGES_CHANNEL, String(change.revision)]);
    return result;
  });
}

/**
 * Takes the next revision. It is the first statement of every change: the row stays locked until
 * the change commits, so revisions become visible in their order, and changes happen one by one.
 */
async function takeRevision(sql: CatalogSql, place: CatalogPlace): Promise<CatalogPosition> {
  // Of a version that may not be written it is taken back together with the transaction.
  await sql.run(`UPDATE tenantry_catalog SET revision = revision + 1 WHERE id = ${THE_ROW}`);
  return readPosition(sql, place, 'write');
}

import type { RawBuilder, Updateable } from 'kysely';
import { InternalError } from '../errors.js';
import type { Tenant } from '../tenant/tenant.js';
import type { CatalogConnections } from './catalog-connections.js';
import type { CatalogPlace } from './catalog-place.js';
import { takeRevision } from './position.js';
import { rowById } from './reads.js';
import { toTenant } from './rows.js';
import type { SqlDialect } from './sql-dialect.js';
import type { CatalogDb, CatalogTables } from './tables.js';

type TenantUpdate = Omit<Updateable<CatalogTables['tenantry_tenants']>, 'id' | 'revision' | 'updated_at'>;

/** One change of one tenant: a transaction that holds the revision which the change will have. */
export class Change {
  readonly db: CatalogDb;
  readonly revision: number;
  readonly #dialect: SqlDialect;

  constructor(db: CatalogDb, dialect: SqlDialect, revision: number) {
    this.db = db;
    this.revision = revision;
    this.#dialect = dialect;
  }

  /** Now, by the database's clock. */
  get clock(): RawBuilder<number> {
    return this.#dialect.clock;
  }

  get dialect(): SqlDialect {
    return this.#dialect;
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
    if (row !== undefined) return toTenant(row);
    throw new InternalError(`Tenant ${id} vanished inside the change that wrote it.`);
  }
}

/** Runs a change: takes its revision first, writes, tells those who listen; all of it or nothing. */
export function runChange<T>(
  connections: CatalogConnections,
  place: CatalogPlace,
  work: (change: Change) => Promise<T>,
): Promise<T> {
  const { dialect } = connections;
  return connections.transaction(async (db) => {
    const change = new Change(db, dialect, await takeRevision(db, place));
    const result = await work(change);
    await dialect.announce(db, change.revision);
    return result;
  });
}

import { sql } from 'kysely';
import type { ProcessRecord } from '../catalog/catalog.js';
import type { SqlDialect } from './sql-dialect.js';
import type { CatalogDb } from './tables.js';

/** A process that was not heard of for so long is not coming back; its row may go. */
const FORGET_AFTER_MS = 24 * 60 * 60 * 1000;

/** Where process rows are written: inside a change, or on their own. */
interface Writer {
  readonly db: CatalogDb;
  readonly dialect: SqlDialect;
}

/** Writes or renews a process's row; its lease is counted from now, on the database's clock. */
export async function writeProcess({ db, dialect }: Writer, process: ProcessRecord): Promise<void> {
  const { clock } = dialect;
  const row = {
    label: process.label.slice(0, 255),
    revision: process.revision,
    heartbeat_at: clock,
    lease_until: sql<number>`${clock} + ${Math.round(process.leaseMs)}`,
  };
  await db
    .insertInto('tenantry_processes')
    .values({ id: process.id, ...row })
    .$call((insert) =>
      dialect.upsert === 'on conflict'
        ? insert.onConflict((conflict) => conflict.column('id').doUpdateSet(row))
        : insert.onDuplicateKeyUpdate(row),
    )
    .execute();
}

/** Whether a process's lease still runs. */
export async function isAlive({ db, dialect }: Writer, id: string): Promise<boolean> {
  const row = await db
    .selectFrom('tenantry_processes')
    .select('id')
    .where('id', '=', id)
    .where('lease_until', '>', dialect.clock)
    .executeTakeFirst();
  return row !== undefined;
}

/** Removes a process's row, and those of processes that died long ago without saying so. */
export async function removeProcess({ db, dialect }: Writer, id: string): Promise<void> {
  await db
    .deleteFrom('tenantry_processes')
    .where((eb) =>
      eb.or([eb('id', '=', id), eb('lease_until', '<', sql<number>`${dialect.clock} - ${FORGET_AFTER_MS}`)]),
    )
    .execute();
}

import type { ProcessRecord } from '../catalog/catalog.js';
import type { CatalogSql } from './catalog-sql.js';

/** A process whose lease ended so long ago is dead, or writes its row anew. */
const FORGET_AFTER_MS = 60_000;

/** Writes or renews a process's row; its lease is counted from now, on the database's clock. */
export async function writeProcess(sql: CatalogSql, process: ProcessRecord): Promise<void> {
  const { clock, upsert } = sql.dialect;
  await sql.run(
    `INSERT INTO tenantry_processes (id, label, revision, heartbeat_at, lease_until)
     VALUES (?, ?, ?, ${clock}, ${clock} + ${Math.round(process.leaseMs)})
     ${upsert('id', ['label', 'revision', 'heartbeat_at', 'lease_until'])}`,
    [process.id, process.label.slice(0, 255), process.revision],
  );
}

/** Whether a process's lease still runs. */
export async function isAlive(sql: CatalogSql, id: string): Promise<boolean> {
  const rows = await sql.rows(
    `SELECT id FROM tenantry_processes WHERE id = ? AND lease_until > ${sql.dialect.clock}`,
    [id],
  );
  return rows.length > 0;
}

/** Removes a process's row. */
export async function removeProcess(sql: CatalogSql, id: string): Promise<void> {
  await sql.run('DELETE FROM tenantry_processes WHERE id = ?', [id]);
}

/** Removes the rows of processes that died without a word. They are looked for first, so that nobody else's is locked. */
export async function forgetDead(sql: CatalogSql): Promise<void> {
  const isDead = `lease_until < ${sql.dialect.clock} - ${FORGET_AFTER_MS}`;
  const dead = await sql.rows<{ readonly id: string }>(`SELECT id FROM tenantry_processes WHERE ${isDead}`);
  for (const { id } of dead) await sql.run(`DELETE FROM tenantry_processes WHERE id = ? AND ${isDead}`, [id]);
}

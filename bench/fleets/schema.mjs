// What every bench tenant holds. The model is made by the library; the others are its copies, made with plain SQL
// because thousands are wanted in seconds. A copy differs from the model in its id, its name and its rows only.

import { createTenancy } from '../../packages/tenantry/dist/index.js';
import { newId } from '../../packages/tenantry/dist/tenant/id.js';
import { tenantName } from '../load/sequence.mjs';

/** The tenant that all others are copied from. */
export const MODEL = 'model';

const SCRIPT = `CREATE TABLE users (
  id INT NOT NULL,
  username VARCHAR(100) NOT NULL,
  PRIMARY KEY (id)
);`;

/**
 * Makes the catalog and the model in it.
 *
 * @param {string} catalog
 * @param {string} server
 */
export async function makeModel(catalog, server) {
  const tenancy = await createTenancy({
    catalog,
    servers: { main: server },
    setup: true,
    provision: { script: SCRIPT },
  });
  try {
    await tenancy.tenants.create({ name: MODEL });
  } finally {
    await tenancy.close();
  }
}

/** The rows of one tenant's users. They name whose they are, so that a wrong answer is seen. */
export function insertUsers(name, table = 'users') {
  return `INSERT INTO ${table} (id, username) VALUES (1, 'first of ${name}'), (2, 'second of ${name}')`;
}

/**
 * The tenants to make: numbers `from` to `to`, each with an id of its own.
 *
 * @param {number} from
 * @param {number} to
 */
export function newTenants(from, to) {
  return Array.from({ length: to - from + 1 }, (_, index) => ({
    id: newId(),
    name: tenantName(from + index),
  }));
}

/**
 * The catalog's rows of the tenants: the model's, with their own id, names and revision.
 *
 * @param {readonly { id: string, name: string }[]} tenants
 * @param {Record<string, unknown>} tenantRow the model's in tenantry_tenants
 * @param {Record<string, unknown>} nameRow the model's in tenantry_physical_names
 * @param {number} revision the catalog's own
 */
export function catalogRows(tenants, tenantRow, nameRow, revision) {
  return {
    tenantry_tenants: tenants.map(({ id, name }, index) => ({
      ...tenantRow,
      ...{ id, name, name_key: name, database_name: name, revision: revision + 1 + index },
    })),
    tenantry_physical_names: tenants.map(({ id, name }) => ({
      ...nameRow,
      ...{ name_key: name, name, tenant_id: id },
    })),
    revision: revision + tenants.length,
  };
}

/** Splits a list. @template T @param {readonly T[]} list @param {number} size @returns {T[][]} */
export function chunksOf(list, size) {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, chunk) =>
    list.slice(chunk * size, (chunk + 1) * size),
  );
}

/**
 * Works through a list, so many at a time.
 *
 * @template T, W
 * @param {readonly T[]} list
 * @param {readonly W[]} workers
 * @param {(item: T, worker: W) => Promise<void>} work
 */
export async function shareOut(list, workers, work) {
  let next = 0;
  await Promise.all(
    workers.map(async (worker) => {
      while (next < list.length) await work(list[next++], worker);
    }),
  );
}

// What every bench tenant holds. The model is made by the library; the others are its copies, made with plain SQL
// because thousands are wanted in seconds. A copy differs from the model in its id, its name and its rows only.

import { createTenancy } from '../../packages/tenantry/dist/index.js';
import { newId } from '../../packages/tenantry/dist/tenant/id.js';
import { tenantName } from '../load/sequence.mjs';

/** The tenant that all others are copied from. */
export const MODEL = 'model';

/** The tables of every tenant that shares none. */
export const TABLES = `CREATE TABLE users (
  id INT NOT NULL,
  username VARCHAR(100) NOT NULL,
  PRIMARY KEY (id)
);`;

/**
 * Makes the catalog and the model in it.
 *
 * @param {string} catalog
 * @param {string | { url: string, isolation: string }} server
 */
export async function makeModel(catalog, server) {
  const tenancy = await createTenancy({
    catalog,
    servers: { main: server },
    setup: true,
    provision: { script: TABLES },
  });
  try {
    await tenancy.tenants.create({ name: MODEL });
  } finally {
    await tenancy.close();
  }
}

/** The rows of one tenant's users. They name whose they are, so that a wrong answer is seen. */
export function insertUsers(name, table = 'users') {
  const values = usersOf(name).map(({ id, username }) => `(${id}, '${username}')`);
  return `INSERT INTO ${table} (id, username) VALUES ${values.join(', ')}`;
}

/** The same rows. */
export function usersOf(name) {
  return [
    { id: 1, username: `first of ${name}` },
    { id: 2, username: `second of ${name}` },
  ];
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
 * Where a tenant is: columns of tenantry_tenants, and the name that its place has among all of the server's.
 *
 * @typedef {(tenant: { id: string, name: string }) => Record<string, unknown> & { physicalName: string }} PlaceOf
 */

/** In a database of its own. @type {PlaceOf} */
const ownDatabase = ({ name }) => ({ database_name: name, physicalName: name });

/**
 * The catalog's rows of the tenants: the model's, with their own id, names, place and revision.
 *
 * @param {readonly { id: string, name: string }[]} tenants
 * @param {Record<string, unknown>} tenantRow the model's in tenantry_tenants
 * @param {Record<string, unknown>} nameRow the model's in tenantry_physical_names
 * @param {number} revision the catalog's own
 * @param {PlaceOf} [placeOf]
 */
export function catalogRows(tenants, tenantRow, nameRow, revision, placeOf = ownDatabase) {
  const rows = tenants.map((tenant, index) => {
    const { physicalName, ...place } = placeOf(tenant);
    const { id, name } = tenant;
    return {
      tenant: { ...tenantRow, ...place, id, name, name_key: name, revision: revision + 1 + index },
      physicalName: { ...nameRow, name_key: physicalName, name: physicalName, tenant_id: id },
    };
  });
  return {
    tenantry_tenants: rows.map(({ tenant }) => tenant),
    tenantry_physical_names: rows.map(({ physicalName }) => physicalName),
    revision: revision + rows.length,
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

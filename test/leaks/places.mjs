/**
 * Where a tenant is, as the judges call it: its database, its schema, or the key of its rows.
 *
 * @param {import('../../packages/tenantry/src/index.js').Tenant['placement']} placement
 * @returns {string}
 */
export function placeOf({ database, schema, rowKey }) {
  return schema ?? rowKey ?? database;
}

/**
 * The key of a tenant's rows, for each time that one of its name is made.
 *
 * @param {string} name
 * @param {number} generation
 */
export function rowKeyOf(name, generation) {
  return `${name}.${generation}`;
}

/** How often a name may be given to a new tenant in one hunt. */
export const GENERATIONS = 1000;

/** The password of those who serve tenants: it is shown nowhere. */
export const SECRET = 'canary-of-the-hunt';

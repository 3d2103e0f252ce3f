import pg from 'pg';
import { TOOLS, TRIGGER, VIEWS } from '../dialects/postgres-behind.mjs';
import { GENERATIONS } from '../places.mjs';
import { LIBRARY } from '../reserve.mjs';

/**
 * What differs where tenants share a database.
 *
 * @typedef {object} Parts
 * @property {(statement: string) => string | undefined | null} movedTo where a session is after a statement:
 *   undefined for nowhere, null for where it was
 * @property {(place: string) => string} entries reads every row of `entries` that is a tenant's
 * @property {(client: pg.Client, names: readonly string[]) => Promise<unknown>} furnish makes what tenants share
 */

/** @type {Readonly<Record<'schema' | 'row', Parts>>} */
export const PARTS = {
  schema: {
    movedTo: following(/^SET search_path TO (?:"([^"]+)"|(\w+))/i),
    entries: (place) => `SELECT request, tenant FROM ${pg.escapeIdentifier(place)}.entries`,
    furnish: async () => {},
  },
  row: {
    movedTo: following(/^SET tenantry\.tenant TO E?'([^']*)'/i),
    entries: (place) => `SELECT request, tenant FROM entries WHERE key = ${pg.escapeLiteral(place)}`,
    furnish: furnishRows,
  },
};

/**
 * @param {RegExp} binding
 * @returns {Parts['movedTo']}
 */
function following(binding) {
  return (statement) => {
    if (/^DISCARD ALL\b/i.test(statement)) return undefined;
    const [, quoted, plain] = binding.exec(statement) ?? [];
    return quoted ?? plain ?? null;
  };
}

/**
 * The tables that all share, and for each tenant that may ever be made the row that says where it is.
 *
 * @param {pg.Client} client
 * @param {readonly string[]} names
 */
async function furnishRows(client, names) {
  /** @type {typeof import('../../../packages/tenantry/src/engines/postgres/row-policies.js')} */
  const { rowPolicies } = await import(`${LIBRARY}engines/postgres/row-policies.js`);
  await client.query(`
    CREATE TABLE whoami (place text PRIMARY KEY);
    CREATE TABLE entries (
      number int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, request text NOT NULL, tenant text NOT NULL,
      batch text NOT NULL, key text NOT NULL DEFAULT current_setting('tenantry.tenant'));
    CREATE INDEX ON entries (key);
    ${TRIGGER}
    ${TOOLS}
  `);
  await client.query(
    `INSERT INTO whoami SELECT name || '.' || generation
     FROM unnest($1::text[]) AS name, generate_series(0, ${GENERATIONS}) AS generation`,
    [names],
  );
  await client.query(`
    ${rowPolicies('whoami', 'place')}
    ${rowPolicies('entries', 'key')}
    GRANT SELECT ON whoami, ${VIEWS.join(', ')} TO hunt_tables;
    GRANT SELECT, INSERT ON entries TO hunt_tables;
    GRANT USAGE ON SEQUENCE hunt_sequence TO hunt_tables;
  `);
}

// What a tenancy's pool adds to a query of an ORM: one instance for every tenant, against the same over the driver's
// own pool on that tenant's database.

import mysql from 'mysql2';
import pg from 'pg';
import { mysqlPool } from '../../packages/tenantry/dist/adapters/mysql/index.js';
import { pgPool } from '../../packages/tenantry/dist/adapters/postgres/index.js';
import { createTenancy } from '../../packages/tenantry/dist/index.js';
import { answerParent, readConfig } from '../lib/child.mjs';
import { tenantName } from '../load/sequence.mjs';
import { runBlocks } from './blocks.mjs';

const { orm, address, catalog, server } = readConfig();
const { engine, ...place } = address;
const { open } = await import(`../orms/${orm}.mjs`);
const name = tenantName(1);
const driver = open(engine, driverPool());
const again = open(engine, driverPool());
const tenancy = await createTenancy({
  catalog,
  servers: { main: { url: server, maxConnections: 2 } },
  cache: { pollMs: 5000 },
});
const ours = open(engine, engine === 'mysql' ? mysqlPool(tenancy) : pgPool(tenancy));

answerParent({
  measure: (size) =>
    runBlocks(
      {
        driver: () => driver.users(),
        again: () => again.users(),
        tenantry: () => tenancy.run(name, () => ours.users()),
      },
      size,
    ),
});

function driverPool() {
  return engine === 'mysql'
    ? mysql.createPool({ ...place, database: name, connectionLimit: 1 })
    : new pg.Pool({ ...place, database: name, max: 1, idleTimeoutMillis: 0 });
}

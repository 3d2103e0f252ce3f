// From the start of the process to the first answer, with node:http and the driver.

import { createServer } from 'node:http';
import { bootOnce } from './boot-once.mjs';

const { address, file, driver, tenant, sql } = JSON.parse(process.argv[2] ?? '{}');
await bootOnce(createServer, tenant, await open());

async function open() {
  if (driver === 'mysql2') {
    const { createConnection } = (await import('mysql2/promise')).default;
    const connection = await createConnection({ ...address, database: tenant });
    return async () => (await connection.query(sql))[0];
  }
  if (driver === 'pg') {
    const { Client } = (await import('pg')).default;
    const client = new Client({ ...address, database: tenant });
    await client.connect();
    return async () => (await client.query(sql)).rows;
  }
  const { default: Database } = await import(driver);
  const database = new Database(file);
  return async () => database.prepare(sql).all();
}

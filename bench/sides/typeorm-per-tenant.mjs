// A TypeORM DataSource, with its own pool, for each tenant.

import { DataSource, EntitySchema } from 'typeorm';
import { readConfig } from '../lib/child.mjs';
import { serve } from './serve.mjs';

const { address, perTenant } = readConfig();
const { host, port, user: username, password } = address;
const Users = new EntitySchema({
  name: 'User',
  tableName: 'users',
  columns: { id: { type: 'int', primary: true }, username: { type: 'varchar', length: 100 } },
});
/** @type {Map<string, Promise<DataSource>>} */
const sources = new Map();

await serve(async (name) => {
  let source = sources.get(name);
  if (source === undefined) {
    source = new DataSource({
      type: 'mysql',
      ...{ host, port, username, password, database: name, entities: [Users] },
      extra: { connectionLimit: perTenant },
    }).initialize();
    sources.set(name, source);
  }
  return /** @type {Promise<{ username: string }[]>} */ (
    (await source).getRepository(Users).find({ order: { id: 'ASC' } })
  );
});

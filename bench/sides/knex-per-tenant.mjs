// A Knex instance, with its own pool, for each tenant.

import knex from 'knex';
import { readConfig } from '../lib/child.mjs';
import { serve } from './serve.mjs';

const { address, perTenant } = readConfig();
const { engine: _, ...server } = address;
/** @type {Map<string, import('knex').Knex>} */
const instances = new Map();

await serve((name) => {
  let instance = instances.get(name);
  if (instance === undefined) {
    const connection = { ...server, database: name };
    instance = knex({ client: 'mysql2', connection, pool: { min: 0, max: perTenant } });
    instances.set(name, instance);
  }
  return instance('users').select('id', 'username').orderBy('id');
});

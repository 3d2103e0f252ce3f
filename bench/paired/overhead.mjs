// What a session adds to a statement: name -> session -> rows, against the bare driver's pool of one connection.

import { createTenancy } from '../../packages/tenantry/dist/index.js';
import { answerParent, readConfig } from '../lib/child.mjs';
import { tenantName } from '../load/sequence.mjs';
import { openPool } from '../sides/drivers.mjs';
import { runBlocks } from './blocks.mjs';

const SQL = 'SELECT 1 AS one';

const { address, catalog, server } = readConfig();
const name = tenantName(1);
const bare = openPool(address, name, 1);
const again = openPool(address, name, 1);
const tenancy = await createTenancy({
  catalog,
  servers: { main: { url: server, maxConnections: 2 } },
  // A look at the catalog takes the same core; its cost is measured by itself (bench poll).
  cache: { pollMs: 5000 },
});

answerParent({
  measure: (size) =>
    runBlocks(
      {
        bare: () => bare.query(SQL),
        again: () => again.query(SQL),
        tenantry: () => tenancy.session(name).query(SQL),
      },
      size,
    ),
});

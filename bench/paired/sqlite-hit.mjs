// A statement on a file that is open: through a session, and prepared once on the driver's own handle.

import { createTenancy } from '../../packages/tenantry/dist/index.js';
import { sqliteDriver, sqliteFile } from '../fleets/sqlite.mjs';
import { answerParent, readConfig } from '../lib/child.mjs';
import { USERS } from '../lib/statements.mjs';
import { tenantName } from '../load/sequence.mjs';
import { runBlocks } from './blocks.mjs';

const { folder, catalog, server } = readConfig();
const { Database } = sqliteDriver();
const tenancy = await createTenancy({ catalog, servers: { main: server }, cache: { pollMs: 5000 } });
const ours = tenantName(3);

answerParent({
  measure: (size) =>
    runBlocks(
      {
        raw: prepared(tenantName(1)),
        again: prepared(tenantName(2)),
        tenantry: () => tenancy.session(ours).query(USERS),
      },
      size,
    ),
});

function prepared(name) {
  const statement = new Database(sqliteFile(folder, name)).prepare(USERS);
  return () => statement.all();
}

// A statement on a file that is not open, with 100 handles open and another file at each call: through a session,
// and with the driver itself. Each side has files of its own, because a file that is open already opens faster.

import { createTenancy } from '../../packages/tenantry/dist/index.js';
import { sqliteDriver, sqliteFile } from '../fleets/sqlite.mjs';
import { answerParent, readConfig } from '../lib/child.mjs';
import { USERS } from '../lib/statements.mjs';
import { tenantName } from '../load/sequence.mjs';
import { runBlocks } from './blocks.mjs';

const HANDLES = 100;

const { folder, catalog, server, tenants } = readConfig();
const { Database } = sqliteDriver();
const perSide = Math.floor(tenants / 3);
const tenancy = await createTenancy({
  catalog,
  servers: { main: { url: server, maxConnections: HANDLES } },
  cache: { pollMs: 5000 },
});
// Which tenant it is and where is not what is measured.
for (let number = 1; number <= perSide; number++) await tenancy.session(nameOf(2, number)).ready();

answerParent({
  measure: (size) =>
    runBlocks(
      {
        raw: opening(0),
        again: opening(1),
        tenantry: (index) => tenancy.session(nameOf(2, index)).query(USERS),
      },
      size,
    ),
});

function nameOf(side, index) {
  return tenantName(1 + side * perSide + (index % perSide));
}

function opening(side) {
  const handles = [];
  return (index) => {
    if (handles.length === HANDLES) handles.shift().close();
    const handle = new Database(sqliteFile(folder, nameOf(side, index)));
    handles.push(handle);
    return handle.prepare(USERS).all();
  };
}

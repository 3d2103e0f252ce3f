// The heap of an ORM's instance with a driver's pool of its own, which has connected to nothing: bytes for each.

import pg from 'pg';
import { answerParent, readConfig } from '../lib/child.mjs';
import { heldBytes } from '../lib/heap.mjs';
import { tenantName } from '../load/sequence.mjs';

/** What the first few compile and remember is not counted. */
const WARM_UP = 100;

const { orm, count } = readConfig();
const { open } = await import(`../orms/${orm}.mjs`);
const instances = [];

answerParent({
  async measure() {
    await make(WARM_UP);
    const before = await heldBytes();
    await make(count);
    return ((await heldBytes()) - before) / count;
  },
});

async function make(more) {
  for (let made = 0; made < more; made++) {
    const database = tenantName(instances.length + 1);
    const instance = open('postgres', new pg.Pool({ host: '127.0.0.1', database }));
    await instance.prepare?.();
    instances.push(instance);
  }
}

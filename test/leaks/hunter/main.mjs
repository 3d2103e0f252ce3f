// A hunter: one process with one tenancy, which does random things to it and judges every reply.

import { Random } from '../random.mjs';
import { Hunter } from './hunter.mjs';
import { Journal } from './journal.mjs';

const LEFT_PREPARED = new Set(['TENANTRY_XA_LEFT_PREPARED', 'TENANTRY_TRANSACTION_LEFT_PREPARED']);

const journal = new Journal();
/** @type {Hunter | undefined} */
let hunter;

// Without its hunt nobody would end it.
process.on('disconnect', () => process.exit());
for (const event of /** @type {const} */ (['unhandledRejection', 'uncaughtException'])) {
  process.on(event, (/** @type {unknown} */ error) => {
    journal.add({
      kind: 'surprise',
      text: `${event}: ${error instanceof Error ? error.stack : String(error)}`,
    });
  });
}
// What cannot be rolled back is told, and is an administrator's then.
process.on('warning', (warning) => {
  if (LEFT_PREPARED.has(/** @type {{ code?: string }} */ (warning).code ?? '')) journal.add({ kind: 'told' });
});
process.on('message', (message) => {
  void obey(/** @type {import('../contracts/hunt.js').Order} */ (message)).catch((error) => {
    journal.add({
      kind: 'surprise',
      text: `a hunter failed: ${error instanceof Error ? error.stack : error}`,
    });
    journal.flush();
    process.exitCode = 1;
    setTimeout(() => process.exit(), 200);
  });
});

/** @param {import('../contracts/hunt.js').Order} order */
async function obey(order) {
  switch (order.type) {
    case 'start':
      hunter = await Hunter.open(order.config, journal, new Random(order.config.seed, order.config.process));
      journal.send({ type: 'ready' });
      return;
    case 'round':
      await hunter?.round(order.operations);
      return;
    case 'news':
      hunter?.hear(order.change);
      return;
    case 'finish':
      await hunter?.finish();
      process.disconnect();
  }
}

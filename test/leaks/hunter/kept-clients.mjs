import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { findMarks } from '../dialects/marks.mjs';
import { attempt } from './call.mjs';
import { Limits } from './limits.mjs';
import { readAmbient } from './reads.mjs';

/** @typedef {import('../random.mjs').Random} Random */
/** @typedef {import('./world.mjs').World} World */

/** Deep enough for the command under way of a client in its stand-in. */
const DEPTH = 8;

/**
 * A client that is kept after it was given back, and looked at while others use its connection: it shows nothing of
 * them, and a password at no time.
 *
 * @param {World} world
 * @param {Random} random
 */
export async function inspectReleased(world, random) {
  const { pool, tenancy, journal } = world;
  if (!pool.waits) return readAmbient(world, random);
  const name = random.pick(world.names);
  /** @type {{ client: object, isTold: boolean }[]} */
  const kept = [];
  await attempt(
    world,
    random,
    { operation: 'a client to be kept', name },
    (call) =>
      tenancy.run(name, () =>
        pool.lend(random, name, async (executor, client) => {
          await call.ask(executor, call.dialect.read(call.mark()));
          kept.push({ client, isTold: tellsPassword(world, name, shown(client)) });
        }),
      ),
    { limits: new Limits() },
  );
  for (const { client, isTold } of kept) {
    for (let looks = random.integer(1, 4); looks > 0; looks--) {
      await sleep(random.integer(0, 8));
      const text = shown(client);
      if (!isTold) tellsPassword(world, name, text);
      const seen = findMarks(text).find((mark) => mark.name !== name);
      if (seen !== undefined)
        journal.find(`${name} kept a client, and it shows what ${seen.name} runs (${seen.request})`);
    }
  }
}

/**
 * @param {World} world
 * @param {string} name
 * @param {string} text
 */
function tellsPassword({ secret, journal }, name, text) {
  const tells = secret !== '' && text.includes(secret);
  if (tells) journal.find(`a client of ${name} shows a password`);
  return tells;
}

/** @param {object} client */
function shown(client) {
  const ways = [
    () => inspect(client, { depth: DEPTH, showHidden: true }),
    () => inspect(client, { depth: DEPTH, showProxy: true }),
    () => JSON.stringify(client),
  ];
  return ways
    .map((way) => {
      try {
        return String(way());
      } catch (error) {
        // One that is dead may say so.
        return String(error);
      }
    })
    .join('\n');
}

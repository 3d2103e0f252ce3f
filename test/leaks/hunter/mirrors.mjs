import { attempt, describe } from './call.mjs';
import { Limits } from './limits.mjs';

/** @typedef {import('../../../packages/tenantry/src/index.js').Executor} Executor */
/** @typedef {import('../random.mjs').Random} Random */
/** @typedef {import('./world.mjs').World} World */

/** What may stand before a quote, so that one who escapes it makes something else of both. */
const LEADS = [
  '',
  '\\',
  '\\\\',
  '\u00bf',
  '\u00a7',
  '\u00e9',
  '\u6d4b',
  '\u8a5e',
  '\ud83d\ude00',
  'a\u00bf\\',
  '\0',
  '\n',
  '\x1a',
];
const TAILS = [
  "' OR 1=1 -- ",
  "' OR 1=1 # ",
  '" OR 1=1 -- ',
  "' OR '1'='1",
  "\\' OR 1=1 -- ",
  "') OR (1=1) -- ",
];
/** A parameter may be refused, in whatever words; but not for its grammar: then it had become SQL. */
const REFUSALS = [
  ...[
    'TENANTRY_QUERY_FAILED',
    'TENANTRY_INVALID_INPUT',
    'TENANTRY_INVALID_PARAMETER',
    'TENANTRY_NOT_SUPPORTED',
  ],
  'TENANTRY_INVALID_OPTION',
];

/**
 * Parameters with quotes and backslashes, after the session was told to read them in another way. They are answered
 * as what they are, or refused.
 *
 * @param {World} world
 * @param {Random} random
 */
export async function mirror(world, random) {
  const { dialect, pool, tenancy } = world;
  const name = random.pick(world.names);
  const odd = random.pick(dialect.oddities);
  const waits = random.chance(0.5);
  await attempt(
    world,
    random,
    { operation: `a parameter after ${odd}`, name },
    async (call) => {
      const session = await call.boundSession();
      const look = async (/** @type {Executor} */ executor) => {
        if (odd !== '') {
          const setting = executor.query(odd).catch(ignore);
          if (waits) await setting;
        }
        for (let count = random.integer(1, 3); count > 0; count--) {
          const value = random.pick(LEADS) + random.pick(TAILS);
          const { sql, request } = dialect.mirror(call.mark());
          await executor.query(sql, [value]).then(
            (rows) => {
              if (rows.length > 0) {
                world.journal.find(`${name}: ${JSON.stringify(value)} became SQL after ${odd} (${request})`);
              }
            },
            (error) => {
              const { errorKind, message } = describe(error);
              if (errorKind === 'syntax') {
                world.journal.find(
                  `${name}: ${JSON.stringify(value)} became SQL after ${odd}: ${message} (${request})`,
                );
              }
              throw error;
            },
          );
        }
      };
      const draw = random.next();
      if (draw < 0.4) await session.transaction(look);
      else if (!pool.waits || draw < 0.5) await look(session);
      else await tenancy.run(name, () => pool.lend(random, name, look));
    },
    { limits: new Limits(), expects: REFUSALS },
  );
}

function ignore() {}

// npm run bench -- routing|poll|noisy|peers [--quick] [--engine sqlite|mysql|postgres] [--only ID]
//
// Starts private servers, measures, prints a table for people and, as its last line, JSON. Exit 0 if everything
// that was asked for could be measured, whatever came of it.

import { constants } from 'node:os';
import { parseArgs } from 'node:util';
import { openServerGroup } from '../test/servers/group.mjs';
import { ensureInstalled } from '../test/servers/start.mjs';
import { openFleets } from './fleets/fleets.mjs';
import { describeMachine } from './lib/machine.mjs';

const USAGE =
  'Usage: npm run bench -- routing|poll|noisy|peers [--quick] [--engine sqlite|mysql|postgres] [--only ID]';
const ENGINES = ['mysql', 'postgres', 'sqlite'];
const BENCHES = {
  routing: './routing/routing.mjs',
  poll: './poll/poll.mjs',
  noisy: './noisy/noisy.mjs',
  peers: './peers/peers.mjs',
};

const { bench, quick, engine, only } = readArguments();
const group = await openServerGroup();
stopOnSignals();
const log = (/** @type {string} */ message) => console.error(`[${clock()}] ${message}`);
try {
  const engines = engine ? [engine] : ENGINES;
  await ensureInstalled(engines);
  const { run } = await import(BENCHES[bench]);
  const context = {
    ...{ group, quick, log, fleets: openFleets(group, log) },
    rounds: quick ? 3 : 5,
    seconds: quick ? 1 : 3,
  };
  const { measured, ...result } = await run(context, { engines, only });
  console.log(JSON.stringify({ bench, machine: describeMachine(), quick, ...result }, shortNumber));
  process.exitCode = measured ? 0 : 1;
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await group.close();
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      options: {
        quick: { type: 'boolean', default: false },
        engine: { type: 'string' },
        only: { type: 'string' },
        help: { type: 'boolean' },
      },
      allowPositionals: true,
    });
    const [bench = '', ...others] = positionals;
    if (values.help) exitWith(0, USAGE);
    if (!Object.hasOwn(BENCHES, bench) || others.length > 0) exitWith(2, USAGE);
    if (values.engine !== undefined && !ENGINES.includes(values.engine)) {
      exitWith(2, `There is no engine ${JSON.stringify(values.engine)}.\n${USAGE}`);
    }
    return { bench, ...values };
  } catch (error) {
    return exitWith(2, `${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  }
}

/** @returns {never} */
function exitWith(code, message) {
  console.error(message);
  process.exit(code);
}

/** Four digits are more than any of these numbers is worth. */
function shortNumber(_key, value) {
  return typeof value === 'number' ? Number(value.toPrecision(4)) : value;
}

function clock() {
  return `${process.uptime().toFixed(0).padStart(3)} s`;
}

function stopOnSignals() {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, () => {
      void group.close().then(() => process.exit(128 + constants.signals[signal]));
    });
  }
}

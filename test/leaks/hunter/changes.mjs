import { setTimeout as sleep } from 'node:timers/promises';
import { placeOf, rowKeyOf } from '../places.mjs';
import { attempt, describe } from './call.mjs';
import { now } from './journal.mjs';
import { Limits } from './limits.mjs';
import { readBound } from './reads.mjs';

/** @typedef {import('../contracts/notes.js').Change} Change */
/** @typedef {import('../contracts/prey.js').TenantState} TenantState */
/** @typedef {import('../random.mjs').Random} Random */
/** @typedef {import('./world.mjs').World} World */

/** The part of a process's tenants that it changes at the same time. */
const CHANGING_AT_ONCE = 0.2;
/** Milliseconds between two looks at a change: at first and once it is acknowledged, and while it takes long. */
const LOOK_MS = { quick: [1, 5], slow: [10, 50] };
/** Looks before a change is found to take long. */
const QUICK_LOOKS = 40;
/** Tenants that are asked for beside one that changes. */
const OTHERS_LOOKED_AT = 6;

let count = 0;
/** One at a time: it holds a connection and needs another one, and there may be no more than two. */
let inUse = false;

/**
 * Suspends, resumes, deletes or creates one of this process's tenants.
 *
 * @param {World} world
 * @param {Random} random
 */
export async function changeTenant(world, random) {
  const free = world.owned.filter((name) => !world.changing.get(name));
  // Changes are slow: without a bound most callers would be at one.
  if (world.owned.length - free.length >= Math.max(1, world.owned.length * CHANGING_AT_ONCE)) {
    return readBound(world, random);
  }
  const stopped = free.filter((name) => world.prey(name).state.status !== 'active');
  // Most of the time nearly all of them shall be there.
  const name = stopped.length > 0 && random.chance(0.7) ? random.pick(stopped) : random.pick(free);
  if (name === undefined) return;
  world.changing.set(name, true);
  try {
    if (!inUse && random.chance(0.4)) await changeInUse(world, random, name);
    else await changeOnce(world, random, name);
  } finally {
    world.changing.set(name, false);
  }
}

/**
 * A change, and mostly another one that makes the tenant active again.
 *
 * @param {World} world
 * @param {Random} random
 * @param {string} name
 */
async function changeOnce(world, random, name) {
  do {
    const changing = change(world, name, choose(world.prey(name), random));
    await Promise.all([changing, watchOver(world, random, name, changing)]);
  } while (world.prey(name).state.status !== 'active' && random.chance(0.8));
}

/**
 * Asks for a tenant while it changes, and a moment longer, without waiting for answers: they are on their way when
 * the change is acknowledged. Asks for others as well, which drives it out of a small cache, so that it is looked
 * up again and again.
 *
 * @param {World} world
 * @param {Random} random
 * @param {string} name
 * @param {Promise<unknown>} changing
 */
export async function watchOver(world, random, name, changing) {
  let isOver = false;
  void changing.then(() => {
    isOver = true;
  });
  /** @type {Promise<unknown>[]} */
  const looks = [];
  for (let left = random.integer(4, 12); left > 0; left -= isOver ? 1 : 0) {
    looks.push(look(world, random, name));
    if (random.chance(0.4)) {
      for (let others = OTHERS_LOOKED_AT; others > 0; others--) {
        looks.push(look(world, random, random.pick(world.names)));
      }
    }
    const [min = 0, max = 0] = isOver || looks.length < QUICK_LOOKS ? LOOK_MS.quick : LOOK_MS.slow;
    await sleep(random.integer(min, max));
  }
  await Promise.all(looks);
}

/**
 * @param {World} world
 * @param {Random} random
 * @param {string} name
 */
export function look(world, random, name) {
  return attempt(world, random, { operation: 'a look at a change', name }, async (call) => {
    const session = await call.boundSession();
    if (random.chance(0.1)) await call.ask(session, call.dialect.read(call.mark()));
  });
}

/**
 * A change while a connection of the tenant is in use; it comes back after its epoch is over.
 *
 * @param {World} world
 * @param {Random} random
 * @param {string} name
 */
async function changeInUse(world, random, name) {
  inUse = true;
  const limits = new Limits();
  const readLater = async () => {
    await attempt(world, random, { operation: 'a read after a change', name }, async (call) => {
      await call.ask(await call.boundSession(), call.dialect.read(call.mark()));
    });
  };
  /** @type {Promise<void>[]} */
  const waiting = [];
  await attempt(
    world,
    random,
    { operation: 'a transaction across a change', name },
    async (call) => {
      const session = await call.boundSession();
      // One that writes would keep SQLite from writing the identity.
      await session.transaction(
        async (transaction) => {
          await call.ask(transaction, call.dialect.read(call.mark()));
          await changeOnce(world, random, name);
          // They wait for a connection, and this one, of the epoch that is over, comes back first.
          waiting.push(readLater(), readLater());
        },
        { readOnly: true },
      );
    },
    { limits },
  );
  inUse = false;
  await Promise.all([...waiting, readLater()]);
}

/**
 * @param {import('../contracts/prey.js').Prey} prey
 * @param {Random} random
 * @returns {Change['what']}
 */
function choose({ phoenix, state }, random) {
  switch (state.status) {
    case 'active':
      return phoenix && random.chance(0.6) ? 'delete' : 'suspend';
    case 'suspended':
      return phoenix && random.chance(0.3) ? 'delete' : 'resume';
    default:
      return 'create';
  }
}

/**
 * @param {World} world
 * @param {string} name
 * @param {Change['what']} what
 */
async function change(world, name, what) {
  const number = `${world.process}-${++count}`;
  /** @type {Change} */
  const record = { name, what, beganAt: now() };
  world.journal.add({ kind: 'began', number, change: record });
  // Others hear of it before it begins: an error that it explains may come at once.
  world.journal.flush();
  try {
    const state = await perform(world, name, what);
    world.learn(name, state);
    world.journal.add({ kind: 'ended', number, change: { ...record, endedAt: now(), state } });
  } catch (error) {
    const { code, errorKind, message } = describe(error);
    const { server } = world.prey(name);
    world.journal.add({
      ...{
        kind: 'failure',
        operation: what,
        name,
        requests: [],
        process: world.process,
        far: server === 'far',
        code,
        errorKind,
      },
      ...{
        message,
        fault: undefined,
        expects: [],
        startedAt: record.beganAt,
        endedAt: now(),
        floor: world.floor,
      },
    });
    // Where it stands is in the catalog; the hunt takes either for possible until the next change.
    world.learn(name, await present(world, name));
    world.journal.add({ kind: 'ended', number, change: { ...record, endedAt: now() } });
  }
}

/**
 * @param {World} world
 * @param {string} name
 * @param {Change['what']} what
 * @returns {Promise<TenantState>}
 */
async function perform(world, name, what) {
  const { tenants } = world.tenancy;
  if (what !== 'create') return stateOf(await tenants[what](name));
  const rowKey = world.isolation === 'row' ? rowKeyOf(name, world.nextGeneration(name)) : undefined;
  return stateOf(await tenants.create({ name, server: 'main', rowKey }));
}

/**
 * @param {World} world
 * @param {string} name
 * @returns {Promise<TenantState>}
 */
async function present({ tenancy }, name) {
  try {
    return stateOf(await tenancy.tenants.get(name));
  } catch {
    return { id: '', epoch: 0, status: 'absent', place: '', revision: 0 };
  }
}

/**
 * @param {import('../../../packages/tenantry/src/index.js').Tenant} tenant
 * @returns {TenantState}
 */
export function stateOf({ id, epoch, status, placement, revision }) {
  return {
    id,
    epoch,
    status: status === 'creating' ? 'absent' : status,
    place: placeOf(placement),
    revision,
  };
}

import { loadDialect } from './dialects/index.mjs';
import { DICE, numberOf } from './dialects/marks.mjs';
import { stateOf } from './hunter/changes.mjs';
import { placeOf, rowKeyOf } from './places.mjs';

/** @typedef {import('./contracts/field.js').Field} Field */
/** @typedef {import('./contracts/field.js').Forgery} Forgery */
/** @typedef {import('./contracts/hunt.js').HuntOptions} HuntOptions */
/** @typedef {import('./contracts/prey.js').Prey} Prey */

/** A suspended tenant whose database is another's, another catalog's, or says nothing of itself. */
const HOSTAGES = /** @type {const} */ (['kidnapped', 'copied', 'emptied']);

/** The incarnation of a catalog that is a copy of this one, with the same ids in it. */
const COPY = '00000000-0000-4000-8000-000000000000';

/** The unspoilt library. */
export const LIBRARY = new URL('../../packages/tenantry/dist/', import.meta.url).href;

/** A tenant whose database lies about itself, and how. */
const IMPOSTORS = /** @type {const} */ (['stolen', 'foreign', 'older', 'newer', 'blank']);

/**
 * A catalog of its own with tenants in it: their server's URL, and the database that they share, where they share one.
 *
 * @typedef {{ catalog: string, url: string, home: string | undefined, prey: readonly Prey[], impostors: readonly string[], hostages: readonly import('./contracts/field.js').Hostage[], places: readonly string[], dice: import('./contracts/hunt.js').HunterConfig['dice'] }} Reserve
 */

/**
 * Makes a catalog and its tenants, through the library as it is.
 *
 * @param {Field} field
 * @param {HuntOptions} options
 * @param {string} prefix of every name, so that several hunts can share a server
 * @returns {Promise<Reserve>}
 */
export async function stock(field, options, prefix) {
  /** @type {typeof import('../../packages/tenantry/src/index.js')} */
  const { createTenancy } = await import(`${LIBRARY}index.js`);
  const { script } = await loadDialect(options);
  const catalogDatabase = `${prefix}General`;
  const catalog = field.catalog(catalogDatabase);
  // Some names have capitals, so that a cache that folds case confuses them with nobody at first sight.
  const names = Array.from(
    { length: options.tenants },
    (_, index) => `${prefix}${index % 4 === 3 ? 'Tenant' : 'tenant'}${index}`,
  );
  const impostors = IMPOSTORS.map((kind) => `${prefix}${kind}`);
  const strangers = [...impostors, ...HOSTAGES.map((kind) => `${prefix}${kind}`)];
  const home = field.openHome && `${prefix}Home`;
  const url =
    home === undefined ? field.url : ((await field.openHome?.(home, [...names, ...strangers])) ?? '');
  const { isolation } = options;
  const server = { url, isolation, maxConnections: 4 };
  const keyOf = (/** @type {string} */ name) => (isolation === 'row' ? rowKeyOf(name, 0) : undefined);
  const servers = field.hasNetwork ? { main: server, far: server } : { main: server };
  const tenancy = await createTenancy({ catalog, servers, setup: true, provision: { script } });
  try {
    /** @type {Prey[]} */
    const prey = [];
    for (const [index, name] of names.entries()) {
      const far = field.hasNetwork && index % 3 === 0;
      const created = await tenancy.tenants.create({
        name,
        server: far ? 'far' : 'main',
        rowKey: keyOf(name),
      });
      prey.push({
        ...{ name, server: far ? 'far' : 'main', owner: (index >> 1) % options.processes },
        ...{ phoenix: !far && index % 2 === 1, state: stateOf(created) },
      });
    }
    const victim = prey[0]?.state.id ?? '';
    /** @type {Forgery} */
    const stolen = { column: 'tenant_id', value: victim };
    /** @type {Forgery} */
    const foreign = { column: 'incarnation', value: COPY };
    /** @type {Readonly<Record<typeof IMPOSTORS[number] | typeof HOSTAGES[number], Forgery>>} */
    const forgeries = {
      ...{ stolen, foreign, kidnapped: stolen, copied: foreign },
      older: { column: 'epoch', value: '0' },
      newer: { column: 'epoch', value: '99' },
      ...{ blank: 'gone', emptied: 'gone' },
    };
    for (const kind of IMPOSTORS) {
      const name = `${prefix}${kind}`;
      const { placement } = await tenancy.tenants.create({ name, server: 'main', rowKey: keyOf(name) });
      await field.forge(placeOf(placement), forgeries[kind]);
    }
    /** @type {import('./contracts/field.js').Hostage[]} */
    const hostages = [];
    for (const kind of HOSTAGES) {
      const name = `${prefix}${kind}`;
      const { placement } = await tenancy.tenants.create({ name, server: 'main', rowKey: keyOf(name) });
      const place = placeOf(placement);
      await tenancy.tenants.suspend(name);
      await field.forge(place, forgeries[kind]);
      hostages.push({ name, place, owner: await field.owner(place) });
    }
    await field.prepare(names);
    const places = [
      catalogDatabase,
      ...(home === undefined
        ? [...prey.map(({ state }) => state.place), ...impostors, ...hostages.map(({ place }) => place)]
        : [home]),
    ];
    const numbers = names.map(numberOf);
    const seeds = Object.values(DICE.seeds).flatMap((first) => numbers.map((number) => first + number));
    const dice = (await field.dice?.(seeds)) ?? [];
    return { catalog, url, home, prey, impostors, hostages, places, dice };
  } finally {
    await tenancy.close();
  }
}

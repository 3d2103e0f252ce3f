import { loadDialect } from './dialects/index.mjs';
import { stateOf } from './hunter/changes.mjs';
import { placeOf, rowKeyOf } from './places.mjs';

/** @typedef {import('./contracts.js').Field} Field */
/** @typedef {import('./contracts.js').Forgery} Forgery */
/** @typedef {import('./contracts.js').HuntOptions} HuntOptions */
/** @typedef {import('./contracts.js').Prey} Prey */

/** The unspoilt library. */
export const LIBRARY = new URL('../../packages/tenantry/dist/', import.meta.url).href;

/** A tenant whose database lies about itself, and how. */
const IMPOSTORS = /** @type {const} */ (['stolen', 'older', 'newer', 'blank']);

/**
 * A catalog of its own with tenants in it: their server's URL, and the database that they share, where they share one.
 *
 * @typedef {{ catalog: string, url: string, home: string | undefined, prey: readonly Prey[], impostors: readonly string[], places: readonly string[] }} Reserve
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
  const home = field.openHome && `${prefix}Home`;
  const url =
    home === undefined ? field.url : ((await field.openHome?.(home, [...names, ...impostors])) ?? '');
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
    /** @type {Readonly<Record<typeof IMPOSTORS[number], Forgery>>} */
    const forgeries = {
      stolen: { tenantId: victim },
      older: { epoch: 0 },
      newer: { epoch: 99 },
      blank: 'gone',
    };
    for (const kind of IMPOSTORS) {
      const name = `${prefix}${kind}`;
      const { placement } = await tenancy.tenants.create({ name, server: 'main', rowKey: keyOf(name) });
      await field.forge(placeOf(placement), forgeries[kind]);
    }
    await field.prepare(names);
    const places = [
      catalogDatabase,
      ...(home === undefined ? [...prey.map(({ state }) => state.place), ...impostors] : [home]),
    ];
    return { catalog, url, home, prey, impostors, places };
  } finally {
    await tenancy.close();
  }
}

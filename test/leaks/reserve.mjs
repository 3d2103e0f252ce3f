import { loadDialect } from './dialects/index.mjs';
import { stateOf } from './hunter/changes.mjs';

/** @typedef {import('./contracts.js').Field} Field */
/** @typedef {import('./contracts.js').Forgery} Forgery */
/** @typedef {import('./contracts.js').HuntOptions} HuntOptions */
/** @typedef {import('./contracts.js').Prey} Prey */

/** The unspoilt library. */
export const LIBRARY = new URL('../../packages/tenantry/dist/', import.meta.url).href;

/** A tenant whose database lies about itself, and how. */
const IMPOSTORS = /** @type {const} */ (['stolen', 'older', 'newer', 'blank']);

/** A catalog of its own with tenants in it. */
/** @typedef {{ catalog: string, catalogDatabase: string, prey: readonly Prey[], impostors: readonly string[], places: readonly string[] }} Reserve */

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
  const { script } = await loadDialect(options.engine);
  const catalogDatabase = `${prefix}General`;
  const catalog = field.catalog(catalogDatabase);
  const server = { url: field.url, maxConnections: 4 };
  const servers = field.hasNetwork ? { main: server, far: server } : { main: server };
  const tenancy = await createTenancy({ catalog, servers, setup: true, provision: { script } });
  try {
    /** @type {Prey[]} */
    const prey = [];
    for (let index = 0; index < options.tenants; index++) {
      // Some names have capitals, so that a cache that folds case confuses them with nobody at first sight.
      const name = `${prefix}${index % 4 === 3 ? 'Tenant' : 'tenant'}${index}`;
      const far = field.hasNetwork && index % 3 === 0;
      const created = await tenancy.tenants.create({ name, server: far ? 'far' : 'main' });
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
    const impostors = IMPOSTORS.map((kind) => `${prefix}${kind}`);
    for (const kind of IMPOSTORS) {
      const { placement } = await tenancy.tenants.create({ name: `${prefix}${kind}`, server: 'main' });
      await field.forge(placement.database, forgeries[kind]);
    }
    await field.prepare(prey.map(({ name }) => name));
    const places = [catalogDatabase, ...prey.map(({ state }) => state.place), ...impostors];
    return { catalog, catalogDatabase, prey, impostors, places };
  } finally {
    await tenancy.close();
  }
}

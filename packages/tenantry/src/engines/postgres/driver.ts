import type { ClientConfig } from 'pg';
import { LazyPackage } from '../../engine/lazy-package.js';
import { DriverMissingError, InvalidOptionError, OutOfResourcesError } from '../../errors.js';
import { withSavedKeys } from './scram.js';
import { withSealedParsers } from './sealed-parsers.js';

type Pg = typeof import('pg');

/** What tenantry uses of the module `pg`. */
export interface Driver {
  readonly Client: Pg['Client'];
  readonly Connection: Pg['Connection'];
}

/** A client of the driver. */
export type Client = InstanceType<Pg['Client']>;

/** Settings of a session, as the start-up message carries them. */
export type Settings = Readonly<Record<string, string>>;

/** What the server gave the client at start-up, with which a statement can be cancelled. */
export interface BackendKey {
  readonly processID: number | null;
  readonly secretKey: number | null;
}

const pg = new LazyPackage<Driver>('pg', () => import('pg'));

/**
 * Loads pg, an optional peer: who has no PostgreSQL server needs no PostgreSQL driver.
 *
 * @throws DriverMissingError (`TENANTRY_DRIVER_MISSING`), OutOfResourcesError (`TENANTRY_OUT_OF_RESOURCES`)
 */
export async function loadDriver(load: () => Promise<Driver> = () => pg.load()): Promise<Driver> {
  if (process.env.NODE_PG_FORCE_NATIVE) {
    throw new InvalidOptionError(
      'NODE_PG_FORCE_NATIVE is set, and tenantry needs the JavaScript client of pg.',
      {
        hint: 'Unset NODE_PG_FORCE_NATIVE; the native client does not say whether a connection is clean.',
      },
    );
  }
  try {
    const { Client, Connection } = await load();
    return { Client: ownClient(Client), Connection };
  } catch (cause) {
    if (cause instanceof OutOfResourcesError) throw cause;
    throw new DriverMissingError('PostgreSQL needs the package pg, which could not be loaded.', {
      hint: 'Install it: npm install pg',
      cause,
    });
  }
}

/** Made once for each of the driver's: to V8 every further class is another shape of client. */
const ownClients = new WeakMap<Pg['Client'], Pg['Client']>();

function ownClient(Client: Pg['Client']): Pg['Client'] {
  const own = ownClients.get(Client) ?? withSavedKeys(withSealedParsers(withOwnStartup(Client)));
  ownClients.set(Client, own);
  return own;
}

/** What a client is told beyond the driver's own options. */
interface StartupConfig {
  /** Settings with which its session begins. */
  readonly settings?: Settings | undefined;
}

/**
 * The start-up message says who, which database and which settings, and nothing else: the driver would add what it
 * finds in PGOPTIONS, PGREPLICATION and the like.
 */
function withOwnStartup(Client: Pg['Client']): Pg['Client'] {
  return class extends Client {
    readonly #settings: Settings | undefined;

    constructor(config?: ClientConfig & StartupConfig) {
      super(config);
      this.#settings = config?.settings;
    }

    getStartupConf(): Record<string, string | undefined> {
      const { user, database } = this;
      return { user, database, application_name: 'tenantry', ...this.#settings };
    }
  };
}

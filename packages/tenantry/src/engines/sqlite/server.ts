import type { ServerAddress } from '../../engine/address.js';
import type { EngineConnection } from '../../engine/connection.js';
import type { Engine, EngineServer, OpenOptions } from '../../engine/engine.js';
import type { Provisioning } from '../../engine/provisioning.js';
import { InvalidOptionError } from '../../errors.js';
import { openFile, openFileNow } from './open.js';
import type { SqliteOptions } from './options.js';
import { SqliteProvisioning } from './provisioning.js';
import type { ScriptConnection } from './script-connection.js';
import { openInWorker } from './worker/open.js';

/** A folder of database files. */
export class SqliteServer implements EngineServer {
  readonly engine: Engine;
  readonly address: ServerAddress;
  readonly #options: SqliteOptions;

  constructor(engine: Engine, address: ServerAddress, options: SqliteOptions) {
    this.engine = engine;
    this.address = address;
    this.#options = options;
  }

  async open(database: string, options: OpenOptions): Promise<ScriptConnection> {
    if (options.credentials !== undefined) {
      throw new InvalidOptionError('Credentials were given for a tenant on SQLite, which has no users.', {
        hint: 'Return undefined from the option "credentials" for tenants of this server.',
      });
    }
    const { worker } = this.#options;
    if (worker === undefined) return openFile(this.#options, database, options);
    return openInWorker(worker, this.#options, database, options);
  }

  openNow(database: string): EngineConnection {
    return openFileNow(this.#options, database);
  }

  async provisioning(): Promise<Provisioning> {
    return new SqliteProvisioning(
      this.#options.folder,
      // A worker takes longer to start than these statements to run.
      (name, options) => openFile(this.#options, name, options),
      (name, options) => this.open(name, options),
    );
  }
}

import type { ServerAddress } from '../../engine/address.js';
import type { Engine, EngineServer, OpenOptions } from '../../engine/engine.js';
import type { Provisioning } from '../../engine/provisioning.js';
import type { SqliteConnection } from './connection.js';
import { openFile } from './open.js';
import type { SqliteOptions } from './options.js';

/** A folder of database files, opened in this process. */
export class SqliteServer implements EngineServer {
  readonly engine: Engine;
  readonly address: ServerAddress;
  readonly #options: SqliteOptions;

  constructor(engine: Engine, address: ServerAddress, options: SqliteOptions) {
    this.engine = engine;
    this.address = address;
    this.#options = options;
  }

  open(database: string, options: OpenOptions): Promise<SqliteConnection> {
    return openFile(this.#options, database, options);
  }

  async provisioning(): Promise<Provisioning> {
    const { SqliteProvisioning } = await import('./provisioning.js');
    return new SqliteProvisioning(this.#options.folder, (name, options) => this.open(name, options));
  }
}

import { addressAs, type ServerAddress } from '../../engine/address.js';
import type { EngineConnection } from '../../engine/connection.js';
import type { Engine, EngineServer, OpenOptions } from '../../engine/engine.js';
import type { Provisioning } from '../../engine/provisioning.js';
import { MysqlConnection } from './connection.js';
import { waitFor } from './deadline.js';
import { createClient, loadDriver } from './driver.js';
import { openingFailed } from './errors.js';
import { assertIdentifier } from './identifiers.js';
import { connectionOptions } from './options.js';
import { MysqlProvisioning } from './provisioning.js';

/** A MySQL or MariaDB server. */
export class MysqlServer implements EngineServer {
  constructor(
    readonly engine: Engine,
    readonly address: ServerAddress,
  ) {
    // The result holds the password, so it is made anew for each connection; this only checks it.
    connectionOptions(address);
  }

  async open(database: string, options: OpenOptions): Promise<EngineConnection> {
    assertIdentifier(database);
    return this.#connect(database, options);
  }

  async provisioning(): Promise<Provisioning> {
    return new MysqlProvisioning((database, options) => this.#connect(database, options));
  }

  /** Opens a connection to a database, or to none. */
  async #connect(database: string | undefined, options: OpenOptions): Promise<MysqlConnection> {
    options.signal?.throwIfAborted();
    const driver = await loadDriver();
    options.signal?.throwIfAborted();
    const { credentials } = options;
    const client = createClient(driver, {
      ...connectionOptions(addressAs(this.address, credentials)),
      ...(database === undefined ? {} : { database }),
    });
    const connection = new MysqlConnection(driver, client, database ?? '', (id, timeoutMs) =>
      // By the same user, because another may not kill what it runs.
      this.#killStatement(id, { timeoutMs, credentials }),
    );
    try {
      await waitFor(connection.establish(), options);
      return connection;
    } catch (error) {
      connection.destroy();
      throw openingFailed(error);
    }
  }

  async #killStatement(connectionId: number, options: OpenOptions): Promise<void> {
    const killer = await this.#connect(undefined, options);
    try {
      await waitFor(killer.query(`KILL QUERY ${connectionId}`), options);
    } finally {
      await killer.close();
    }
  }
}

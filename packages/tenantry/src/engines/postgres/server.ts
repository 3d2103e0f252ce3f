import type { ServerAddress } from '../../engine/address.js';
import type {
  Engine,
  EngineServer,
  NotificationListener,
  OpenOptions,
  Subscription,
} from '../../engine/engine.js';
import type { Provisioning } from '../../engine/provisioning.js';
import { requestCancel } from './cancel.js';
import { connectClient } from './client.js';
import { PostgresConnection } from './connection.js';
import { loadDriver } from './driver.js';
import { connectionOptions } from './options.js';

/** A PostgreSQL server. */
export class PostgresServer implements EngineServer {
  constructor(
    readonly engine: Engine,
    readonly address: ServerAddress,
  ) {
    // The result can give the password, so it is made anew for each connection; this only checks it.
    connectionOptions(address);
  }

  async open(database: string, options: OpenOptions): Promise<PostgresConnection> {
    const driver = await loadDriver();
    const client = await connectClient(driver, this.address, database, options);
    return new PostgresConnection(client, database, (timeoutMs) =>
      requestCancel(driver, this.address, client, timeoutMs),
    );
  }

  async provisioning(): Promise<Provisioning> {
    const { PostgresProvisioning } = await import('./provisioning.js');
    return new PostgresProvisioning((database, options) => this.open(database, options));
  }

  async listen(database: string, channel: string, listener: NotificationListener): Promise<Subscription> {
    const { listen } = await import('./listen.js');
    return listen(this.address, database, channel, listener);
  }
}

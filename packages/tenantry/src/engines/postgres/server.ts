import { addressAs, type ServerAddress } from '../../engine/address.js';
import type {
  Engine,
  EngineServer,
  NotificationListener,
  OpenOptions,
  Subscription,
} from '../../engine/engine.js';
import type { Provisioning } from '../../engine/provisioning.js';
import { type Admission, admit } from './admission.js';
import { NewsOfDatabases } from './admission-watch.js';
import { requestCancel } from './cancel.js';
import { connectClient, type Ready } from './client.js';
import { PostgresConnection } from './connection.js';
import { loadDriver } from './driver.js';
import { listen } from './listen.js';
import { connectionOptions } from './options.js';
import { proveSession } from './pooler.js';
import { PostgresProvisioning } from './provisioning.js';

/** A PostgreSQL server. */
export class PostgresServer implements EngineServer {
  readonly #news = new NewsOfDatabases();

  constructor(
    readonly engine: Engine,
    readonly address: ServerAddress,
  ) {
    // The result can give the password, so it is made anew for each connection; this only checks it.
    connectionOptions(address);
  }

  async open(database: string, options: OpenOptions): Promise<PostgresConnection> {
    const driver = await loadDriver();
    const { part, credentials, ours = false } = options;
    const address = addressAs(this.address, credentials);
    const connect = (timeoutMs: number, ready?: Ready) =>
      connectClient(driver, address, database, { ...options, timeoutMs }, ready);
    let admission: Admission | undefined;
    const client = await connect(
      options.timeoutMs,
      part &&
        (async (session) => {
          admission = await admit(session, part);
          if (admission.isPooled) await proveSession(session, () => connect(options.timeoutMs / 2));
        }),
    );
    const connection = new PostgresConnection(client, database, (timeoutMs) =>
      requestCancel(driver, this.address, client, timeoutMs),
    );
    if (ours) connection.readOwnValues();
    if (part !== undefined && admission !== undefined)
      connection.enter(part, admission, this.#news.of(database));
    return connection;
  }

  async provisioning(): Promise<Provisioning> {
    return new PostgresProvisioning((database, options) => this.open(database, { ...options, ours: true }));
  }

  async listen(database: string, channel: string, listener: NotificationListener): Promise<Subscription> {
    return listen(this.address, database, channel, listener);
  }
}

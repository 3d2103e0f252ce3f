import { AsyncResource } from 'node:async_hooks';
import type { ServerAddress } from '../../engine/address.js';
import type { OpenOptions } from '../../engine/engine.js';
import type { Client, Driver } from './driver.js';
import { connectFailure } from './errors.js';
import { assertIdentifier } from './identifiers.js';
import { connectionOptions } from './options.js';
import { assertSettings, isNotPassedOn } from './parsing-settings.js';

/** A connection outlives the request that opens it: what it emits by itself belongs to no tenant's context. */
const ownContext = new AsyncResource('tenantry.connection');

/** Where a pooler stands that takes no settings with the start-up message. */
const bare = new WeakSet<ServerAddress>();

/** What is done with a client before it counts as connected, within the time for that. */
export type Ready = (client: Client) => Promise<void>;

/**
 * Connects a client to one database, and makes it ready. When it rejects, the socket is closed: with the signal's reason,
 * the server's own answer, or `ConnectFailedError`.
 */
export async function connectClient(
  driver: Driver,
  address: ServerAddress,
  database: string,
  options: OpenOptions,
  ready: Ready = () => Promise.resolve(),
): Promise<Client> {
  assertIdentifier(database);
  const config = { ...connectionOptions(address), database };
  const startedAt = performance.now();
  if (!bare.has(address)) {
    try {
      return await connect(new driver.Client(config), options, ready);
    } catch (error) {
      if (!isNotPassedOn(error)) throw error;
      bare.add(address);
    }
  }
  const { settings, ...others } = config;
  const timeoutMs = options.timeoutMs - (performance.now() - startedAt);
  return connect(new driver.Client(others), { ...options, timeoutMs }, async (client) => {
    await assertSettings(client, settings);
    await ready(client);
  });
}

async function connect(client: Client, { timeoutMs, signal }: OpenOptions, ready: Ready): Promise<Client> {
  signal?.throwIfAborted();
  // An error event that nobody listens to would end the process.
  client.on('error', () => {});
  let gaveUp: { readonly reason: unknown } | undefined;
  const giveUp = (reason: unknown) => {
    gaveUp ??= { reason };
    client.connection.stream.destroy();
  };
  const onAbort = () => giveUp(signal?.reason);
  const timer = setTimeout(
    () => giveUp(connectFailure(new Error(`The server did not answer within ${timeoutMs} ms.`))),
    timeoutMs,
  );
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    await ownContext.runInAsyncScope(() => client.connect());
    forgetPassword(client);
    await ready(client);
    if (gaveUp === undefined) return client;
  } catch (error) {
    gaveUp ??= { reason: connectFailure(error) };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
  await closed(client);
  throw gaveUp.reason;
}

/** A connected client signs in nowhere any more, and whoever prints it must not print how it did. */
function forgetPassword(client: Client): void {
  for (const holder of [client, Reflect.get(client, 'connectionParameters') as object]) {
    Reflect.set(holder, 'password', null);
  }
}

/** Closes a client's socket at once and waits until it is. */
function closed(client: Client): Promise<void> {
  const { stream } = client.connection;
  return new Promise((resolve) => {
    if (stream.closed) return resolve();
    stream.once('close', resolve);
    stream.destroy();
  });
}

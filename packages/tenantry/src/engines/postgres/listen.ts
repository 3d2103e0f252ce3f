import type { ServerAddress } from '../../engine/address.js';
import type { NotificationListener, Subscription } from '../../engine/engine.js';
import { connectClient } from './client.js';
import { type Client, loadDriver } from './driver.js';
import { endOf } from './errors.js';
import { quoteIdentifier } from './identifiers.js';

const CONNECT_MS = 10_000;
const GOODBYE_MS = 1000;

/**
 * Listens to a channel on a client of its own. TCP keepalive notices a server that went away without
 * a word; until then messages may be missed, so nobody should rely on them alone.
 */
export async function listen(
  address: ServerAddress,
  database: string,
  channel: string,
  listener: NotificationListener,
): Promise<Subscription> {
  const statement = `LISTEN ${quoteIdentifier(channel)}`;
  const startedAt = performance.now();
  const client = await connectClient(await loadDriver(), address, database, { timeoutMs: CONNECT_MS });
  const { stream } = client.connection;
  const ended = new Promise<void>((resolve) => client.once('end', resolve));
  const timer = setTimeout(() => stream.destroy(), CONNECT_MS - (performance.now() - startedAt));
  client.on('notification', (message) => {
    if (message.channel === channel) listener.onMessage(message.payload ?? '');
  });
  try {
    await client.query(statement);
  } catch (error) {
    stream.destroy();
    await ended;
    throw error;
  } finally {
    clearTimeout(timer);
  }
  return subscription(client, ended, listener);
}

function subscription(client: Client, ended: Promise<void>, listener: NotificationListener): Subscription {
  let isOver = false;
  const lose = (error: Error) => {
    if (isOver) return;
    isOver = true;
    client.connection.stream.destroy();
    listener.onLost(endOf(error));
  };
  client.on('error', lose);
  client.on('end', () => lose(new Error('The server closed the connection that listened.')));
  return {
    async close() {
      isOver = true;
      const timer = setTimeout(() => client.connection.stream.destroy(), GOODBYE_MS);
      void client.end();
      await ended;
      clearTimeout(timer);
    },
  };
}

import { isIP, type Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { ServerAddress } from '../../engine/address.js';
import type { BackendKey, Client, Driver } from './driver.js';
import { connectionOptions } from './options.js';

/** Parts of the driver's connection that its types leave out. */
interface CancelConnection {
  connect(portOrPath: number | string, host?: string): void;
  requestSsl(): void;
  cancel(processID: number, secretKey: number): void;
}

/**
 * Asks the server to cancel what a client's backend is running, on a socket of its own. Resolves when
 * the server has closed that socket, which it does after it has passed the request on, or when the
 * time is over; never rejects.
 */
export async function requestCancel(
  driver: Driver,
  address: ServerAddress,
  client: Client,
  timeoutMs: number,
): Promise<void> {
  const { processID, secretKey } = client as Client & BackendKey;
  if (processID === null || secretKey === null) return;
  const { host, port, ssl } = connectionOptions(address);
  // A name may lead to several servers; the request must reach the one that runs the statement.
  const { remoteAddress } = client.connection.stream as Socket;
  const connection = new driver.Connection({ ssl: ssl && { ...ssl, ...nameFor(host) } });
  const { stream } = connection;
  const dial = connection as typeof connection & CancelConnection;
  const ended = new Promise<void>((resolve) => dial.once('end', () => resolve()));
  const timer = setTimeout(() => stream.destroy(), timeoutMs);
  const send = () => dial.cancel(processID, secretKey);
  // What fails here ends the socket, and the statement's own connection is destroyed in any case.
  dial.on('error', () => stream.destroy());
  dial.on('connect', () => (ssl ? dial.requestSsl() : send()));
  dial.on('sslconnect', send);
  if (address.socketPath === undefined) dial.connect(port, remoteAddress ?? host);
  else dial.connect(`${address.socketPath}/.s.PGSQL.${port}`);
  await ended;
  clearTimeout(timer);
}

/** The certificate is checked for the name in the address, though an IP address is dialled. */
function nameFor(host: string): ConnectionOptions {
  return isIP(host) === 0 ? { host, servername: host } : { host };
}

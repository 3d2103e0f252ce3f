import type { ConnectionOptions } from 'mysql2';
import type { ServerAddress } from '../../engine/address.js';
import { assertKnownParameters } from '../../engine/parameters.js';
import { InvalidOptionError } from '../../errors.js';
import { quoteForMessage } from '../../tenant/name.js';

/** Dates are sent and read as UTC, and each session's `time_zone` is UTC to match. */
export const TIME_ZONE = 'Z';

const SSL_MODES: ReadonlyMap<string, ConnectionOptions['ssl']> = new Map([
  ['false', undefined],
  ['true', { rejectUnauthorized: true, verifyIdentity: true }],
  ['no-verify', { rejectUnauthorized: false }],
]);

/**
 * The driver's options for a server, built from the address's parts. URL parameters:
 *
 * - `ssl`: `false` (default), `true` (encrypted, the certificate must be valid and name the host) or
 *   `no-verify` (encrypted, any certificate). A private certificate authority goes into `NODE_EXTRA_CA_CERTS`.
 *
 * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) for parameters and values that are not known.
 */
export function connectionOptions(address: ServerAddress): ConnectionOptions {
  assertKnownParameters(address, ['ssl']);
  const ssl = sslOption(address.parameters.get('ssl') ?? 'false');
  return {
    ...(address.socketPath === undefined
      ? { host: address.host ?? 'localhost', port: address.port ?? 3306 }
      : { socketPath: address.socketPath }),
    ...(address.user === undefined ? {} : { user: address.user }),
    ...(address.password === undefined ? {} : { password: address.password.reveal() }),
    ...(ssl === undefined ? {} : { ssl }),
    charset: 'utf8mb4_unicode_ci',
    timezone: TIME_ZONE,
    // Integers beyond 2^53 arrive as strings, all others as numbers.
    supportBigNumbers: true,
    multipleStatements: false,
    // A server may answer any statement with a request for a local file. It gets none. The other flag would
    // put IGNORE_SPACE into the session's sql_mode, but only until the session is reset.
    flags: ['-LOCAL_FILES', '-IGNORE_SPACE'],
    infileStreamFactory: refuseLocalFile,
    // Whoever opens a connection has a deadline of its own.
    connectTimeout: 0,
    connectAttributes: { program_name: 'tenantry' },
  };
}

function sslOption(value: string): ConnectionOptions['ssl'] {
  if (SSL_MODES.has(value)) return SSL_MODES.get(value);
  throw new InvalidOptionError(`The mysql URL has ssl=${quoteForMessage(value)}.`, {
    hint: `Known are: ${[...SSL_MODES.keys()].join(', ')}.`,
  });
}

function refuseLocalFile(): never {
  throw new Error('The server asked for a local file (LOAD DATA LOCAL INFILE), which is refused.');
}

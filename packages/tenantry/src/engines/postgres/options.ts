import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { ClientConfig } from 'pg';
import type { ServerAddress } from '../../engine/address.js';
import { assertKnownParameters } from '../../engine/parameters.js';
import { InvalidOptionError, ServerRefusedError } from '../../errors.js';
import { quoteForMessage } from '../../tenant/name.js';
import type { Settings } from './driver.js';
import { parsingSettings } from './parsing-settings.js';

const KEEP_ALIVE_DELAY_MS = 10_000;

/** What the driver is told about a server. */
export interface ServerOptions extends ClientConfig {
  readonly host: string;
  readonly port: number;
  readonly ssl: false | TlsOptions;
  /** With which sessions begin. */
  readonly settings: Settings;
}

const VERIFIED: TlsOptions = {};
const SSL_MODES: ReadonlyMap<string, false | TlsOptions> = new Map<string, false | TlsOptions>([
  ['disable', false],
  ['require', VERIFIED],
  ['verify-ca', VERIFIED],
  ['verify-full', VERIFIED],
  ['no-verify', { rejectUnauthorized: false }],
]);

/**
 * The driver's options for a server, built from the address's parts; every one is named, because the
 * driver fills in what is missing from PGHOST, PGUSER, PGPASSWORD, PGSSLMODE and so on. The user is
 * `postgres` where the address names none. URL parameters:
 *
 * - `sslmode`: `disable` (default), `verify-full` (encrypted, the certificate must be valid and name
 *   the host; `require` and `verify-ca` mean the same here) or `no-verify` (encrypted, any certificate).
 *   A private certificate authority goes into `NODE_EXTRA_CA_CERTS`.
 * - `settings`: `pinned` (default: what the driver takes for given where it reads dates, intervals, floats and bytes
 *   holds, whatever the database or the role has set) or `server` (what they have set holds).
 * - `timezone`: the sessions' time zone; default what the server, the database or the role has.
 *
 * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`) for parameters and values that are not known.
 */
export function connectionOptions(address: ServerAddress): ServerOptions {
  assertKnownParameters(address, ['sslmode', 'settings', 'timezone']);
  const { socketPath, password, user = 'postgres' } = address;
  const ssl = sslOption(address.parameters.get('sslmode') ?? 'disable');
  if (socketPath !== undefined && !socketPath.startsWith('/')) {
    throw new InvalidOptionError('The socketPath of a postgres URL is not absolute.', {
      hint: "Name the socket's directory, for example ?socketPath=/run/postgresql.",
    });
  }
  if (socketPath !== undefined && ssl !== false) {
    throw new InvalidOptionError('The postgres URL has both socketPath and sslmode.', {
      hint: 'PostgreSQL does not encrypt unix sockets; remove one of them.',
    });
  }
  if (/\0/.test(user + (socketPath ?? ''))) {
    throw new InvalidOptionError('The postgres URL has a NUL in it.', { hint: 'Remove %00.' });
  }
  return {
    host: socketPath ?? address.host ?? 'localhost',
    port: address.port ?? 5432,
    user,
    // As a function: undefined would send the driver to PGPASSWORD and ~/.pgpass.
    password: () => password?.reveal() ?? passwordMissing(),
    ssl,
    settings: parsingSettings(address),
    sslnegotiation: 'postgres',
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
    // Whoever opens a connection has a deadline of its own.
    connectionTimeoutMillis: 0,
  };
}

function sslOption(value: string): false | TlsOptions {
  const option = SSL_MODES.get(value);
  if (option !== undefined) return option;
  throw new InvalidOptionError(`The postgres URL has sslmode=${quoteForMessage(value)}.`, {
    // `prefer` and `allow` would go on in clear text where somebody in between wants it.
    hint: `Known are: ${[...SSL_MODES.keys()].join(', ')}.`,
  });
}

function passwordMissing(): never {
  throw new ServerRefusedError('The PostgreSQL server asks for a password, and its URL has none.', {
    kind: 'access-denied',
    hint: 'Write postgres://user:password@host.',
  });
}

import type { EngineName } from '../../packages/tenantry/src/engine/capabilities.js';
import { openServerGroup } from '../servers/group.mjs';
import { startMariadb } from '../servers/mariadb.mjs';
import { startPostgres } from '../servers/postgres.mjs';

/** A server that one test file has for itself: to be stopped, killed, misconfigured, or filled with fixed names. */
export interface OwnServer extends AsyncDisposable {
  readonly url: string;
  readonly tcpUrl: string;
  readonly logFile: string;
  /** Of the process, to be stopped (SIGSTOP) or killed. */
  readonly pid: number;
  close(): Promise<void>;
}

/** Starts a private MariaDB or PostgreSQL; it also ends when the test process does. Takes about a second. */
export async function startOwnServer(
  engine: Exclude<EngineName, 'sqlite'>,
  options: OwnServerOptions = {},
): Promise<OwnServer> {
  const group = await openServerGroup();
  const close = () => group.close();
  try {
    const server =
      engine === 'mysql'
        ? await startMariadb(group, { settings: mariadbSettings(options.settings) })
        : await startPostgres(group, options);
    return { ...server, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** How the server is configured. */
export interface OwnServerOptions {
  /** The server's own settings, for example `{ max_connections: 5 }`. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

function mariadbSettings(settings: Readonly<Record<string, string | number>> = {}): readonly string[] {
  return Object.entries(settings).map(([name, value]) => `--${name.replaceAll('_', '-')}=${value}`);
}

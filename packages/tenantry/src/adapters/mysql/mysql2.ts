import mysql2, { type ConnectionOptions, type PoolConnection } from 'mysql2';

/** A command of mysql2: what `query` returns at once. */
export interface Command extends NodeJS.EventEmitter {
  namedPlaceholders?: unknown;
  stream?(options?: unknown): unknown;
  onResult?: Callback | undefined;
}

/** How mysql2 calls back. */
export type Callback = (error: unknown, ...results: unknown[]) => void;

/** What this room overrides of mysql2's pool; its overloads are given back where it is handed out. */
export interface PoolBase extends NodeJS.EventEmitter {
  readonly config: { readonly connectionConfig: ConnectionOptions };
  _closed: boolean;
  getConnection(callback: (error: unknown, connection?: PoolConnection) => void): void;
}

/** What mysql2 exports beyond its types. */
interface Internals {
  readonly Pool: new (options: { readonly config: PoolBase['config'] }) => PoolBase;
  readonly Connection: { createQuery(...args: unknown[]): Command };
}

/** mysql2's own pool, without its connections. */
export const { Pool: PoolBase } = mysql2 as unknown as Internals;

/** The configuration that mysql2 makes of options. */
export function poolConfig(options: ConnectionOptions): PoolBase['config'] {
  // Such a pool holds nothing until it is asked for a connection.
  return (mysql2.createPool(options) as unknown as PoolBase).config;
}

/** The command of a call of `query`. */
export function createCommand(config: PoolBase['config'], args: readonly unknown[]): Command {
  const [sql, values, callback] = args;
  const { createQuery } = (mysql2 as unknown as Internals).Connection;
  const command = createQuery(sql, values, callback, config.connectionConfig);
  command.namedPlaceholders ??= config.connectionConfig.namedPlaceholders;
  return command;
}

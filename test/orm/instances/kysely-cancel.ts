import { once } from 'node:events';
import mysql2, { type ConnectionOptions, type PoolConnection } from 'mysql2';
import pg from 'pg';
import type { mysqlPool } from 'tenantry/mysql';

// Kysely cancels statements since 0.29, which needs Node 22. What stands here does what 0.29.9 does with a driver's pool, in
// `PostgresDriver`, `MysqlDriver` and `QueryExecutorBase.executeQuery`.

/** One call of `executeQuery`. */
export interface CancellableQuery {
  readonly sql: string;
  readonly signal: AbortSignal;
  /** Kysely's `inflightQueryAbortStrategy`. */
  readonly strategy: 'cancel query' | 'kill session';
  /** Whether the host gave the dialect a way to connect for cancelling: `controlClient` or `controlConnection`. */
  readonly hasControl: boolean;
  /** Told of what Kysely prints only: what fails after the call was aborted. */
  readonly background: (error: unknown) => void;
}

/** `PostgresDialect({ pool, controlClient? })` */
export async function executeOnPostgres(pool: pg.Pool, query: CancellableQuery): Promise<void> {
  const client = (await pool.connect()) as pg.PoolClient & { readonly processID: number };
  const Client = query.hasControl ? pg.Client : (Reflect.get(pool, 'Client') as typeof pg.Client | undefined);
  const { options } = pool;
  const action = query.strategy === 'cancel query' ? 'cancel' : 'terminate';
  const kill = `select pg_${action}_backend(${client.processID})`;
  const control = async () => {
    if (Client === undefined) {
      const other = await pool.connect();
      await other.query(kill, []).finally(() => other.release(false));
      return;
    }
    const other = new Client({ ...options, password: 'password' in options ? options.password : undefined });
    await other.connect().then(() => other.query(kill, []));
    await other.end();
  };
  await orAbort(query, client.query(query.sql, []), control, () => client.release(false));
}

/** `MysqlDialect({ pool, controlConnection? })` */
export async function executeOnMysql(
  pool: ReturnType<typeof mysqlPool>,
  query: CancellableQuery,
): Promise<void> {
  const take = () =>
    new Promise<PoolConnection>((resolve, reject) => {
      pool.getConnection((error, connection) => (error ? reject(error) : resolve(connection)));
    });
  const run = (connection: Pick<PoolConnection, 'query'>, sql: string) =>
    new Promise<void>((resolve, reject) => {
      connection.query(sql, [], (error) => (error ? reject(error) : resolve()));
    });
  const client = await take();
  const kill = `kill ${query.strategy === 'cancel query' ? 'query' : 'connection'} ${client.threadId}`;
  const control = async () => {
    if (query.strategy === 'kill session') client.destroy();
    const { config } = client;
    if (!query.hasControl || !config) {
      const other = await take();
      await run(other, kill).finally(() => other.release());
      return;
    }
    const other = mysql2.createConnection({ ...config } as ConnectionOptions);
    await once(other, 'connect').then(() => run(other, kill));
    other.destroy();
  };
  await orAbort(query, run(client, query.sql), control, () => client.release());
}

/** The client is kept until the statement and the cancelling have both come to an end. */
async function orAbort(
  { signal, background }: CancellableQuery,
  statement: Promise<unknown>,
  control: () => Promise<void>,
  release: () => void,
): Promise<void> {
  const isAborted = once(signal, 'abort').then(() => true);
  const outcome = await Promise.race([statement.then(() => false), isAborted]);
  if (!outcome) return release();
  void Promise.allSettled([statement.catch(background), control().catch(background)]).finally(release);
  throw signal.reason;
}

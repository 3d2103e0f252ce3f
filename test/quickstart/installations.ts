import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { parseAddress } from '../../packages/tenantry/src/engine/address.js';
import { sqlite } from '../../packages/tenantry/src/engines/sqlite/index.js';
import { administrate } from '../helpers/administrator.js';
import type { EngineUnderTest } from '../helpers/engines.js';
import { runDirectory } from '../helpers/environment.js';
import { type OwnServer, startOwnServer } from '../helpers/own-server.js';

/** A place of its own for an installation with fixed names: General, TenantA, TenantB. */
export interface Installation {
  readonly url: string;
  readonly server: OwnServer | undefined;
  /** Runs statements in one of the databases, past everything that is being tested. */
  run(database: string, sql: string): Promise<void>;
}

/** Opens one before a suite's tests and removes it after them. */
export function useInstallation(
  engine: EngineUnderTest,
  settings: Readonly<Record<string, string | number>> = {},
): () => Installation {
  let installation: Installation | undefined;
  let remove = async (): Promise<void> => {};
  beforeAll(async () => {
    if (engine.name === 'sqlite') {
      const folder = await mkdtemp(join(runDirectory(), 'installation-'));
      const driver = /\((.*)\)/.exec(engine.label)?.[1] ?? 'libsql';
      const url = `sqlite:${encodeURI(folder)}?driver=${driver}`;
      remove = () => rm(folder, { recursive: true, force: true });
      installation = { url, server: undefined, run: (database, sql) => runOnFile(url, database, sql) };
      return;
    }
    const server = await startOwnServer(engine.name, { settings });
    remove = () => server.close();
    installation = {
      url: server.url,
      server,
      run: (database, sql) => runOnServer(server.url, database, sql),
    };
  });
  afterAll(() => remove());
  return () => {
    if (installation === undefined) throw new Error('The installation is there only while tests run.');
    return installation;
  };
}

async function runOnFile(url: string, database: string, sql: string): Promise<void> {
  const provisioning = await sqlite.server(parseAddress(url)).provisioning();
  await provisioning.runScript(database, sql);
}

async function runOnServer(url: string, database: string, sql: string): Promise<void> {
  const { mysql } = await import('../../packages/tenantry/src/engines/mysql/index.js');
  const { postgres } = await import('../../packages/tenantry/src/engines/postgres/index.js');
  const address = parseAddress(url);
  const engine = address.engine === 'mysql' ? mysql : postgres;
  const provisioning = await engine.server(address).provisioning();
  await provisioning.runScript(database, sql);
}

/** How many sessions a server has, the asking one and its own background workers left out. */
export async function countSessions(server: OwnServer): Promise<number> {
  await using administrator = await administrate(server.url);
  const sql = server.url.startsWith('mysql')
    ? "SELECT count(*) AS n FROM information_schema.processlist WHERE id <> connection_id() AND user <> 'system user' AND command <> 'Daemon'"
    : "SELECT count(*) AS n FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
  const [row] = await administrator.query(sql);
  return Number(row?.n);
}

/** Ends every session of a server but the asking one, and waits until they are gone. */
export async function killSessions(server: OwnServer): Promise<void> {
  await using administrator = await administrate(server.url);
  if (server.url.startsWith('mysql')) {
    const rows = await administrator.query(
      "SELECT id FROM information_schema.processlist WHERE id <> connection_id() AND user <> 'system user' AND command <> 'Daemon'",
    );
    for (const { id } of rows) await administrator.query(`KILL ${Number(id)}`).catch(() => {});
  } else {
    await administrator.query(
      "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
    );
  }
}

import { randomBytes } from 'node:crypto';
import { parseAddress } from '../../../src/engine/address.js';
import type { EngineServer } from '../../../src/engine/engine.js';
import type { DatabasePart } from '../../../src/engine/place.js';
import type { PostgresConnection } from '../../../src/engines/postgres/connection.js';
import { postgres, rowPolicies } from '../../../src/engines/postgres/index.js';
import type { TestServer } from './test-server.js';

/** A database that two tenants, `a` and `b`, share. */
export interface SharedDatabase {
  readonly isolation: DatabasePart['isolation'];
  /** The server, as the user that serves tenants: it owns no table and may bypass nothing. */
  readonly server: EngineServer;
  readonly url: string;
  readonly database: string;
  part(name: string): DatabasePart;
  open(name: string): Promise<PostgresConnection>;
  /** Runs a script as the owner. */
  owner(script: string): Promise<void>;
}

/** Makes a table `users` with one row for each of both tenants: `{ name: 'user of a' }`. */
export async function shareDatabase(
  test: TestServer,
  isolation: DatabasePart['isolation'],
): Promise<SharedDatabase> {
  const user = `app_${randomBytes(6).toString('hex')}`;
  await test.admin(`CREATE ROLE ${user} LOGIN PASSWORD 'app'`);
  const url = new URL(test.tcpUrl);
  url.username = user;
  url.password = 'app';
  const server = postgres.server(parseAddress(url.href));
  const { database } = test;
  const owner = async (script: string) => (await test.open(database)).runScript(script);
  await owner(isolation === 'schema' ? schemas(user) : rows(user));
  const part = (name: string): DatabasePart =>
    isolation === 'schema' ? { isolation, schema: `of_${name}` } : { isolation, key: name };
  const open = async (name: string) => {
    const options = { timeoutMs: 10_000, part: part(name) };
    return (await server.open(database, options)) as PostgresConnection;
  };
  return { isolation, server, url: url.href, database, part, open, owner };
}

function schemas(user: string): string {
  return ['a', 'b']
    .map(
      (name) => `
        CREATE SCHEMA of_${name};
        GRANT USAGE, CREATE ON SCHEMA of_${name} TO ${user};
        CREATE TABLE of_${name}.users (id serial PRIMARY KEY, name text);
        INSERT INTO of_${name}.users (name) VALUES ('user of ${name}');
        GRANT ALL ON of_${name}.users TO ${user};
        GRANT ALL ON of_${name}.users_id_seq TO ${user};`,
    )
    .join('');
}

function rows(user: string): string {
  return `
    CREATE TABLE users (id serial PRIMARY KEY, tenant text NOT NULL DEFAULT current_setting('tenantry.tenant', true), name text);
    INSERT INTO users (tenant, name) VALUES ('a', 'user of a'), ('b', 'user of b');
    GRANT SELECT, INSERT, UPDATE, DELETE ON users TO ${user};
    GRANT ALL ON users_id_seq TO ${user};
    GRANT CREATE ON SCHEMA public TO ${user};
    ${rowPolicies('users', 'tenant')}`;
}

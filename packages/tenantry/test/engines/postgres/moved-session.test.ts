import { beforeAll, describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import type { PostgresConnection } from '../../../src/engines/postgres/connection.js';
import { rowPolicies } from '../../../src/engines/postgres/index.js';
import { type SharedDatabase, shareDatabase } from './parts.js';
import { useServer } from './test-server.js';

/** What a session shows of itself that a borrower could have left there. */
const SHOWN = `SELECT
  (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS locks,
  (SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema()) AS temporary,
  (SELECT count(*) FROM pg_prepared_statements WHERE NOT starts_with(name, 'tenantry_')) AS prepared,
  (SELECT count(*) FROM pg_cursors WHERE is_holdable) AS cursors,
  (SELECT count(*) FROM pg_listening_channels()) AS channels,
  NULLIF(current_setting('app.secret', true), '') AS custom,
  session_user::text, current_user::text AS "current user"`;

const CHANGEABLE = `SELECT name, setting, vartype, min_val, max_val, enumvals FROM pg_settings
  WHERE context = 'user' AND name NOT LIKE 'transaction%' AND name NOT LIKE '%timeout' AND name <> 'exit_on_error'`;

/** By these a tenant leaves something, and their text does not show it. */
const HIDDEN: readonly string[] = [
  'SELECT * FROM leaves_by_view',
  'UPDATE leaves_by_trigger SET id = id',
  'SELECT 1 === 1 AS a',
  "SELECT version('x'::text)",
  'SELECT u.leaving FROM users AS u',
  'DO $$ BEGIN PERFORM leaving(); END $$',
];

/** Whose effects are many, and called by views, triggers, operators and names of the system's own functions. */
const leaves = (schema: string, user: string, policies: string) => `
  SET search_path TO ${schema};
  CREATE FUNCTION leaving() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
    PERFORM pg_advisory_lock(77), set_config('app.secret', 'a', false);
    CREATE TEMP TABLE IF NOT EXISTS remains (id int);
    IF NOT EXISTS (SELECT FROM pg_prepared_statements WHERE name = 'kept') THEN
      EXECUTE 'PREPARE kept AS SELECT 1';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_cursors WHERE name = 'held') THEN
      EXECUTE 'DECLARE held CURSOR WITH HOLD FOR SELECT 1';
    END IF;
    EXECUTE 'LISTEN told';
    RETURN 1;
  END $$;
  CREATE FUNCTION leaving_by_trigger() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN PERFORM leaving(); RETURN NULL; END $$;
  CREATE TABLE leaves_by_trigger (id int, tenant text DEFAULT current_setting('tenantry.tenant', true));
  CREATE TRIGGER leaves AFTER UPDATE ON leaves_by_trigger EXECUTE FUNCTION leaving_by_trigger();
  CREATE VIEW leaves_by_view WITH (security_invoker = true) AS SELECT leaving() AS a;
  CREATE FUNCTION leaving_by_operator(int, int) RETURNS int LANGUAGE sql AS 'SELECT leaving()';
  CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = leaving_by_operator);
  CREATE FUNCTION version(text) RETURNS int LANGUAGE sql AS 'SELECT leaving()';
  CREATE FUNCTION leaving(users) RETURNS int LANGUAGE sql AS 'SELECT leaving()';
  GRANT SELECT, UPDATE ON leaves_by_trigger, leaves_by_view TO ${user};
  ${policies}`;

onEngine('postgres', () => {
  const test = useServer();

  async function shown(connection: PostgresConnection): Promise<unknown> {
    return (await connection.query(SHOWN)).rows[0];
  }

  describe.each(['schema', 'row'] as const)('a session that is moved from one %s to another', (isolation) => {
    let shared: SharedDatabase;
    beforeAll(async () => {
      shared = await shareDatabase(test, isolation);
      const user = new URL(shared.url).username;
      await shared.owner(
        isolation === 'schema'
          ? leaves('of_a', user, '')
          : leaves('public', user, rowPolicies('leaves_by_trigger', 'tenant')),
      );
    });

    function move(connection: PostgresConnection, name: string): void {
      connection.rebind(shared.database, { part: shared.part(name) });
    }

    it.each(HIDDEN)('has nothing left of what no text showed: %s', async (sql) => {
      const [connection, fresh] = [await shared.open('a'), await shared.open('b')];
      const { rows } = await connection.query('SELECT pg_backend_pid() AS pid');
      await connection.query(sql);
      // Asked from outside: to look would itself be seen as touching the session.
      const locks = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = ${Number(rows[0]?.pid)}`;
      expect(await test.admin(locks)).toHaveLength(1);
      move(connection, 'b');
      expect(await shown(connection)).toEqual(await shown(fresh));
      await connection.close();
      await fresh.close();
    });

    it.each([
      'SET seed TO 0.5',
      "SELECT set_config('seed', '0.5', false)",
      'SELECT setseed(0.5)',
      'DO $$ BEGIN PERFORM setseed(0.5); END $$',
    ])('does not repeat what was random: %s', async (sql) => {
      const connection = await shared.open('a');
      const draws = async () => {
        const drawn = await connection.query('SELECT random() AS a, random() AS b');
        return JSON.stringify(drawn.rows);
      };
      await connection.query(sql);
      const drawn = await draws();
      const seen = new Set<string>();
      for (const name of ['b', 'a']) {
        await connection.query(sql);
        move(connection, name);
        seen.add(await draws());
      }
      expect(seen).not.toContain(drawn);
      expect(seen.size).toBe(2);
      await connection.close();
    });

    it('is not moved where the database has a memory that no reset takes away', async () => {
      await shared.owner('CREATE SCHEMA outside; CREATE EXTENSION dblink SCHEMA outside');
      const connection = await shared.open('a');
      expect(() => connection.rebind(shared.database, { part: shared.part('b') })).toThrow(/memory/);
      await connection.close();
      await shared.owner('DROP EXTENSION dblink; DROP SCHEMA outside');
    });

    it('is as a new one in every setting, and in what a session can be asked of', async () => {
      const connection = await shared.open('a');
      await connection.query("INSERT INTO users (name) VALUES ('another')");
      await changeEverything(connection);
      connection.rebind(shared.database, { part: shared.part('b') });
      const fresh = await shared.open('b');
      expect(await settings(connection)).toEqual(await settings(fresh));
      for (const sql of [
        'SELECT lastval()',
        "SELECT currval('users_id_seq')",
        'FETCH held',
        'EXECUTE kept',
      ]) {
        await expect(connection.query(sql), sql).rejects.toThrow(/not (?:yet )?defined|does not exist/);
      }
      await connection.close();
      await fresh.close();
    });
  });

  /** Gives each setting that anybody may change another value. */
  async function changeEverything(connection: PostgresConnection): Promise<void> {
    const { rows } = await connection.query(CHANGEABLE);
    let changed = 0;
    for (const row of rows) {
      const attempts = candidates(row);
      while (attempts.length > 0) {
        const set = connection.query('SELECT set_config($1, $2, false)', [
          String(row.name),
          String(attempts.shift()),
        ]);
        const isSet = await set.then(
          () => true,
          () => false,
        );
        if (!isSet) continue;
        changed++;
        break;
      }
    }
    expect(changed).toBeGreaterThan(100);
  }

  async function settings(connection: PostgresConnection): Promise<unknown> {
    const { rows } = await connection.query(
      'SELECT name, setting, source FROM pg_catalog.pg_settings ORDER BY name',
    );
    return rows;
  }
});

function candidates({ setting, vartype, min_val, max_val, enumvals }: Record<string, unknown>): string[] {
  if (vartype === 'bool') return [setting === 'on' ? 'off' : 'on'];
  if (vartype === 'enum') return (enumvals as string[]).filter((value) => value !== setting);
  if (vartype === 'string') return ['public', 'SQL_ASCII', 'UTC', 'C', 'iso, dmy', 'pg_catalog', 'heap'];
  return [String(Number(setting) + 1), String(min_val), String(max_val)].filter((value) => value !== setting);
}

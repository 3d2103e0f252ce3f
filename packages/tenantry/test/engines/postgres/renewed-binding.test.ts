import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import type { DatabasePart } from '../../../src/engine/place.js';
import type { PostgresConnection } from '../../../src/engines/postgres/connection.js';
import { rowPolicies } from '../../../src/engines/postgres/index.js';
import { type SharedDatabase, shareDatabase } from './parts.js';
import { useServer } from './test-server.js';

/** By these a session of `a` is bound to `b`, and their text does not show it. */
const HIDDEN: readonly (readonly string[])[] = [
  ['UPDATE astray SET id = id'],
  ['SELECT * FROM astray_by_view'],
  ["SELECT upper('x'::bytea)"],
  ['SELECT 1 + point(1, 1) AS a'],
  ['BEGIN', 'INSERT INTO astray_at_commit (id) VALUES (1)', 'COMMIT'],
];

const NAMES = 'SELECT name FROM users ORDER BY name';

onEngine('postgres', () => {
  const test = useServer();

  /** What the pool does between two leases of one tenant. */
  async function betweenLeases(connection: PostgresConnection): Promise<void> {
    expect(connection.isClean()).toBe(true);
    if (connection.isTouched()) await connection.reset();
    expect(connection.isTouched()).toBe(false);
  }

  describe.each(['schema', 'row'] as const)(
    'a session of one %s that was bound to another one',
    (isolation) => {
      let shared: SharedDatabase;
      let keeper: string;
      beforeAll(async () => {
        shared = await shareDatabase(test, isolation);
        keeper = `keeper_${randomBytes(6).toString('hex')}`;
        await shared.owner(leadsAstray(isolation, new URL(shared.url).username, keeper));
      });

      it.each(HIDDEN.map((texts) => [texts.join('; '), texts] as const))(
        'by %s is its own tenant’s again in the next lease',
        async (_, texts) => {
          const connection = await shared.open('a');
          await connection.query(NAMES);
          await betweenLeases(connection);
          for (const sql of texts) await connection.query(sql);
          expect((await connection.query(NAMES)).rows).toEqual([{ name: 'user of b' }]);
          await betweenLeases(connection);
          expect((await connection.query(NAMES)).rows).toEqual([{ name: 'user of a' }]);
          await connection.close();
        },
      );

      it('stays its own tenant’s where the first statement of the next lease fails', async () => {
        const connection = await shared.open('a');
        await connection.query('UPDATE astray SET id = id');
        await betweenLeases(connection);
        await expect(connection.query('SELECT 1 / 0')).rejects.toThrow();
        expect((await connection.query(NAMES)).rows).toEqual([{ name: 'user of a' }]);
        await connection.close();
      });

      it('is its user’s again who signed in, whatever role a view has assumed', async () => {
        const connection = await shared.open('a');
        await connection.query('SELECT * FROM assumes');
        expect((await connection.query('SELECT CURRENT_USER::text AS who')).rows).toEqual([{ who: keeper }]);
        await betweenLeases(connection);
        expect((await connection.query('SELECT CURRENT_USER::text AS who')).rows).toEqual([
          { who: new URL(shared.url).username },
        ]);
        await connection.close();
      });

      it('keeps what it prepared under a name', async () => {
        const connection = await shared.open('a');
        const lent = connection.lend();
        const client = lent.client as import('pg').Client;
        const named = { name: 'names', text: NAMES };
        await client.query(named);
        await betweenLeases(connection);
        await client.query(named);
        const prepared = "SELECT count(*)::int AS n FROM pg_prepared_statements WHERE name = 'names'";
        expect((await connection.query(prepared)).rows).toEqual([{ n: 1 }]);
        lent.revoke();
        await connection.close();
      });
    },
  );
});

/** Makes what binds a session to `b`: a trigger, a deferred one, a view, an operator, and a namesake of the system's function. */
function leadsAstray(isolation: DatabasePart['isolation'], user: string, keeper: string): string {
  const [schema, setting, value, policies] =
    isolation === 'schema'
      ? ['of_a', 'search_path', 'of_b', '']
      : [
          'public',
          'tenantry.tenant',
          'b',
          rowPolicies('astray', 'tenant') + rowPolicies('astray_at_commit', 'tenant'),
        ];
  const tenant = "tenant text DEFAULT current_setting('tenantry.tenant', true)";
  return `
    CREATE ROLE ${keeper};
    ALTER ROLE ${user} NOINHERIT;
    GRANT ${keeper} TO ${user};
    SET search_path TO ${schema};
    CREATE FUNCTION leads() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
      PERFORM set_config('${setting}', '${value}', false);
      RETURN 1;
    END $$;
    CREATE FUNCTION leads_by_trigger() RETURNS trigger LANGUAGE plpgsql
      AS $$ BEGIN PERFORM ${schema}.leads(); RETURN NULL; END $$;
    CREATE TABLE astray (id int, ${tenant});
    CREATE TRIGGER leads AFTER UPDATE ON astray EXECUTE FUNCTION leads_by_trigger();
    CREATE TABLE astray_at_commit (id int, ${tenant});
    CREATE CONSTRAINT TRIGGER leads AFTER INSERT ON astray_at_commit
      DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION leads_by_trigger();
    CREATE VIEW astray_by_view WITH (security_invoker = true) AS SELECT leads() AS a;
    CREATE FUNCTION plus(int, point) RETURNS int LANGUAGE sql AS 'SELECT ${schema}.leads()';
    CREATE OPERATOR + (LEFTARG = int, RIGHTARG = point, FUNCTION = plus);
    CREATE FUNCTION upper(bytea) RETURNS int LANGUAGE sql AS 'SELECT ${schema}.leads()';
    CREATE FUNCTION assuming() RETURNS text LANGUAGE sql AS $$ SELECT set_config('role', '${keeper}', false) $$;
    CREATE VIEW assumes WITH (security_invoker = true) AS SELECT assuming() AS a;
    GRANT SELECT, INSERT, UPDATE ON astray, astray_at_commit, astray_by_view, assumes TO ${user};
    ${policies}`;
}

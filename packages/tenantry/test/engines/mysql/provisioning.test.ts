import { describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { mysql } from '../../../src/engines/mysql/index.js';
import { InvalidInputError } from '../../../src/errors.js';
import { newId } from '../../../src/tenant/id.js';
import { failure, useServer } from './test-server.js';

onEngine('mysql', () => {
  describe('provisioning', () => {
    const test = useServer();
    const fresh = () => `${test.database}_${newId().slice(-6)}`;

    async function withDatabase(use: (name: string) => Promise<void>, name = fresh()): Promise<void> {
      await test.provisioning.createDatabase(name);
      try {
        await use(name);
      } finally {
        await test.provisioning.dropDatabase(name);
      }
    }

    it('makes a database that speaks utf8mb4, and drops it', async () => {
      const name = fresh();
      await withDatabase(async () => {
        const [row] = await test.admin(
          `SELECT DEFAULT_CHARACTER_SET_NAME AS charset FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = '${name}'`,
        );
        expect(row).toEqual({ charset: 'utf8mb4' });
        expect(await test.provisioning.databaseExists(name)).toBe(true);
        expect(await test.provisioning.databaseExists(name.toLowerCase())).toBe(false);
        expect(await test.provisioning.listDatabases()).toContain(name);
        const again = await failure(test.provisioning.createDatabase(name));
        expect(mysql.classifyError(again)).toBe('database-exists');
      }, name);
      expect(await test.provisioning.databaseExists(name)).toBe(false);
      await test.provisioning.dropDatabase(name);
    });

    it('takes any characters that a name may have', async () => {
      for (const odd of ["a'b", 'a`b', 'a%b', 'a_b', 'a\\b', 'a?b', 'a.b', '../b', 'a"\nb']) {
        const name = `${test.database}${odd}`;
        await withDatabase(async () => {
          expect(await test.provisioning.databaseExists(name)).toBe(true);
          const connection = await test.open(name);
          expect(await connection.currentDatabase()).toBe(name);
        }, name);
        expect(await test.provisioning.databaseExists(name)).toBe(false);
      }
    });

    it('never lists or empties the databases of the server itself', async () => {
      const names = await test.provisioning.listDatabases();
      for (const name of ['mysql', 'sys', 'information_schema', 'performance_schema'])
        expect(names).not.toContain(name);
    });

    it('drops a database with sessions and an open transaction in it', async () => {
      await withDatabase(async (name) => {
        const connection = await test.open(name);
        const ended = new Promise<Error>((resolve) => connection.onLost(resolve));
        await connection.query('CREATE TABLE a (id INT)');
        await connection.begin();
        await connection.query('SELECT * FROM a');
        await test.provisioning.dropDatabase(name);
        await ended;
        expect(await test.provisioning.databaseExists(name)).toBe(false);
      });
    });

    it('calls a database empty that holds only our own tables', async () => {
      await withDatabase(async (name) => {
        expect(await test.provisioning.isEmpty(name)).toBe(true);
        await test.provisioning.changeIdentity(name, undefined, {
          incarnation: 'here',
          fence: 1,
          tenantId: newId(),
          epoch: 1,
          state: 'creating',
        });
        expect(await test.provisioning.isEmpty(name)).toBe(true);
        await test.provisioning.runScript(name, 'CREATE TABLE tenantryless (id INT)');
        expect(await test.provisioning.isEmpty(name)).toBe(false);
      });
      expect(mysql.classifyError(await failure(test.provisioning.isEmpty(fresh())))).toBe('unknown-database');
    });

    it('writes and reads what a database is', async () => {
      await withDatabase(async (name) => {
        expect(await test.provisioning.readIdentity(name)).toBeUndefined();
        const identity = {
          incarnation: 'here',
          fence: 1,
          tenantId: newId(),
          epoch: 1,
          state: 'creating',
        } as const;
        await test.provisioning.changeIdentity(name, undefined, identity);
        await test.provisioning.changeIdentity(name, identity, { ...identity, epoch: 2, state: 'active' });
        expect(await test.provisioning.readIdentity(name)).toEqual({
          ...identity,
          epoch: 2,
          state: 'active',
        });
        const connection = await test.open(name);
        // Only the first row is read.
        await connection.query("INSERT INTO tenantry_identity VALUES (2, 'x', 'x', 1, 1, 'x', NOW())");
        expect(await connection.readIdentity()).toMatchObject({
          incarnation: 'here',
          fence: 1,
          tenantId: identity.tenantId,
          epoch: 2,
        });
        await connection.query('DELETE FROM tenantry_identity');
        expect(await connection.readIdentity()).toBeUndefined();
        expect(connection.isClean()).toBe(true);
      });
    });

    it('runs a script with procedures, strings and comments, and stops at its first error', async () => {
      await withDatabase(async (name) => {
        await test.provisioning.runScript(
          name,
          `-- the users; of a tenant
        CREATE TABLE users (id INT PRIMARY KEY, username VARCHAR(100) /* ; */);
        INSERT INTO users VALUES (1, 'a;b'), (2, 'what?'); /*!40101 SET @x = 1 */;
DELIMITER $$
CREATE PROCEDURE counted() BEGIN DECLARE n INT; SELECT COUNT(*) AS n FROM users; END$$
DELIMITER ;
        CALL counted();`,
        );
        const connection = await test.open(name);
        expect((await connection.query('CALL counted()')).rows).toEqual([{ n: 2 }]);
        const error = await failure(
          test.provisioning.runScript(name, 'CREATE TABLE b (id INT); SELEC 1; CREATE TABLE c (id INT);'),
        );
        expect(mysql.classifyError(error)).toBe('syntax');
        const { rows } = await connection.query('SHOW TABLES');
        expect(rows.map((row) => Object.values(row)[0])).toEqual(['b', 'users']);
      });
    });

    it('says so when a script would lose its last changes', async () => {
      await withDatabase(async (name) => {
        const script = 'CREATE TABLE a (id INT); START TRANSACTION; INSERT INTO a VALUES (1)';
        expect(await failure(test.provisioning.runScript(name, script))).toBeInstanceOf(InvalidInputError);
      });
    });

    it('stops at the server when it is told to', async () => {
      await withDatabase(async (name) => {
        const controller = new AbortController();
        const reason = new Error('enough');
        const stopped = failure(
          test.provisioning.runScript(name, 'SELECT SLEEP(60); CREATE TABLE a (id INT)', {
            signal: controller.signal,
          }),
        );
        const sessions = `SELECT ID FROM information_schema.PROCESSLIST WHERE DB = '${name}' AND INFO LIKE '%SLEEP%'`;
        while ((await test.admin(sessions)).length === 0);
        controller.abort(reason);
        expect(await stopped).toBe(reason);
        while ((await test.admin(sessions)).length > 0);
        expect(await test.provisioning.isEmpty(name)).toBe(true);
      });
    });
  });

  describe('a server that folds the names of databases', () => {
    const test = useServer({ lower_case_table_names: 1 });

    it('finds a database under the name that it was made with', async () => {
      const name = `${test.database}_Folded`;
      await test.provisioning.createDatabase(name);
      expect(await test.provisioning.databaseExists(name)).toBe(true);
      expect(await test.provisioning.listDatabases()).toContain(name.toLowerCase());
      const connection = await test.open(name);
      expect(await connection.currentDatabase()).toBe(name);
      const ended = new Promise<Error>((resolve) => connection.onLost(resolve));
      await test.provisioning.dropDatabase(name);
      await ended;
      expect(await test.provisioning.databaseExists(name)).toBe(false);
    });
  });
});

import { DataSource, type QueryRunner } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { nextTurn, onTypeorm, Users } from './typeorm-fixture.js';

onTypeorm((opened) => {
  describe('one DataSource for every tenant', () => {
    it('gives transactions of one tick a handle each, of one tenant and of two', async () => {
      const { tenancy, one, other, source, held } = await opened();
      const seen: [string, number, boolean][] = [];
      const work = (name: string, id: number, fails: boolean) =>
        tenancy.run(name, () =>
          source.transaction(async (manager) => {
            await manager.insert(Users, { id, username: `${id} of ${name}` });
            await nextTurn();
            const users = await manager.find(Users, { order: { id: 'ASC' } });
            expect(users[0]?.username).toBe(name);
            seen.push([name, users.length, manager.queryRunner?.isTransactionActive ?? false]);
            if (fails) throw new Error(`no ${id}`);
          }),
        );
      await Promise.all([
        work(one, 2, false),
        expect(work(other, 2, true)).rejects.toThrow('no 2'),
        expect(work(one, 3, true)).rejects.toThrow('no 3'),
        work(other, 3, false),
      ]);
      expect(seen).toHaveLength(4);
      expect(seen.every(([, , isActive]) => isActive)).toBe(true);
      const ids = (name: string) =>
        tenancy.run(name, () => source.manager.find(Users, { select: { id: true } }));
      expect(await ids(one)).toEqual([{ id: 1 }, { id: 2 }]);
      expect(await ids(other)).toEqual([{ id: 1 }, { id: 3 }]);
      expect(held()).toBe(0);
    });

    it('would be one transaction for all with the query runner that TypeORM brings', async () => {
      // What ambientTypeorm is for. If this fails, TypeORM has changed, and the cure may not be needed.
      const { tenancy, one, other } = await opened();
      const driver = class {
        pragma() {}
        close() {}
      };
      const source = new DataSource({ type: 'better-sqlite3', database: ':memory:', driver });
      await source.initialize();
      const runners = [one, other].map((name) => tenancy.run(name, async () => source.createQueryRunner()));
      const [ofOne, ofOther] = await Promise.all(runners);
      expect(ofOne).toBe(ofOther);
    });

    it('waits for the writer of the same tenant, for no other, and not on the event loop', async () => {
      const { tenancy, one, other, source, usersOf } = await opened();
      const add = (id: number) => source.getRepository(Users).insert({ id, username: 'x' });
      let isDone = false;
      let waiting: Promise<unknown> = Promise.resolve();
      await tenancy.run(one, () =>
        source.transaction(async (manager) => {
          await manager.insert(Users, { id: 2, username: 'x' });
          waiting = tenancy
            .run(one, () => add(3))
            .then(() => {
              isDone = true;
            });
          await tenancy.run(other, () => add(2), { switch: true });
          for (let turn = 0; turn < 20; turn++) await nextTurn();
          expect(isDone).toBe(false);
        }),
      );
      await waiting;
      expect(await usersOf(one)).toHaveLength(3);
    });

    it('says over a lock what SQLite says, when its time is up', async () => {
      const { tenancy, one, source, held } = await opened({}, { busyTimeoutMs: 1 });
      await tenancy.run(one, () =>
        source.transaction(async () => {
          const late = source.getRepository(Users).insert({ id: 2, username: 'x' });
          await expect(late).rejects.toMatchObject({ driverError: { code: 'SQLITE_BUSY' } });
        }),
      );
      expect(held()).toBe(0);
    });

    it('takes no isolation level but its own', async () => {
      const { tenancy, one, source, held } = await opened();
      await tenancy.run(one, async () => {
        expect(await source.transaction('SERIALIZABLE', (manager) => manager.count(Users))).toBe(1);
        const weaker = source.transaction('READ UNCOMMITTED', (manager) => manager.count(Users));
        await expect(weaker).rejects.toThrow('PRAGMA read_uncommitted is not allowed here');
      });
      expect(held()).toBe(0);
    });

    it('tells subscribers and binds booleans as TypeORM does', async () => {
      const { tenancy, one, source } = await opened();
      const heard: unknown[] = [];
      source.subscribers.push({
        afterQuery: ({ query, parameters, success }) => void heard.push({ query, parameters, success }),
      });
      expect(await tenancy.run(one, () => source.query('SELECT ? AS yes', [true]))).toEqual([{ yes: 1 }]);
      await expect(tenancy.run(one, () => source.query('SELECT nothing'))).rejects.toThrow('nothing');
      expect(heard).toEqual([
        { query: 'SELECT ? AS yes', parameters: [1], success: true },
        { query: 'SELECT nothing', parameters: [], success: false },
      ]);
    });

    it('is destroyed alone', async () => {
      const { tenancy, one, source, usersOf } = await opened();
      await source.destroy();
      const late = tenancy.run(one, () => source.query('SELECT 1'));
      await expect(late).rejects.toMatchObject({ driverError: { code: 'TENANTRY_CLOSED' } });
      expect(await usersOf(one)).toHaveLength(1);
    });
  });

  describe('a change of the schema', () => {
    it('keeps the rows that refer to a table which is built anew, and foreign keys for whoever comes next', async () => {
      const { tenancy, one, source, held } = await opened();
      await tenancy.run(one, async () => {
        // A table that is not among the entities, and a column that has TypeORM build the other one anew.
        await source.query(
          'CREATE TABLE notes (id INT, "userId" INT REFERENCES users (id) ON DELETE CASCADE)',
        );
        await source.query('INSERT INTO notes VALUES (1, 1)');
        await source.query('ALTER TABLE users ADD COLUMN unknown INT');
        await source.synchronize();
        await expect(source.query('SELECT unknown FROM users')).rejects.toThrow('no such column');
        expect(await source.query('SELECT id FROM notes')).toEqual([{ id: 1 }]);
        const orphan = source.query('INSERT INTO notes VALUES (2, 99)');
        await expect(orphan).rejects.toThrow('FOREIGN KEY');
      });
      expect(held()).toBe(0);
    });

    it('that fails leaves foreign keys kept for whoever comes next', async () => {
      const fails = class Fails1700000000000 {
        up = (runner: QueryRunner) => runner.query('INSERT INTO nowhere VALUES (1)');
        down = async () => {};
      };
      const { tenancy, one, source } = await opened({ migrations: [fails] });
      await tenancy.run(one, async () => {
        await expect(source.runMigrations()).rejects.toThrow('nowhere');
        expect(await source.query('PRAGMA foreign_keys')).toEqual([{ foreign_keys: 1 }]);
      });
    });

    it('never drops the identity of a tenant', async () => {
      const { tenancy, one, source, usersOf } = await opened();
      await expect(tenancy.run(one, () => source.dropDatabase())).rejects.toThrow(
        'may be read here, not set',
      );
      expect(await usersOf(one)).toHaveLength(1);
    });
  });
});

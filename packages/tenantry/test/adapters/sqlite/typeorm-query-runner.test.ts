import type { QueryRunner } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { nextTurn, type OneSource, onTypeorm, Posts, Users } from './typeorm-fixture.js';

onTypeorm((opened) => {
  describe('a query runner', () => {
    const insert = async (runner: QueryRunner, id: number) => {
      await runner.manager.insert(Users, { id, username: 'x' });
    };
    const USES: readonly [string, (setting: OneSource) => Promise<unknown>][] = [
      ['find', ({ source }) => source.manager.find(Users, { relations: { posts: true } })],
      ['findAndCount, one page', ({ source }) => source.manager.findAndCount(Users, { take: 1, skip: 0 })],
      [
        'find by queries',
        ({ source }) =>
          source.manager.find(Users, { relations: { posts: true }, relationLoadStrategy: 'query' }),
      ],
      [
        'count and exists',
        ({ source }) => Promise.all([source.manager.count(Users), source.manager.exists(Users)]),
      ],
      ['insert', ({ source }) => source.manager.insert(Users, { id: 2, username: 'x' })],
      ['upsert', ({ source }) => source.manager.upsert(Users, { id: 1, username: 'x' }, ['id'])],
      [
        'save with a cascade',
        ({ source }) => source.manager.save(Users, { id: 2, username: 'x', posts: [{ id: 1, title: 'y' }] }),
      ],
      ['save of nothing new', ({ source, one }) => source.manager.save(Users, { id: 1, username: one })],
      [
        'update and delete',
        async ({ source }) => {
          await source.manager.update(Users, { id: 1 }, { username: 'x' });
          await source.manager.delete(Users, { id: 1 });
        },
      ],
      ['clear', ({ source }) => source.manager.clear(Posts)],
      [
        'a query builder',
        ({ source }) =>
          source
            .createQueryBuilder(Users, 'user')
            .useTransaction(true)
            .where('user.id = :id', { id: 1 })
            .getMany(),
      ],
      ['a query', ({ source }) => source.query('SELECT * FROM users')],
      ['a transaction', ({ source }) => source.transaction((manager) => manager.find(Users))],
      [
        'a transaction that throws',
        ({ source }) =>
          expect(source.transaction(() => Promise.reject(new Error('no')))).rejects.toThrow('no'),
      ],
      [
        'a statement that fails',
        ({ source }) =>
          expect(source.manager.insert(Users, { id: 1, username: 'x' })).rejects.toThrow('UNIQUE'),
      ],
      [
        'a statement that is refused',
        ({ source }) => expect(source.query("ATTACH 'x' AS y")).rejects.toThrow('refused'),
      ],
      [
        'a stream',
        async ({ source, one }) => {
          const rows = [];
          for await (const row of await source.createQueryBuilder(Users, 'user').stream()) rows.push(row);
          expect(rows).toEqual([{ user_id: 1, user_username: one }]);
        },
      ],
      [
        'a stream that is left',
        async ({ source }) => {
          await source.manager.insert(Users, { id: 2, username: 'x' });
          for await (const _ of await source.createQueryBuilder(Users, 'user').stream()) break;
        },
      ],
      [
        'a stream in a transaction',
        async ({ source }) => {
          const builder = source.createQueryBuilder(Users, 'user').useTransaction(true);
          for await (const _ of await builder.stream());
        },
      ],
      [
        'a stream that fails',
        async ({ source }) => {
          const stream = await source.createQueryBuilder(Users, 'user').where('nothing = 1').stream();
          await expect(stream.toArray()).rejects.toThrow('nothing');
        },
      ],
      ['a runner that did nothing', async ({ source }) => source.createQueryRunner()],
      [
        'a runner that is disposed of',
        async ({ source }) => {
          await using runner = source.createQueryRunner();
          await runner.startTransaction();
          await insert(runner, 2);
        },
      ],
      [
        'a migration that fails',
        ({ source }) =>
          expect(source.runMigrations({ transaction: 'each' })).rejects.toThrow('no such table: nowhere'),
      ],
    ];
    const migrations = [
      class Fails1700000000000 {
        up = (runner: QueryRunner) => runner.query('INSERT INTO nowhere VALUES (1)');
        down = async () => {};
      },
    ];

    it.each(USES)('keeps no handle after %s', async (_name, use) => {
      const setting = await opened({ migrations });
      await setting.tenancy.run(setting.one, () => use(setting));
      // A stream that is left tells it in the next turn.
      await nextTurn();
      expect(setting.held()).toBe(0);
    });

    it('holds one handle of its tenant from its first use to its release', async () => {
      const { tenancy, one, other, source, held } = await opened();
      const runner = source.createQueryRunner();
      expect(held()).toBe(0);
      await tenancy.run(one, () => Promise.all([runner.query('SELECT 1'), runner.query('SELECT 2')]));
      expect(held()).toBe(1);
      // Its handle is the tenant's that used it first, as with a server's runners.
      const found = await tenancy.run(other, () => runner.manager.find(Users));
      expect(found).toEqual([{ id: 1, username: one }]);
      await runner.release();
      await runner.release();
      expect(held()).toBe(0);
      await expect(runner.query('SELECT 1')).rejects.toThrow('released');
      await expect(runner.connect()).rejects.toMatchObject({ code: 'TENANTRY_LEASE_ENDED' });
    });

    it('that is released in a transaction leaves nothing of it', async () => {
      const { tenancy, one, source, held, usersOf } = await opened();
      await tenancy.run(one, async () => {
        const runner = source.createQueryRunner();
        await runner.startTransaction();
        await insert(runner, 2);
        await runner.release();
      });
      expect(held()).toBe(0);
      expect(await usersOf(one)).toHaveLength(1);
    });

    it('that is released while a statement waits for a handle, or for a lock, runs it never', async () => {
      const { tenancy, one, source, held, usersOf } = await opened();
      await tenancy.run(one, async () => {
        const writer = source.createQueryRunner();
        await writer.startTransaction();
        const [early, late] = [source.createQueryRunner(), source.createQueryRunner()];
        const write = 'DELETE FROM users';
        const unheld = expect(early.connect()).rejects.toThrow('released');
        await early.release();
        await unheld;
        await late.connect();
        const waiting = expect(late.query(write)).rejects.toThrow('was not run');
        await nextTurn();
        await late.release();
        await waiting;
        await writer.rollbackTransaction();
        await writer.release();
      });
      expect(held()).toBe(0);
      expect(await usersOf(one)).toHaveLength(1);
    });

    it('that nobody releases loses its handle, and what it left open', async () => {
      const { tenancy, one, source, held, usersOf } = await opened({}, { idleMs: 500 });
      const runner = source.createQueryRunner();
      await tenancy.run(one, async () => {
        await runner.startTransaction();
        await insert(runner, 2);
      });
      await expect.poll(held).toBe(0);
      await expect(runner.query('SELECT 1')).rejects.toMatchObject({
        driverError: { code: 'TENANTRY_LEASE_ENDED' },
      });
      await runner.release();
      expect(await usersOf(one)).toHaveLength(1);
    });

    it('keeps its handle while a statement waits for a lock, however long', async () => {
      const { tenancy, one, source, held, usersOf } = await opened({}, { idleMs: 20 });
      let late: Promise<unknown> = Promise.resolve();
      await tenancy.session(one).transaction(async (tx) => {
        await tx.execute("UPDATE users SET username = 'x'");
        late = tenancy.run(one, () => source.manager.insert(Users, { id: 2, username: 'y' }));
        await expect.poll(held).toBe(2);
        // One that only idles loses its handle after the time of the one that waits was over.
        const idling = source.createQueryRunner();
        await tenancy.run(one, () => idling.query('SELECT 1'));
        await expect.poll(held).toBe(2);
      });
      await late;
      expect(await usersOf(one)).toHaveLength(2);
    });

    it('that TypeORM itself forgets to release loses its handle as well', async () => {
      const own = class Own1700000000000 {
        transaction = true;
        up = async () => {};
        down = async () => {};
      };
      const { tenancy, one, source, held } = await opened({ migrations: [own] }, { idleMs: 500 });
      await expect(tenancy.run(one, () => source.runMigrations())).rejects.toThrow('Own1700000000000');
      await expect.poll(held).toBe(0);
    });
  });
});

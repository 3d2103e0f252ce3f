import type { DataSource, QueryRunner } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { ambientTypeorm, type SqliteDatabase } from '../../../src/adapters/sqlite/index.js';
import type { Tenancy } from '../../../src/index.js';
import { makeSource, onTypeorm, Users } from './typeorm-fixture.js';

onTypeorm((opened, open) => {
  describe('a DataSource that would mix tenants', () => {
    const refusing = (tenancy: Tenancy, change: (source: DataSource) => void) =>
      ambientTypeorm(tenancy, (sqlite) => {
        const source = makeSource(sqlite);
        change(source);
        return source;
      });

    const CHANGES: readonly [string, (source: DataSource) => void][] = [
      [
        'has one query runner for all',
        (source) => {
          const own = source.createQueryRunner.bind(source);
          let only: QueryRunner | undefined;
          source.createQueryRunner = () => {
            only ??= own();
            return only;
          };
        },
      ],
      [
        'keeps its query runners',
        (source) => {
          const own = source.createQueryRunner.bind(source);
          source.createQueryRunner = () => Object.assign(own(), { release: async () => {} });
        },
      ],
      [
        'begins transactions in another way',
        (source) => {
          const own = source.createQueryRunner.bind(source);
          source.createQueryRunner = () =>
            Object.assign(own(), {
              startTransaction(this: QueryRunner) {
                return this.query('BEGIN');
              },
            });
        },
      ],
      [
        'runs statements in another way',
        (source) => {
          const runner = source.driver.createQueryRunner('master');
          const Other = class extends (runner.constructor as new (driver: object) => QueryRunner) {
            override async query(sql: string) {
              const database = (await this.connect()) as { prepare(text: string): { all(): never } };
              return database.prepare(sql).all();
            }
          };
          source.driver.createQueryRunner = () => new Other(source.driver);
        },
      ],
      [
        'answers otherwise',
        (source) => {
          source.query = async () => [] as never;
        },
      ],
      [
        'loads its entities elsewhere',
        (source) => {
          Object.assign(source, { relationLoader: undefined });
        },
      ],
      [
        'has no query runners',
        (source) => {
          Object.assign(source, { driver: {} });
        },
      ],
    ];
    it.each(CHANGES)('is refused where it %s, and left closed', async (_name, change) => {
      const { tenancy, one } = await open();
      let made: DataSource | undefined;
      const refused = expect(
        refusing(tenancy, (source) => {
          made = source;
          change(source);
        }),
      ).rejects;
      await refused.toMatchObject({ code: 'TENANTRY_NOT_SUPPORTED' });
      expect(made?.isInitialized).toBe(false);
      expect(tenancy.stats().servers.main?.inUse).toBe(0);
      expect(await tenancy.session(one).query('SELECT id FROM users')).toEqual([{ id: 1 }]);
    });

    const OPTIONS: readonly [string, object][] = [
      ['a cache beside the database', { cache: { type: 'redis' } }],
      ['a cache of its own', { cache: { provider: () => undefined } }],
      ['a key', { key: 'secret' }],
      ['readonly', { readonly: true }],
      ['prepareDatabase', { prepareDatabase: () => {} }],
      ['a driver of its own', { driver: class {} }],
    ];
    it.each(OPTIONS)('is refused with %s', async (_name, more) => {
      const { tenancy } = await open();
      const refused = ambientTypeorm(tenancy, (sqlite) => {
        // TypeORM would look for a Redis client as soon as it is made.
        const { cache, ...rest } = more as { cache?: object };
        return Object.assign(makeSource(sqlite, rest), cache && { options: { ...sqlite, cache } });
      });
      await expect(refused).rejects.toMatchObject({ code: 'TENANTRY_INVALID_OPTION' });
    });

    it.each([{ busyTimeoutMs: -1 }, { idleMs: 0 }, { idleMs: 1.5 }])(
      'is refused with %o',
      async (options) => {
        const { tenancy } = await open();
        const refused = expect(ambientTypeorm(tenancy, (sqlite) => makeSource(sqlite), options)).rejects;
        await refused.toMatchObject({ code: 'TENANTRY_INVALID_OPTION' });
      },
    );

    it('has no file that a statement could go to without a tenant', async () => {
      const { source } = await opened();
      const { databaseConnection } = source.driver as unknown as { databaseConnection: SqliteDatabase };
      const refused = expect.objectContaining({ code: 'TENANTRY_NOT_SUPPORTED' });
      expect(() => databaseConnection.prepare('SELECT 1')).toThrow(refused);
      expect(() => databaseConnection.exec('SELECT 1')).toThrow(refused);
      expect(() => databaseConnection.pragma('key = 1')).toThrow(refused);
    });

    it('may have its cache in the database of each tenant', async () => {
      const { tenancy, one, other, source, held } = await opened({ cache: true });
      const cached = (name: string) =>
        tenancy.run(name, () =>
          source.getRepository(Users).find({ cache: { id: 'users', milliseconds: 60_000 } }),
        );
      for (const name of [one, other]) await tenancy.run(name, () => source.synchronize());
      for (const name of [one, other, one]) expect(await cached(name)).toEqual([{ id: 1, username: name }]);
      await tenancy.run(one, () => source.queryResultCache?.clear());
      expect(held()).toBe(0);
    });
  });
});

import type { SqlDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import { beforeEach, describe, expect, expectTypeOf, it } from 'vitest';
import { Prisma, PrismaClient } from '../../../../../test/orm/prisma/sqlite/generated/client.js';
import { insertUser } from '../../../../../test/tenancy/tenancies.js';
import { ambientPrisma } from '../../../src/adapters/orm/index.js';
import { type PrismaSqliteOptions, prismaSqlite } from '../../../src/adapters/sqlite/index.js';
import { onSqlite, type TwoTenants } from './fixture.js';

/** As `prisma db push` would make them. */
const TABLES = [
  `CREATE TABLE notes (
    id INTEGER NOT NULL PRIMARY KEY,
    title TEXT NOT NULL,
    authorId INTEGER NOT NULL,
    FOREIGN KEY (authorId) REFERENCES users (id) ON DELETE RESTRICT ON UPDATE CASCADE
  )`,
  'CREATE UNIQUE INDEX notes_authorId_title_key ON notes (authorId, title)',
  `CREATE TABLE samples (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    int INTEGER, big BIGINT, float REAL, decimal DECIMAL, text TEXT,
    flag BOOLEAN, at DATETIME, bytes BLOB, json JSONB
  )`,
];

const FULL = {
  int: -2_147_483_648,
  big: 2n ** 63n - 1n,
  float: 0.1,
  decimal: new Prisma.Decimal('12.375'),
  text: 'ünï "quoted" 🙂',
  flag: true,
  at: new Date('2024-02-29T23:59:59.123Z'),
  bytes: new Uint8Array([0, 1, 254, 255]),
  json: { deep: [1, 'two', { three: null }], yes: true },
};

onSqlite((open) => {
  let tenants: TwoTenants;
  let prisma: PrismaClient;

  async function opened(options?: PrismaSqliteOptions, maxConnections = 4) {
    tenants = await open(maxConnections);
    const { tenancy, one, other } = tenants;
    for (const name of [one, other]) for (const sql of TABLES) await tenancy.session(name).execute(sql);
    prisma = await ambientPrisma(
      tenancy,
      () => new PrismaClient({ adapter: prismaSqlite(tenancy, options) }),
    );
  }
  const inOne = <T>(work: () => PromiseLike<T>) => tenants.tenancy.run(tenants.one, async () => work());
  const inOther = <T>(work: () => PromiseLike<T>) =>
    tenants.tenancy.run(tenants.other, async () => work(), { switch: true });
  const inUse = () => tenants.tenancy.stats().servers.main?.inUse;

  describe('prismaSqlite', () => {
    beforeEach(() => opened());

    it('is what Prisma takes as an adapter', () => {
      expectTypeOf(prismaSqlite).returns.toExtend<SqlDriverAdapterFactory>();
    });

    it('brings back every type as it was written', async () => {
      const { id } = await inOne(() => prisma.sample.create({ data: FULL }));
      const empty = await inOne(() => prisma.sample.create({ data: {} }));
      expect(await inOne(() => prisma.sample.findUniqueOrThrow({ where: { id } }))).toEqual({ id, ...FULL });
      expect(empty).toMatchObject({ int: null, big: null, decimal: null, at: null, bytes: null, json: null });
      expect(inUse()).toBe(0);
    });

    it.each([
      ['int', 2_147_483_647],
      ['int', 0],
      ['big', -(2n ** 63n)],
      ['big', 2n ** 53n + 1n],
      ['big', 5n],
      ['float', 3],
      ['float', -1.5e-300],
      ['float', 1e300],
      ['decimal', new Prisma.Decimal(7)],
      ['decimal', new Prisma.Decimal('9007199254740993')],
      ['text', ''],
      ['text', '5'],
      ['flag', false],
      ['at', new Date(0)],
      ['bytes', new Uint8Array()],
      ['json', 'text'],
      ['json', 5],
      ['json', []],
    ])('finds a row by its %s %s, and brings it back', async (column, value) => {
      await inOne(() => prisma.sample.create({ data: { [column]: value } }));
      await inOne(() => prisma.sample.create({ data: {} }));
      const where = { [column]: { equals: value } } as Prisma.SampleWhereInput;
      const found = await inOne(() => prisma.sample.findMany({ where }));
      expect(found.map((row) => row[column as keyof typeof row])).toEqual([value]);
    });

    it('brings back in raw queries what was written in them', async () => {
      const { int, big, float, text, at, bytes } = FULL;
      const written = await inOne(
        () =>
          prisma.$executeRaw`INSERT INTO samples (int, big, float, text, flag, at, bytes) VALUES (${int}, ${big}, ${float}, ${text}, ${true}, ${at}, ${bytes})`,
      );
      expect(written).toBe(1);
      const [row] = await inOne(() => prisma.$queryRaw<object[]>`SELECT * FROM samples`);
      expect(row).toEqual({ id: 1, int, big, float, decimal: null, text, flag: true, at, bytes, json: null });
      const computed = await inOne(
        () =>
          prisma.$queryRaw<
            object[]
          >`SELECT count(*) AS n, max(big) AS most, typeof(int) AS kind, NULL AS none FROM samples`,
      );
      expect(computed).toEqual([{ n: 1n, most: big, kind: 'integer', none: null }]);
    });

    it('binds whole numbers as integers, and keeps those that their column was not declared for', async () => {
      await inOne(() => prisma.$executeRaw`INSERT INTO samples (int) VALUES (${2n ** 62n})`);
      expect(await inOne(() => prisma.$queryRaw`SELECT int FROM samples`)).toEqual([{ int: 2n ** 62n }]);
      expect(await inOne(() => prisma.$queryRaw`SELECT typeof(${5}) AS kind`)).toEqual([{ kind: 'integer' }]);
    });

    it('says how many rows a statement wrote, also where it gives them', async () => {
      const written = (sql: string) => inOne(() => prisma.$executeRawUnsafe(sql));
      expect(await written("INSERT INTO users VALUES (2, 'b'), (3, 'c') RETURNING id")).toBe(2);
      expect(await written('UPDATE users SET username = username WHERE id > 1')).toBe(2);
      expect(await written('SELECT * FROM users')).toBe(0);
      expect(await written('DELETE FROM users WHERE id = 9 RETURNING id')).toBe(0);
    });

    it('reads a table that was altered since its statement was prepared', async () => {
      const all = () => inOne(() => prisma.$queryRawUnsafe<object[]>('SELECT * FROM users'));
      const [before] = await all();
      await tenants.tenancy
        .session(tenants.one)
        .execute('ALTER TABLE users ADD COLUMN active BOOLEAN DEFAULT 1');
      expect(await all()).toEqual([{ ...before, active: true }]);
    });

    it('says what was violated in the codes of Prisma', async () => {
      const add = (id: number, title: string, authorId = 1) =>
        inOne(() => prisma.note.create({ data: { id, title, authorId } }));
      await add(1, 'first');
      await expect(add(1, 'second')).rejects.toMatchObject({ code: 'P2002', meta: { modelName: 'Note' } });
      const twice = await add(2, 'first').catch((error: unknown) => error);
      expect(twice).toMatchObject({
        code: 'P2002',
        meta: {
          driverAdapterError: {
            cause: { table: 'notes', constraint: { fields: ['authorId', 'title'] } },
          },
        },
      });
      await expect(add(3, 'third', 99)).rejects.toMatchObject({ code: 'P2003' });
      await expect(inOne(() => prisma.user.delete({ where: { id: 1 } }))).rejects.toMatchObject({
        code: 'P2003',
      });
      await expect(inOne(() => prisma.note.delete({ where: { id: 7 } }))).rejects.toMatchObject({
        code: 'P2025',
      });
      await tenants.tenancy.session(tenants.one).execute('DROP TABLE samples');
      await expect(inOne(() => prisma.sample.findFirst())).rejects.toMatchObject({ code: 'P2021' });
      const unknown = inOne(() => prisma.$queryRaw`SELECT colour FROM users`);
      await expect(unknown).rejects.toThrow('SQLITE_ERROR`. Message: `no such column: colour');
      const missing = inOne(() => prisma.$executeRaw`INSERT INTO users (id) VALUES (5)`);
      await expect(missing).rejects.toThrow('NOT NULL constraint failed: users.username');
      expect(inUse()).toBe(0);
    });

    it('refuses values that a driver would cut, and statements that reach beyond the file', async () => {
      const add = (username: string) => inOne(() => prisma.user.create({ data: { id: 5, username } }));
      await expect(add('a\0b')).rejects.toMatchObject({ code: 'P2007' });
      await expect(inOne(() => prisma.$queryRaw`SELECT ${2n ** 63n}`)).rejects.toMatchObject({
        code: 'P2010',
      });
      await expect(inOne(() => prisma.$executeRawUnsafe("ATTACH 'other.db' AS other"))).rejects.toMatchObject(
        { code: 'TENANTRY_INVALID_INPUT' },
      );
      expect(await inOne(() => prisma.user.count())).toBe(1);
    });

    it('answers each of two tenants whose findUnique falls into one tick, through ambientPrisma only', async () => {
      const { tenancy, one, other } = tenants;
      const find = (client: PrismaClient) => () => client.user.findUnique({ where: { id: 1 } });
      const inOneTick = async (client: PrismaClient) => {
        const found = await Promise.all([inOne(find(client)), inOther(find(client)), inOne(find(client))]);
        return found.map((user) => user?.username);
      };
      for (let round = 0; round < 10; round++) expect(await inOneTick(prisma)).toEqual([one, other, one]);
      // What ambientPrisma is for.
      const plain = new PrismaClient({ adapter: prismaSqlite(tenancy) });
      expect(await inOneTick(plain)).not.toEqual([one, other, one]);
    });

    it('says so where no tenant is in context, before any I/O', async () => {
      const leases = () => tenants.tenancy.stats().servers.main?.totals.leases;
      const before = leases();
      await expect(prisma.$queryRaw`SELECT 1`).rejects.toMatchObject({ code: 'TENANTRY_NO_TENANT' });
      await expect(prisma.$transaction(async () => {})).rejects.toMatchObject({ code: 'TENANTRY_NO_TENANT' });
      expect(leases()).toBe(before);
    });

    it('keeps dates in milliseconds where that is wished, and reads both', async () => {
      await inOne(() => prisma.sample.create({ data: { at: FULL.at } }));
      const { tenancy, one } = tenants;
      const older = new PrismaClient({
        adapter: prismaSqlite(tenancy, { tenant: one, timestampFormat: 'unixepoch-ms' }),
      });
      await older.sample.create({ data: { at: FULL.at } });
      const kinds = await older.$queryRaw`SELECT typeof(at) AS kind, at FROM samples ORDER BY id`;
      expect(kinds).toEqual([
        { kind: 'text', at: FULL.at },
        { kind: 'integer', at: FULL.at },
      ]);
      await older.$disconnect();
    });

    it('refuses options that it does not know', () => {
      const { tenancy } = tenants;
      const refused = { code: 'TENANTRY_INVALID_OPTION' };
      const invalid = [
        { tenant: undefined },
        { busyTimeoutMs: -1 },
        { busyTimeoutMs: 600_001 },
        { timestampFormat: 'rfc2822' },
      ] as unknown as PrismaSqliteOptions[];
      for (const options of invalid)
        expect(() => prismaSqlite(tenancy, options)).toThrow(expect.objectContaining(refused) as Error);
    });
  });

  describe('a transaction of prismaSqlite', () => {
    beforeEach(() => opened());

    it('that takes too long is rolled back, and its handle serves the next', async () => {
      const [written, isWritten] = signal();
      const [over, isOver] = signal();
      const work = inOne(() =>
        prisma.$transaction(
          async (tx) => {
            await tx.user.create({ data: { id: 2, username: 'late' } });
            isWritten();
            await over;
            await tx.user.create({ data: { id: 3, username: 'later' } });
          },
          // Long enough for what comes before `written`, on a machine that is busy with other things.
          { timeout: 1500 },
        ),
      );
      await written;
      // The writer's lock is free once the transaction was rolled back.
      await inOne(() => prisma.user.create({ data: { id: 4, username: 'next' } }));
      isOver();
      await expect(work).rejects.toMatchObject({ code: 'P2028' });
      const users = await inOne(() => prisma.user.findMany({ orderBy: { id: 'asc' } }));
      expect(users.map(({ id }) => id)).toEqual([1, 4]);
      expect(inUse()).toBe(0);
    });

    it('that gets no lock in its time is not begun, and one that comes later is rolled back', async () => {
      const [ended, end] = signal();
      const [writing, isWriting] = signal();
      const first = inOne(() =>
        prisma.$transaction(async (tx) => {
          await tx.user.create({ data: { id: 2, username: 'first' } });
          isWriting();
          await ended;
        }),
      );
      await writing;
      const second = inOne(() => prisma.$transaction(async () => {}, { maxWait: 20 }));
      await expect(second).rejects.toMatchObject({ code: 'P2028' });
      end();
      await first;
      // Waits until the one that came too late has let go.
      await inOne(() => prisma.user.create({ data: { id: 3, username: 'third' } }));
      await expect.poll(inUse).toBe(0);
    });

    it('waits for the writer of the same tenant, for no other, and not on the event loop', async () => {
      let isDone = false;
      let waiting: Promise<unknown> = Promise.resolve();
      await inOne(() =>
        prisma.$transaction(async (tx) => {
          await tx.user.create({ data: { id: 2, username: 'x' } });
          waiting = inOne(() => prisma.user.create({ data: { id: 3, username: 'y' } })).then(() => {
            isDone = true;
          });
          await inOther(() => prisma.user.create({ data: { id: 2, username: 'other' } }));
          for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
          expect(isDone).toBe(false);
        }),
      );
      await waiting;
      expect(await inOne(() => prisma.user.count())).toBe(3);
    });

    it('is nobody else’s: what another request of the tenant asks does not see it', async () => {
      await inOne(() =>
        prisma.$transaction(async (tx) => {
          await tx.user.create({ data: { id: 2, username: 'unseen' } });
          expect(await inOne(() => prisma.user.count())).toBe(1);
          expect(await tx.user.count()).toBe(2);
        }),
      );
    });

    it('gives its handle back where its commit fails', async () => {
      await tenants.tenancy
        .session(tenants.one)
        .execute('CREATE TABLE late (author INT REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED)');
      const work = inOne(() => prisma.$transaction((tx) => tx.$executeRaw`INSERT INTO late VALUES (99)`));
      // Prisma has no code for what a commit says.
      await expect(work).rejects.toMatchObject({ cause: { kind: 'ForeignKeyConstraintViolation' } });
      expect(await inOne(() => prisma.$queryRaw`SELECT count(*) AS n FROM late`)).toEqual([{ n: 0n }]);
      await inOne(() => prisma.user.create({ data: { id: 2, username: 'next' } }));
      expect(inUse()).toBe(0);
    });

    it('takes no isolation level but its own', async () => {
      const work = async () => {};
      await inOne(() => prisma.$transaction(work, { isolationLevel: 'Serializable' }));
      const weaker = { isolationLevel: 'ReadCommitted' as 'Serializable' };
      await expect(inOne(() => prisma.$transaction(work, weaker))).rejects.toMatchObject({ code: 'P2023' });
      expect(inUse()).toBe(0);
    });

    it('is rolled back when its client is disconnected', async () => {
      await inOne(() =>
        prisma
          .$transaction(async (tx) => {
            await tx.user.create({ data: { id: 2, username: 'gone' } });
            await prisma.$disconnect();
          })
          .catch(() => {}),
      );
      expect(inUse()).toBe(0);
      expect(await inOne(() => prisma.user.count())).toBe(1);
    });
  });

  describe('a script of prismaSqlite that meets a lock after some of its statements ran', () => {
    beforeEach(() => opened());

    it.each([
      ['in a transaction', 'BEGIN', 'COMMIT'],
      ['outside of one', "CREATE TEMP TABLE ran (what); INSERT INTO ran VALUES ('once')", 'SELECT 1'],
    ])('goes on where it stopped, and runs none of them twice: %s', async (_where, first, last) => {
      const { tenancy, one } = tenants;
      const adapter = await prismaSqlite(tenancy, { tenant: one }).connect();
      let script: Promise<void> | undefined;
      await tenancy.session(one).transaction(async (tx) => {
        await tx.execute(insertUser(2, 'holder'));
        script = adapter.executeScript(`${first}; INSERT INTO users VALUES (3, 'script'); ${last};`);
        script.catch(() => {});
        // The transaction's handle, and the script's, which waits by then.
        await expect.poll(inUse).toBe(2);
      });
      await script;
      expect(await inOne(() => prisma.user.count())).toBe(3);
      expect(inUse()).toBe(0);
    });

    it('that waits in vain leaves what ran before, and says that a lock was in the way', async () => {
      const { tenancy, one } = tenants;
      const adapter = await prismaSqlite(tenancy, { tenant: one, busyTimeoutMs: 0 }).connect();
      await tenancy.session(one).transaction(async (tx) => {
        await tx.execute(insertUser(2, 'holder'));
        const script = adapter.executeScript("BEGIN; INSERT INTO users VALUES (3, 'script'); COMMIT");
        await expect(script).rejects.toMatchObject({ cause: { kind: 'SocketTimeout' } });
      });
      expect(await inOne(() => prisma.user.count())).toBe(2);
      expect(inUse()).toBe(0);
    });
  });

  describe('a lock that prismaSqlite waits for in vain', () => {
    beforeEach(() => opened({ busyTimeoutMs: 20 }));

    it('is an error of Prisma, and nothing was written', async () => {
      await inOne(() =>
        prisma.$transaction(async (tx) => {
          await tx.user.create({ data: { id: 2, username: 'x' } });
          const blocked = inOne(() => prisma.user.create({ data: { id: 3, username: 'y' } }));
          await expect(blocked).rejects.toMatchObject({ code: 'P1008' });
        }),
      );
      expect(await inOne(() => prisma.user.count())).toBe(2);
      expect(inUse()).toBe(0);
    });
  });
});

/** Something to wait for, and what says that it has come. */
function signal(): [Promise<void>, () => void] {
  let come = () => {};
  const waiting = new Promise<void>((resolve) => {
    come = resolve;
  });
  return [waiting, come];
}

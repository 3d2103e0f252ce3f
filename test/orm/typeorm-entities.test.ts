import type { Tenancy } from 'tenantry';
import { mysqlDriver } from 'tenantry/mysql';
import { ambientTypeorm } from 'tenantry/orm';
import { pgDriver } from 'tenantry/postgres';
import { ambientTypeorm as ambientTypeormOnSqlite } from 'tenantry/sqlite';
import { DataSource, EntitySchema } from 'typeorm';
import { beforeEach, describe, expect, it } from 'vitest';
import type { EngineName } from '../../packages/tenantry/src/engine/capabilities.js';
import { forEachEngine, useNamespace } from '../helpers/engines.js';
import { openTenancy } from '../tenancy/tenancies.js';

interface User {
  id: number;
  username: string;
  notes: Promise<Note[]>;
}

interface Note {
  id: number;
  title: string;
  author: User;
}

const Users = new EntitySchema<User>({
  name: 'User',
  tableName: 'users',
  columns: { id: { type: Number, primary: true }, username: { type: String, length: 100 } },
  relations: { notes: { type: 'one-to-many', target: 'Note', inverseSide: 'author', lazy: true } },
});

const Notes = new EntitySchema<Note>({
  name: 'Note',
  tableName: 'notes',
  columns: { id: { type: Number, primary: true, generated: true }, title: { type: String, length: 100 } },
  relations: {
    author: { type: 'many-to-one', target: 'User', joinColumn: { name: 'author_id' }, cascade: true },
  },
});

const KEY = {
  mysql: 'INT AUTO_INCREMENT PRIMARY KEY',
  postgres: 'SERIAL PRIMARY KEY',
  sqlite: 'INTEGER PRIMARY KEY AUTOINCREMENT',
};

const scriptOn = (name: EngineName) => `
  CREATE TABLE users (id INT PRIMARY KEY, username VARCHAR(100) NOT NULL);
  CREATE TABLE notes (id ${KEY[name]}, title VARCHAR(100) NOT NULL, author_id INT NOT NULL);`;

const model = { entities: [Users, Notes] };
const sources = {
  mysql: (tenancy: Tenancy) =>
    ambientTypeorm(tenancy, () => new DataSource({ type: 'mysql', driver: mysqlDriver(tenancy), ...model })),
  postgres: (tenancy: Tenancy) =>
    ambientTypeorm(tenancy, () => new DataSource({ type: 'postgres', driver: pgDriver(tenancy), ...model })),
  sqlite: (tenancy: Tenancy) =>
    ambientTypeormOnSqlite(tenancy, (sqlite) => new DataSource({ ...sqlite, ...model })),
};

forEachEngine((engine) => {
  const namespace = useNamespace(engine);
  let count = 0;
  let tenancy: Tenancy;
  let source: DataSource;
  let a: string;
  let b: string;

  beforeEach(async () => {
    const suffix = ++count;
    const template = namespace().name(`Template${suffix}`);
    tenancy = await openTenancy(namespace(), { template, provision: { script: scriptOn(engine.name) } });
    [a, b] = [namespace().name(`A${suffix}`), namespace().name(`B${suffix}`)];
    for (const name of [template, a, b]) await tenancy.tenants.create({ name });
    source = await sources[engine.name](tenancy);
    for (const name of [a, b]) {
      await tenancy.run(name, async () => {
        await source.getRepository(Users).insert({ id: 1, username: `of ${name}` });
        await source.getRepository(Notes).insert({ id: 7, title: `of ${name}`, author: { id: 1 } });
      });
    }
  });

  const users = () => source.getRepository(Users);
  const notes = () => source.getRepository(Notes);
  const refusal = { code: 'TENANTRY_TENANT_SWITCH' };
  const load = (tenant: string) => tenancy.run(tenant, () => users().findOneByOrFail({ id: 1 }));
  const rowsOf = async (tenant: string) => {
    const session = tenancy.session(tenant);
    return {
      users: await session.query<{ username: string }>('SELECT id, username FROM users ORDER BY id'),
      notes: await session.query<{ title: string }>('SELECT id, title, author_id FROM notes ORDER BY id'),
    };
  };
  /** Refused in b, which stays as it was. */
  const expectRefused = async (work: () => Promise<unknown>) => {
    const before = await rowsOf(b);
    await expect(tenancy.run(b, work)).rejects.toMatchObject(refusal);
    expect(await rowsOf(b)).toEqual(before);
    expect(tenancy.stats().servers.main?.inUse).toBe(0);
  };

  describe('an entity that was loaded in the context of one tenant', () => {
    it('is not saved over the row of another, nor removed there', async () => {
      const user = await load(a);
      user.username = 'changed';
      await expectRefused(() => users().save(user));
      await expectRefused(() => source.manager.save(Users, [user]));
      await expectRefused(() => users().remove(user));
      await expectRefused(() => source.transaction((manager) => manager.save(Users, user)));
      await tenancy.run(a, () => users().save(user));
      expect((await rowsOf(a)).users).toEqual([{ id: 1, username: 'changed' }]);
    });

    it('is no relation of what another saves', async () => {
      const author = await load(a);
      await expectRefused(() => notes().save({ title: 'new', author }));
    });

    it('is not what another asks by', async () => {
      const user = await load(a);
      const [note] = await tenancy.run(a, () => notes().find());
      const relation = (of: unknown) => source.createQueryBuilder().relation(Users, 'notes').of(of);
      await expectRefused(() => relation(user).loadMany());
      await expectRefused(() => relation([user]).loadMany());
      await expectRefused(() => relation(user).add(7));
      await expectRefused(() => relation(user).remove(7));
      await expectRefused(() => relation(1).add(note));
      await expectRefused(() => source.createQueryBuilder().relation(Notes, 'author').of(7).set(user));
      await expectRefused(() => source.createQueryBuilder().relation(Notes, 'author').of(note).set(1));
      await expectRefused(() => notes().insert({ title: 'new', author: user }));
      await expectRefused(() => users().createQueryBuilder().whereInIds([user]).getMany());
      await expectRefused(async () => users().preload(user));
      await expectRefused(async () => users().merge(users().create(), user));
      const made = await tenancy.run(a, async () => relation(user));
      await expectRefused(() => made.loadMany());
      expect(await tenancy.run(a, () => relation(user).loadMany())).toMatchObject([{ title: `of ${a}` }]);
      expect(await tenancy.run(b, () => relation(1).loadMany())).toMatchObject([{ title: `of ${b}` }]);
    });

    it('loads its lazy relations from its own tenant, in whatever context', async () => {
      const inOther = await load(a);
      const [note] = await tenancy.run(b, async () => inOther.notes);
      expect(note?.title).toBe(`of ${a}`);
      if (note === undefined) return;
      await expectRefused(() => notes().remove(note));
      const outside = await load(a);
      expect((await outside.notes)[0]?.title).toBe(`of ${a}`);
      const [own] = await tenancy.run(a, async () => (await load(a)).notes);
      expect(own?.title).toBe(`of ${a}`);
    });

    it('is loaded and saved by its own tenant in another run, and in a transaction', async () => {
      const user = await load(a);
      user.username = 'changed';
      await tenancy.run(a, () => source.transaction((manager) => manager.save(Users, user)));
      expect((await load(a)).username).toBe('changed');
      expect((await load(b)).username).toBe(`of ${b}`);
    });
  });

  describe('an entity that was made in the context of one tenant', () => {
    it('is not saved in that of another', async () => {
      const user = await tenancy.run(a, async () => users().create({ id: 2, username: 'made' }));
      await expectRefused(() => users().save(user));
    });

    it('is not saved in that of another once it was given its key', async () => {
      const note = { title: 'plain', author: { id: 1 } };
      await tenancy.run(a, () => notes().save(note));
      await expectRefused(() => notes().save(note));
    });

    it('is every tenant’s if it is plain and brings its key: a seed', async () => {
      const seed = { id: 5, username: 'seed' };
      for (const tenant of [a, b]) await tenancy.run(tenant, () => users().save(seed));
      for (const tenant of [a, b]) expect((await rowsOf(tenant)).users).toContainEqual(seed);
    });

    it('is another’s once it is copied', async () => {
      const { id, username } = await load(a);
      await tenancy.run(b, () => users().save({ id, username }));
      expect((await rowsOf(b)).users).toEqual([{ id: 1, username: `of ${a}` }]);
    });
  });
});

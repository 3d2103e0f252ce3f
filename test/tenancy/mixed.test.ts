import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTenancy, type Tenancy } from '../../packages/tenantry/src/index.js';
import { engineUnderTest, type Namespace } from '../helpers/engines.js';
import { selectedEngines } from '../helpers/environment.js';
import { type OwnServer, startOwnServer } from '../helpers/own-server.js';
import { catalogUrl, insertUser, SCHEMA } from './tenancies.js';

const selected = selectedEngines();
const isComplete = ['sqlite', 'mysql', 'postgres'].every((name) => selected.has(name));

describe('one installation over physically different servers', () => {
  if (!isComplete) {
    it('is left out of this run', (context) =>
      context.skip(`--engine ${[...selected].join(',')}: it needs all engines`));
    return;
  }

  let catalog: Namespace;
  let first: Namespace;
  let files: Namespace;
  let second: OwnServer;
  let tenancy: Tenancy;
  beforeAll(async () => {
    [catalog, first, files, second] = await Promise.all([
      engineUnderTest('postgres').openNamespace(),
      engineUnderTest('mysql').openNamespace(),
      engineUnderTest('sqlite').openNamespace(),
      startOwnServer('mysql'),
    ]);
    tenancy = await createTenancy({
      catalog: catalogUrl(catalog),
      servers: { first: first.url, second: second.url, files: files.url, gone: 'mysql://nobody@127.0.0.1:1' },
      setup: true,
      provision: { script: SCHEMA },
    });
  });
  afterAll(async () => {
    await tenancy?.destroy();
    await Promise.all([catalog, first, files, second].map((part) => part?.close()));
  });

  const name = (server: string) => `${first.prefix}${server}`;

  it('keeps its catalog on PostgreSQL, and tenants on two MariaDB servers and in a folder of SQLite files', async () => {
    for (const server of ['first', 'second', 'files']) {
      await tenancy.tenants.create({ name: name(server), server });
      await tenancy.session(name(server)).execute(insertUser(1, server));
    }
    const users = await Promise.all(
      ['first', 'second', 'files'].map((server) =>
        tenancy.session(name(server)).query('SELECT username FROM users'),
      ),
    );
    expect(users).toEqual([[{ username: 'first' }], [{ username: 'second' }], [{ username: 'files' }]]);
  });

  it('asks on which server a tenant shall live, and refuses one that it does not know', async () => {
    await expect(tenancy.tenants.create({ name: name('where') })).rejects.toMatchObject({
      code: 'TENANTRY_INVALID_INPUT',
      hint: expect.stringContaining('first, second, files, gone'),
    });
    await expect(tenancy.tenants.create({ name: name('where'), server: 'mars' })).rejects.toMatchObject({
      code: 'TENANTRY_UNKNOWN_SERVER',
    });
  });

  it('makes nothing on a server that is out of reach, and serves the others', async () => {
    await expect(tenancy.tenants.create({ name: name('gone'), server: 'gone' })).rejects.toMatchObject({
      code: 'TENANTRY_SERVER_UNAVAILABLE',
    });
    await expect(tenancy.session(name('gone')).query('SELECT 1')).rejects.toMatchObject({
      status: expect.any(Number),
    });
    expect(await tenancy.session(name('first')).query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('tells how each part is', async () => {
    const health = await tenancy.health();
    expect(health).toMatchObject({
      ok: false,
      catalog: { ok: true },
      servers: { first: { ok: true }, second: { ok: true }, files: { ok: true }, gone: { ok: false } },
    });
  });

  it('keeps an application’s own central data in the catalog’s database', async () => {
    await tenancy.central.execute('CREATE TABLE members (id INT PRIMARY KEY)');
    await tenancy.central.transaction(async (tx) => {
      await tx.execute('INSERT INTO members VALUES ($1)', [1]);
    });
    expect(await tenancy.central.query('SELECT id FROM members')).toEqual([{ id: 1 }]);
  });
});

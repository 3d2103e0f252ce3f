import type { Connection } from 'mysql2';
import type pg from 'pg';
import { describe, expect, it } from 'vitest';
import { mysqlPool } from '../../packages/tenantry/src/adapters/mysql/index.js';
import { pgPool } from '../../packages/tenantry/src/adapters/postgres/index.js';
import { NotSupportedError, type Tenancy } from '../../packages/tenantry/src/index.js';
import { forEachServerEngine } from '../faults/setting.js';
import { administrate } from '../helpers/administrator.js';
import { type EngineUnderTest, forEachEngine, useNamespace } from '../helpers/engines.js';
import { openTenancy } from './tenancies.js';

const inUse = (tenancy: Tenancy) => tenancy.stats().servers.main?.inUse;

function useTenant(engine: EngineUnderTest) {
  const namespace = useNamespace(engine);
  const open = async (suffix: string) => {
    const tenancy = await openTenancy(namespace());
    const name = namespace().name(suffix);
    await tenancy.tenants.create({ name });
    return { tenancy, name };
  };
  return { namespace, open };
}

forEachServerEngine((engine, engineName) => {
  const { namespace, open } = useTenant(engine);
  /** Asked of the server: a client of pg whose `processID` was read is closed when it comes back. */
  const sessionOf = async (client: object) => {
    if (engineName === 'mysql') return (client as Connection).threadId;
    const { rows } = await (client as pg.Client).query<{ id: number }>('SELECT pg_backend_pid() AS id');
    return rows[0]?.id;
  };

  describe('a client whose connection is lost while it is lent', () => {
    it('tells its holder, and takes its place until it is given back', async () => {
      const { tenancy, name } = await open('lost');
      const lease = await tenancy.clients(name).acquire();
      (lease.client as pg.Client).on('error', () => {});
      const lost = new Promise<void>((resolve) => lease.onLost(resolve));
      await using administrator = await administrate(namespace().url);
      const id = Number(await sessionOf(lease.client));
      await administrator.query(engineName === 'mysql' ? `KILL ${id}` : `SELECT pg_terminate_backend(${id})`);
      await lost;
      expect(inUse(tenancy)).toBe(1);
      lease.release();
      await expect.poll(() => inUse(tenancy)).toBe(0);
    });

    it('tells nobody who has given it back', async () => {
      const { tenancy, name } = await open('back');
      const told: string[] = [];
      const first = await tenancy.clients(name).acquire();
      const id = Number(await sessionOf(first.client));
      first.onLost(() => told.push('first'));
      first.release();
      const second = await tenancy.clients(name).acquire();
      expect(Number(await sessionOf(second.client))).toBe(id);
      first.onLost(() => told.push('first, again'));
      const lost = new Promise<unknown>((resolve) => (second.client as pg.Client).once('error', resolve));
      await using administrator = await administrate(namespace().url);
      await administrator.query(engineName === 'mysql' ? `KILL ${id}` : `SELECT pg_terminate_backend(${id})`);
      await lost;
      expect(told).toEqual([]);
      second.destroy();
    });
  });
});

forEachEngine((engine) => {
  const { open } = useTenant(engine);

  describe('a pool of another driver than the tenant’s', () => {
    it('refuses statements and clients, and keeps nothing', async () => {
      const { tenancy, name } = await open('foreign');
      await tenancy.session(name).query('SELECT 1');
      const postgres = pgPool(tenancy, { tenant: name });
      const mysql = mysqlPool(tenancy, { tenant: name }).promise();
      const ofPostgres = [() => postgres.query('SELECT 1'), () => postgres.connect()];
      const ofMysql = [
        () => mysql.query('SELECT 1'),
        () => mysql.execute('SELECT 1'),
        () => mysql.getConnection(),
      ];
      const calls = {
        mysql: ofPostgres,
        postgres: ofMysql,
        sqlite: [...ofPostgres, ...ofMysql],
      };
      for (const call of calls[engine.name]) {
        await expect(call()).rejects.toThrow(NotSupportedError);
        expect(inUse(tenancy)).toBe(0);
      }
    });
  });
});

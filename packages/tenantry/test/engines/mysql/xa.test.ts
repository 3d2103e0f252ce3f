import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import type { LentClient } from '../../../src/engine/lent-client.js';
import { rollBackPrepared } from '../../../src/engines/mysql/xa.js';
import { borrow, useTwoDatabases } from './borrow.js';
import { useServer } from './test-server.js';

interface Client {
  query(sql: string, callback: (error: Error | null) => void): void;
  reset(callback: (error: Error | null) => void): void;
}

onEngine('mysql', () => {
  const test = useServer();
  const tenants = useTwoDatabases(test);
  /** Their names belong to the whole server. */
  const xid = () => `'xa_${randomBytes(6).toString('hex')}',X'ff00',7`;
  afterEach(() => vi.restoreAllMocks());

  const prepared = async (name: string) => {
    const rows = await test.admin("XA RECOVER FORMAT='SQL'");
    const hex = Buffer.from(name.slice(1, name.indexOf("'", 1))).toString('hex');
    return rows.filter(({ data }) => String(data).includes(hex)).length;
  };
  const statements = (name: string, row: string) => [
    `XA START ${name}`,
    `INSERT INTO who VALUES ('${row}')`,
    `XA END ${name}`,
    `XA PREPARE ${name}`,
  ];
  const run = (lent: LentClient, sql: string) =>
    new Promise<void>((resolve, reject) =>
      (lent.client as Client).query(sql, (error) => (error === null ? resolve() : reject(error))),
    );

  describe('a distributed transaction that was prepared and abandoned', () => {
    it('is rolled back when its connection comes back, and holds no lock', async () => {
      const warn = vi.spyOn(process, 'emitWarning');
      const { connection } = await borrow(test.url, tenants.a);
      const name = xid();
      const lent = connection.lend();
      for (const sql of statements(name, 'abandoned')) await run(lent, sql);
      expect(await prepared(name)).toBe(1);
      lent.revoke();
      expect(connection.isClean()).toBe(false);
      await connection.close();
      expect(await prepared(name)).toBe(0);
      await test.admin(`INSERT INTO \`${tenants.a}\`.who VALUES ('abandoned')`);
      expect(warn).not.toHaveBeenCalled();
    });

    it('is found where a procedure prepared it', async () => {
      const name = xid();
      await test.admin(
        `CREATE PROCEDURE \`${tenants.a}\`.prepares() BEGIN ${statements(name, 'by a procedure').join('; ')}; END`,
      );
      const { connection } = await borrow(test.url, tenants.a);
      await connection.query('CALL prepares()');
      expect(await prepared(name)).toBe(1);
      await connection.close();
      expect(await prepared(name)).toBe(0);
    });

    it('leaves those of others alone', async () => {
      const [theirs, ours] = [xid(), xid()];
      const other = await borrow(test.url, tenants.b);
      await other.run(...statements(theirs, 'theirs'));
      other.connection.destroy();
      const { connection, run: runOurs } = await borrow(test.url, tenants.a);
      await runOurs(...statements(ours, 'ours'));
      await connection.close();
      expect([await prepared(ours), await prepared(theirs)]).toEqual([0, 1]);
      await expect
        .poll(() =>
          test.admin(`XA ROLLBACK ${theirs}`).then(
            () => true,
            () => false,
          ),
        )
        .toBe(true);
    });

    /** A server that takes no writes any more would not take those of other tests either. */
    it('is told of as the server tells it, where it may not be rolled back', async () => {
      const refusals: Readonly<Record<string, object>> = {
        ROLLBACK: { errno: 1399, message: 'in the  PREPARED state' },
        "XA ROLLBACK 'theirs'": { errno: 1400, message: 'outside' },
        "XA ROLLBACK 'ours'": { errno: 1290, message: 'running with the --read-only option' },
      };
      const run = async (sql: string) => {
        const refusal = refusals[sql];
        if (refusal !== undefined) throw Object.assign(new Error(), { sqlState: 'XAE07', ...refusal });
        return { rows: [{ data: "'theirs'" }, { data: "'ours'" }], affectedRows: 0, insertId: null };
      };
      await expect(rollBackPrepared(run)).rejects.toThrow('running with the --read-only option');
    });

    it('is not hidden by a reset that a borrower asks for', async () => {
      const { connection } = await borrow(test.url, tenants.a);
      const name = xid();
      const lent = connection.lend();
      for (const sql of statements(name, 'hidden')) await run(lent, sql);
      const refusal = await new Promise((resolve) => (lent.client as Client).reset(resolve));
      expect(refusal).toMatchObject({ errno: 1399 });
      lent.revoke();
      await connection.close();
      expect(await prepared(name)).toBe(0);
    });
  });

  it('a reset that a borrower asks for works outside of one', async () => {
    const { connection } = await borrow(test.url, tenants.a);
    const lent = connection.lend();
    await run(lent, 'BEGIN');
    await run(lent, 'SET @left = 1');
    expect(
      await new Promise((resolve) => (lent.client as Client).reset((error) => resolve(error ?? null))),
    ).toBeNull();
    lent.revoke();
    expect(connection.isClean()).toBe(true);
  });
});

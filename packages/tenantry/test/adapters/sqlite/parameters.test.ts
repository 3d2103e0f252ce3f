import { describe, expect, it } from 'vitest';
import { sqliteDatabase } from '../../../src/adapters/sqlite/index.js';
import { onSqlite } from './fixture.js';

const REFUSED = expect.objectContaining({ code: 'TENANTRY_INVALID_PARAMETER' });

onSqlite((open) => {
  const database = async () => {
    const { tenancy, one } = await open();
    return { database: sqliteDatabase(tenancy, { tenant: one }), one };
  };

  describe('the parameters of a statement', () => {
    it.each<[string, string, readonly unknown[], unknown[]]>([
      ['in a list', 'SELECT ?, ?', [1, 'b'], [1, 'b']],
      ['in an array', 'SELECT ?, ?', [[1, 'b']], [1, 'b']],
      ['in arrays and alone', 'SELECT ?, ?, ?', [[1], 2, [3]], [1, 2, 3]],
      ['by name', 'SELECT :a, @b, $c', [{ a: 1, b: 2, c: 3 }], [1, 2, 3]],
      ['by a name that comes twice', 'SELECT $a, $a, :a', [{ a: 1 }], [1, 1, 1]],
      ['by name, beside others', 'SELECT :a', [{ a: 1, other: new Date(0) }], [1]],
      ['in a list and by name', 'SELECT ?, :a, ?', [1, { a: 2 }, 3], [1, 2, 3]],
      ['by number', 'SELECT ?2, ?1, ?2', ['one', 'two'], ['two', 'one', 'two']],
      ['by number in an object', 'SELECT ?2, ?1', [{ 1: 'one', 2: 'two' }], ['two', 'one']],
      ['by number, and the next', 'SELECT ?2, ?', ['one', 'two', 'three'], ['two', 'three']],
      ['called like nothing else', 'SELECT :__proto__', [JSON.parse('{"__proto__":1}')], [1]],
      ['as bytes alone', 'SELECT ?', [Buffer.from('b')], [Buffer.from('b')]],
    ])('are taken %s', async (_how, sql, params, row) => {
      const { database: db } = await database();
      const statement = () => db.prepare(sql).raw();
      expect(statement().get(...params)).toEqual(row);
      expect(statement().all(...params)).toEqual([row]);
      expect([...statement().iterate(...params)]).toEqual([row]);
      expect(
        statement()
          .bind(...params)
          .get(),
      ).toEqual(row);
    });

    it.each<[string, string, readonly unknown[]]>([
      ['none', '?, ?', []],
      ['too few', '?, ?', ['x']],
      ['too many', '?, ?', ['x', 'y', 'z']],
      ['too few numbered', '?1, ?3', ['x', 'y']],
      ['a missing name', '$a, $b', [{ a: 'x' }]],
      ['an inherited name', '$a, $toString', [{ a: 'x' }]],
      ['an undefined name', '$a, $b', [{ a: 'x', b: undefined }]],
      ['no object', '$a, $b', []],
      ['a list for names', '$a, $b', ['x', 'y']],
      ['two objects', '$a, $b', [{ a: 'x' }, { b: 'y' }]],
      ['an object for a "?"', '?, ?', [{}]],
      ['an object for one "?"', '?, ?', ['x', {}]],
      ['an object beside the others', '?, ?', ['x', 'y', {}]],
      ['an object in an array', '?, ?', [['x', {}]]],
      ['an object of a class', '$a, $b', [new (class {})()]],
      ['an integer beyond 64 bits', '?, ?', [1n, 2n ** 63n]],
      ['true', '?, ?', [1, true]],
    ])('are refused before anything runs: %s', async (_what, values, params) => {
      const { database: db, one } = await database();
      db.exec('CREATE TABLE t (a, b)');
      db.exec(`INSERT INTO t VALUES ('a of ${one}', 'b of ${one}')`);
      const [a, b] = values.split(', ');
      const statement = () => db.prepare(`UPDATE t SET a = ${a}, b = ${b} RETURNING 1`);
      for (const use of [
        () => statement().get(...params),
        () => statement().all(...params),
        () => statement().run(...params),
        () => [...statement().iterate(...params)],
        () =>
          statement()
            .bind(...params)
            .all(),
      ]) {
        expect(use).toThrow(REFUSED);
      }
      expect(db.prepare('SELECT * FROM t').all()).toEqual([{ a: `a of ${one}`, b: `b of ${one}` }]);
    });

    it('are as they were when they were bound', async () => {
      const { database: db } = await database();
      const named: { a: unknown } = { a: 1 };
      const listed: unknown[] = [2];
      const byName = db.prepare('SELECT :a').pluck().bind(named);
      const byPlace = db.prepare('SELECT ?').pluck().bind(listed);
      named.a = {};
      listed[0] = {};
      expect([byName.get(), byPlace.get()]).toEqual([1, 2]);
    });

    it('that has a place no SQLite has is refused', async () => {
      const { database: db } = await database();
      for (const place of ['?0', '?32767', '?99999999999999999999']) {
        expect(() => db.prepare(`SELECT ${place}`).get(1)).toThrow(
          expect.objectContaining({ code: 'TENANTRY_INVALID_INPUT' }),
        );
      }
    });
  });
});

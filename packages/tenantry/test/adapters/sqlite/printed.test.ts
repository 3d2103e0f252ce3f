import { Console } from 'node:console';
import { Writable } from 'node:stream';
import { inspect } from 'node:util';
import knex from 'knex';
import { describe, expect, it } from 'vitest';
import {
  prismaSqlite,
  type SqliteDatabase,
  sqliteDatabase,
  sqliteDialect,
  sqliteKnexClient,
} from '../../../src/adapters/sqlite/index.js';
import { onSqlite } from './fixture.js';
import { onTypeorm } from './typeorm-fixture.js';

/** An object in all the ways in which one is printed. */
function printed(value: unknown): string {
  let text = '';
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      text += String(chunk);
      done();
    },
  });
  new Console(stream).log('%o %O %s', value, value, value);
  text += inspect(value, { depth: Number.POSITIVE_INFINITY, showHidden: true });
  for (const copy of [() => JSON.stringify(value), () => inspect(structuredClone(value), { depth: 9 })]) {
    try {
      text += copy();
    } catch {
      // What cannot be copied prints nothing.
    }
  }
  return text;
}

onSqlite((open, _engine, namespace) => {
  describe('what is handed out over SQLite', () => {
    it('prints no path and nothing of another tenant, while it is held and after it was given back', async () => {
      const { tenancy, one } = await open();
      const folder = decodeURI(new URL(namespace().url.replace(/^sqlite:/, 'file:')).pathname);
      const lease = await tenancy.clients(one).acquire();
      const client = lease.client as SqliteDatabase;
      const statement = client.prepare('SELECT username FROM users');
      const rows = statement.iterate();
      const database = sqliteDatabase(tenancy, { tenant: one });
      const dialect = sqliteDialect(tenancy, { tenant: one });
      const driver = dialect.createDriver();
      const connection = await driver.acquireConnection();
      const factory = prismaSqlite(tenancy, { tenant: one });
      const adapter = await factory.connect();
      const transaction = await adapter.startTransaction();
      const db = knex({ client: sqliteKnexClient(tenancy, knex, { tenant: one }), useNullAsDefault: true });
      const raw = (await db.client.acquireConnection()) as object;
      const all = [
        lease,
        client,
        statement,
        rows,
        database,
        database.prepare('SELECT 1'),
        database.transaction(() => {}),
      ];
      all.push(dialect as never, driver as never, connection as never, factory as never, adapter as never);
      const held = [...all, transaction, raw];
      const look = () => {
        for (const each of held) {
          expect(printed(each)).not.toContain(folder);
          expect(printed(each)).not.toContain('.sqlite');
        }
      };
      look();
      rows.next();
      look();
      lease.release();
      await transaction.rollback();
      await driver.releaseConnection(connection);
      await db.client.releaseConnection(raw);
      // Somebody else's statement runs on what was given back.
      await tenancy.session(one).query("SELECT 'canary'");
      look();
      for (const each of held) expect(printed(each)).not.toContain('canary');
      expect(client.name).toBe('');
    });
  });
});

onTypeorm((opened, open) => {
  describe('a DataSource over SQLite, and its query runners', () => {
    it('print no path', async () => {
      expect(open).toBeTypeOf('function');
      const { tenancy, one, source } = await opened();
      await tenancy.run(one, async () => {
        const runner = source.createQueryRunner();
        const database = await runner.connect();
        for (const each of [source, runner, database]) expect(printed(each)).not.toContain('.sqlite');
        await runner.release();
        for (const each of [source, runner, database]) expect(printed(each)).not.toContain('.sqlite');
      });
    });
  });
});

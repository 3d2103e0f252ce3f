import type pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { query } from '../../../src/engines/postgres/messages.js';
import { newId } from '../../../src/tenant/id.js';
import { type SharedDatabase, shareDatabase } from './parts.js';
import { useServer } from './test-server.js';

const NAMES = 'SELECT name FROM users';

onEngine('postgres', () => {
  describe.each(['schema', 'row'] as const)('a connection to one %s of a database', (isolation) => {
    const test = useServer();
    let shared: SharedDatabase;
    beforeAll(async () => {
      shared = await shareDatabase(test, isolation);
    });

    it('reaches its tenant’s rows and no others, and follows when it is moved', async () => {
      const connection = await shared.open('a');
      for (const name of ['a', 'b', 'b', 'a']) {
        connection.rebind(shared.database, { part: shared.part(name) });
        expect((await connection.query(NAMES)).rows).toEqual([{ name: `user of ${name}` }]);
        expect((await connection.query(NAMES)).rows).toEqual([{ name: `user of ${name}` }]);
      }
      await connection.close();
    });

    it('is moved by what is written together with the statement, and by nothing when it stays', async () => {
      const connection = await shared.open('a');
      await connection.query(NAMES);
      connection.rebind(shared.database, { part: shared.part('b') });
      const written: string[] = [];
      const { stream } = (connection.lend({ raw: true }).client as pg.Client).connection;
      const write = stream.write.bind(stream) as (bytes: Buffer) => boolean;
      stream.write = ((bytes: Buffer) => {
        written.push(bytes.toString('latin1'));
        return write(bytes);
      }) as typeof stream.write;
      const binding =
        isolation === 'schema' ? 'SET search_path TO "of_b", pg_temp' : "tenantry.tenant TO E'b'";
      for (const isMoved of [true, false]) {
        const answer = connection.query(NAMES);
        // Before any reply can have come.
        const sent = written.splice(0).join('');
        expect(sent).toContain(NAMES);
        expect(sent.includes(binding)).toBe(isMoved);
        expect((await answer).rows).toEqual([{ name: 'user of b' }]);
        expect(written).toEqual([]);
      }
      await connection.close();
    });

    it('is bound before a borrower can write to the socket past the driver', async () => {
      const connection = await shared.open('a');
      connection.rebind(shared.database, { part: shared.part('b') });
      const { client } = connection.lend();
      const { stream } = (client as pg.Client).connection;
      stream.write(query("INSERT INTO users (name) VALUES ('past the driver')"));
      const added = async (name: string) => {
        const other = await shared.open(name);
        const { rows } = await other.query("SELECT name FROM users WHERE name = 'past the driver'");
        await other.close();
        return rows.length;
      };
      await expect.poll(() => added('b')).toBe(1);
      expect(await added('a')).toBe(0);
      connection.destroy();
      const cleaner = await shared.open('b');
      await cleaner.query("DELETE FROM users WHERE name = 'past the driver'");
      await cleaner.close();
    });

    it('says on which server instance and database it is', async () => {
      const connections = [await shared.open('a'), await shared.open('b')];
      const [one, other] = connections.map(({ instance }) => instance);
      expect(one).toBeTypeOf('string');
      expect(other).toBe(one);
      for (const connection of connections) await connection.close();
    });

    it('says whose it is only while it is bound to what exists', async () => {
      const provisioning = await shared.server.provisioning();
      const identity = {
        incarnation: 'here',
        fence: 1,
        tenantId: newId(),
        epoch: 3,
        state: 'active',
      } as const;
      await test.admin(`GRANT CREATE ON DATABASE "${shared.database}" TO ${new URL(shared.url).username}`);
      await provisioning.changeIdentity(shared.database, undefined, identity, { part: shared.part('a') });
      const connection = await shared.open('a');
      expect(await connection.readIdentity()).toEqual(identity);
      for (const name of ['b', 'nobody']) {
        connection.rebind(shared.database, { part: shared.part(name) });
        expect(await connection.readIdentity()).toBeUndefined();
      }
      connection.rebind(shared.database, { part: shared.part('a') });
      await connection.query('RESET ALL');
      expect(await connection.readIdentity()).toBeUndefined();
      await connection.close();
    });
  });
});

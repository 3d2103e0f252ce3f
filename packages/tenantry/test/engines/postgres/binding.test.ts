import { beforeAll, describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
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
  });
});

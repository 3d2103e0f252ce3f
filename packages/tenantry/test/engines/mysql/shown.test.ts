import { once } from 'node:events';
import { inspect } from 'node:util';
import type { Connection } from 'mysql2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { shown } from '../../../../../test/helpers/shown.js';
import type { MysqlSender } from '../../../src/engines/mysql/lend.js';
import { borrow, useTwoDatabases } from './borrow.js';
import { useServer } from './test-server.js';

const CANARY = 'canary-password-77';
const MARKER = 'of-the-next-tenant';

onEngine('mysql', () => {
  const test = useServer();
  const tenants = useTwoDatabases(test);
  let url: string;

  beforeAll(async () => {
    const name = `${test.database}_seen`;
    await test.admin(`CREATE USER \`${name}\`@localhost IDENTIFIED BY '${CANARY}'`);
    await test.admin(`GRANT ALL ON *.* TO \`${name}\`@localhost`);
    const parsed = new URL(test.url);
    Object.assign(parsed, { username: name, password: CANARY });
    url = parsed.href;
  });
  afterAll(() => test.admin(`DROP USER \`${test.database}_seen\`@localhost`));

  /** All that a borrower can have of a client, by name: what runs, what has run, what was prepared. */
  const everythingOf = async (client: Connection): Promise<Map<string, unknown>> => {
    const things = new Map<string, unknown>();
    const keep = async (name: string, command: unknown) => {
      things.set(name, command);
      expect(shown(command), `${name}, running`).not.toContain(CANARY);
      await once(command as NodeJS.EventEmitter, 'end');
    };
    await keep('query', client.query('SELECT SLEEP(0.01)'));
    await keep(
      'query with a callback',
      client.query('SELECT 1', () => {}),
    );
    await keep('execute', client.execute('SELECT SLEEP(0.01)'));
    await keep(
      'execute with a callback',
      client.execute('SELECT ?', [1], () => {}),
    );
    await keep(
      'beginTransaction',
      client.beginTransaction(() => {}),
    );
    await keep(
      'commit',
      client.commit(() => {}),
    );
    await keep(
      'rollback',
      client.rollback(() => {}),
    );
    const statement = await new Promise<{ execute(values: unknown[]): unknown }>((resolve, reject) => {
      client.prepare('SELECT ?', (error, prepared) =>
        error ? reject(error) : resolve(prepared as unknown as { execute(values: unknown[]): unknown }),
      );
    });
    things.set('statement', statement);
    await keep('statement.execute', statement.execute([1]));
    const streaming = client.query('SELECT seq FROM seq_1_to_200');
    const stream = streaming.stream();
    for await (const row of stream) expect(row).toBeDefined();
    things.set('stream', stream).set('streaming', streaming);
    things.set('error', await new Promise((resolve) => client.query('SELECT nonsense', resolve)));
    const promised = client.promise();
    things.set('promise face', promised).set('rows', await promised.query('SELECT 1'));
    things.set(
      'error of the promise face',
      await promised.execute('SELECT nonsense').catch((error) => error),
    );
    things.set('socket', (client as unknown as { readonly stream: object }).stream);
    return things.set('configuration', client.config).set('client', client);
  };

  describe('what is printed of a lent client and of all that it gave', () => {
    it('holds no password', async () => {
      const { connection } = await borrow(url, tenants.a);
      const client = connection.lend().client as Connection;
      for (const [name, thing] of await everythingOf(client)) {
        expect(shown(thing), name).not.toContain(CANARY);
      }
      expect(client.config.password).toBeUndefined();
    });

    it('holds no password where the client itself is given', async () => {
      const { connection } = await borrow(url, tenants.a);
      const client = connection.lend({ raw: true }).client as Connection;
      for (const [name, thing] of await everythingOf(client)) {
        expect(shown(thing), name).not.toContain(CANARY);
      }
    });

    it('tells after its end nothing of whom its connection serves then', async () => {
      const { connection } = await borrow(url, tenants.a);
      const kept = connection.lend();
      const things = await everythingOf(kept.client as Connection);
      kept.revoke();
      connection.rebind(tenants.b);
      const secret = connection.query(`SELECT '${MARKER}', SLEEP(0.05)`);
      for (const [name, thing] of things) expect(shown(thing), name).not.toContain(MARKER);
      await secret;
      for (const [name, thing] of things) expect(shown(thing), name).not.toContain(MARKER);
    });

    it('can be printed after its end', async () => {
      const { connection } = await borrow(url, tenants.a);
      const kept = connection.lend();
      kept.revoke();
      expect(JSON.stringify({ client: kept.client })).toBe('{"client":{}}');
      expect(inspect(kept.client)).toBe('PoolConnection {}');
    });
  });

  it('a command that a pool sends shows no password', async () => {
    const { connection } = await borrow(url, tenants.a);
    const sender = connection.sender() as MysqlSender;
    for (const send of ['query', 'execute'] as const) {
      const command = (sender[send] as (...args: unknown[]) => unknown)(
        'SELECT 1',
        [],
        () => {},
      ) as NodeJS.EventEmitter;
      await once(command, 'end');
      expect(shown(command)).not.toContain(CANARY);
    }
  });
});

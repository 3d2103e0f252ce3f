import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { postgres } from '../../../src/engines/postgres/index.js';
import { IdentityMismatchError, InvalidInputError } from '../../../src/errors.js';
import { newId } from '../../../src/tenant/id.js';
import { failure, until, useServer } from './test-server.js';

onEngine('postgres', () => {
  const test = useServer();
  const made: string[] = [];

  afterEach(async () => {
    for (const name of made.splice(0)) await test.provisioning.dropDatabase(name);
  });

  function newName(): string {
    const name = `Made_${randomBytes(6).toString('hex')}`;
    made.push(name);
    return name;
  }

  async function create(): Promise<string> {
    const name = newName();
    await test.provisioning.createDatabase(name);
    return name;
  }

  describe('making a database', () => {
    it('gives an empty one in UTF8', async () => {
      const name = await create();
      expect(await test.provisioning.isEmpty(name)).toBe(true);
      const connection = await test.open(name);
      const { rows } = await connection.query("SELECT current_setting('server_encoding') AS encoding");
      expect(rows).toEqual([{ encoding: 'UTF8' }]);
    });

    it('of one name at once makes one, and says to the others that it exists', async () => {
      const name = newName();
      const results = await Promise.allSettled(
        Array.from({ length: 4 }, () => test.provisioning.createDatabase(name)),
      );
      const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
      expect(errors.map((error) => postgres.classifyError(error))).toEqual(Array(3).fill('database-exists'));
    });

    it('of several names at once makes all', async () => {
      const names = Array.from({ length: 4 }, newName);
      await Promise.all(names.map((name) => test.provisioning.createDatabase(name)));
      for (const name of names) expect(await test.provisioning.databaseExists(name)).toBe(true);
    });

    it('works where somebody sits in template1', async () => {
      await test.open('template1');
      expect(await test.provisioning.databaseExists(await create())).toBe(true);
    });
  });

  describe('dropping a database', () => {
    it('ends the sessions in it', async () => {
      const name = await create();
      const connection = await test.open(name);
      await connection.begin();
      await connection.query('CREATE TABLE held (id int)');
      await test.provisioning.dropDatabase(name);
      expect(await test.provisioning.databaseExists(name)).toBe(false);
      await until(() => !connection.isAlive());
    });

    it('that is not there does nothing', async () => {
      await test.provisioning.dropDatabase('Nowhere');
    });
  });

  describe('listing databases', () => {
    it('leaves out the templates and the maintenance database', async () => {
      const name = await create();
      const names = await test.provisioning.listDatabases();
      expect(names).toContain(name);
      expect(names.filter((each) => /^(template\d|postgres)$/.test(each))).toEqual([]);
    });
  });

  describe('an empty database', () => {
    it('may hold an identity, and no table, view or sequence in any schema', async () => {
      const name = await create();
      await test.provisioning.changeIdentity(name, undefined, {
        incarnation: 'here',
        fence: 1,
        tenantId: newId(),
        epoch: 1,
        state: 'creating',
      });
      expect(await test.provisioning.isEmpty(name)).toBe(true);
      for (const object of ['TABLE x.o (id int)', 'VIEW x.o AS SELECT 1', 'SEQUENCE x.o']) {
        await test.provisioning.runScript(name, `CREATE SCHEMA x; CREATE ${object}`);
        expect(await test.provisioning.isEmpty(name)).toBe(false);
        await test.provisioning.runScript(name, 'DROP SCHEMA x CASCADE');
        expect(await test.provisioning.isEmpty(name)).toBe(true);
      }
    });
  });

  describe('an identity', () => {
    it('is read back as it was written, and replaced', async () => {
      const name = await create();
      expect(await test.provisioning.readIdentity(name)).toBeUndefined();
      const identity = {
        incarnation: 'here',
        fence: 1,
        tenantId: newId(),
        epoch: Number.MAX_SAFE_INTEGER,
        state: 'active',
      } as const;
      await test.provisioning.changeIdentity(name, undefined, { ...identity, epoch: 1 });
      await test.provisioning.changeIdentity(name, { ...identity, epoch: 1 }, identity);
      expect(await test.provisioning.readIdentity(name)).toEqual(identity);
      await test.provisioning.runScript(name, 'DELETE FROM tenantry.identity');
      expect(await test.provisioning.readIdentity(name)).toBeUndefined();
    });

    it('cannot be forged by a search_path', async () => {
      const name = await create();
      const identity = {
        incarnation: 'here',
        fence: 1,
        tenantId: newId(),
        epoch: 3,
        state: 'active',
      } as const;
      await test.provisioning.changeIdentity(name, undefined, identity);
      await test.provisioning.runScript(
        name,
        `CREATE SCHEMA evil;
       CREATE TABLE evil.identity AS SELECT id, incarnation, 'evil' AS tenant_id, epoch, fence, state, updated_at FROM tenantry.identity;
       CREATE FUNCTION evil.never(smallint, integer) RETURNS boolean LANGUAGE sql AS 'SELECT false';
       CREATE OPERATOR evil.= (LEFTARG = smallint, RIGHTARG = integer, FUNCTION = evil.never);
       CREATE FUNCTION evil.current_database() RETURNS name LANGUAGE sql AS 'SELECT ''evil''::name';
       CREATE DOMAIN evil.text AS varchar(1);
       ALTER DATABASE "${name}" SET search_path = evil, tenantry, pg_catalog;`,
      );
      const connection = await test.open(name);
      expect(await connection.readIdentity()).toEqual(identity);
      expect(await connection.currentDatabase()).toBe(name);
      const next = { ...identity, fence: 2 };
      await test.provisioning.changeIdentity(name, identity, next);
      expect(await connection.readIdentity()).toEqual(next);
    });

    it('that makes no sense is not believed', async () => {
      const name = await create();
      await test.provisioning.changeIdentity(name, undefined, {
        incarnation: 'here',
        fence: 1,
        tenantId: newId(),
        epoch: 3,
        state: 'active',
      });
      await test.provisioning.runScript(name, "UPDATE tenantry.identity SET state = 'whatever'");
      expect(await failure(test.provisioning.readIdentity(name))).toBeInstanceOf(IdentityMismatchError);
    });
  });

  describe('a script', () => {
    it('runs as a whole or not at all', async () => {
      const name = await create();
      const script =
        "CREATE TABLE a (x text); INSERT INTO a VALUES (';'); SELECT no_such_column; CREATE TABLE b ()";
      expect(await failure(test.provisioning.runScript(name, script))).toMatchObject({ code: '42703' });
      expect(await test.provisioning.isEmpty(name)).toBe(true);
      await test.provisioning.runScript(name, script.replace('no_such_column', "'fine'"));
      expect(await test.provisioning.isEmpty(name)).toBe(false);
    });

    it('that leaves a transaction open fails', async () => {
      const name = await create();
      const attempt = test.provisioning.runScript(name, 'BEGIN; CREATE TABLE a (x int)');
      expect(await failure(attempt)).toBeInstanceOf(InvalidInputError);
      expect(await test.provisioning.isEmpty(name)).toBe(true);
    });
  });

  describe('a step that is aborted', () => {
    it('is cancelled at the server and leaves no session', async () => {
      const name = await create();
      const abort = new AbortController();
      const attempt = failure(
        test.provisioning.runScript(name, 'SELECT pg_sleep(60)', { signal: abort.signal }),
      );
      const sessions = () => test.admin(`SELECT state FROM pg_stat_activity WHERE datname = '${name}'`);
      await until(async () => (await sessions())[0]?.state === 'active');
      const reason = new Error('enough');
      abort.abort(reason);
      expect(await attempt).toBe(reason);
      await until(async () => (await sessions()).length === 0);
    });

    it('before it began does nothing', async () => {
      const name = newName();
      const signal = AbortSignal.abort();
      expect(await failure(test.provisioning.createDatabase(name, { signal }))).toBe(signal.reason);
      expect(await test.provisioning.databaseExists(name)).toBe(false);
    });
  });
});

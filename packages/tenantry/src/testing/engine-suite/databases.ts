import { describe, expect, it } from 'vitest';
import { NotSentError } from '../../engine/not-sent.js';
import { IdentityMismatchError } from '../../errors.js';
import { newId } from '../../tenant/id.js';
import type { Identity } from '../../tenant/tenant.js';
import { failureOf, numberFrom, type SuiteContext } from './suite-context.js';

/** Making, describing and dropping databases, and what they say they are. */
export function describeDatabases(suite: SuiteContext): void {
  describe('a database', () => {
    it('is there, in its exact case, from its creation to its end', async () => {
      const provisioning = await suite.provisioning();
      const name = suite.fixture.databaseName();
      expect(await provisioning.databaseExists(name)).toBe(false);
      await provisioning.createDatabase(name);
      expect(await provisioning.databaseExists(name)).toBe(true);
      expect(await provisioning.databaseExists(name.toLowerCase())).toBe(false);
      expect(await provisioning.databaseExists(name.toUpperCase())).toBe(false);
      // Collations of the server may ignore a space at the end; an engine may also refuse such a name.
      expect(await provisioning.databaseExists(`${name} `).catch(() => false)).toBe(false);
      expect(await provisioning.listDatabases()).toContain(name);
      await provisioning.dropDatabase(name);
      expect(await provisioning.databaseExists(name)).toBe(false);
      expect(await provisioning.listDatabases()).not.toContain(name);
      expect(await suite.kindOf(suite.open(name))).toBe('unknown-database');
    });

    it('is not made twice', async () => {
      const provisioning = await suite.provisioning();
      expect(await suite.kindOf(provisioning.createDatabase(suite.database))).toBe('database-exists');
    });

    it('is not made when that was aborted before it began', async () => {
      const provisioning = await suite.provisioning();
      const name = suite.fixture.databaseName();
      await failureOf(provisioning.createDatabase(name, { signal: AbortSignal.abort() }));
      expect(await provisioning.databaseExists(name)).toBe(false);
    });

    it('that does not exist can be dropped', async () => {
      await (await suite.provisioning()).dropDatabase(suite.fixture.databaseName());
    });

    it('is dropped even while somebody sits in it, who gets no answer from it any more', async () => {
      const name = await suite.newDatabase();
      const [sitting, witness] = [await suite.open(name), await suite.open()];
      const { sessions } = suite.dialect;
      const id = sessions && (await numberFrom(sitting, sessions.ownId, 'id'));
      await (await suite.provisioning()).dropDatabase(name);
      await expect.poll(() => sitting.isAlive()).toBe(false);
      expect(sitting.isClean()).toBe(false);
      expect(await failureOf(sitting.query('SELECT 1'))).toBeInstanceOf(NotSentError);
      if (sessions === undefined || id === undefined) return;
      await expect.poll(() => numberFrom(witness, sessions.count(id), 'n')).toBe(0);
    });

    it('of the system is not listed', async () => {
      const listed = await (await suite.provisioning()).listDatabases();
      for (const name of ['mysql', 'information_schema', 'postgres', 'template1']) {
        expect(listed).not.toContain(name);
      }
    });

    it('is empty as long as it holds nothing but its identity', async () => {
      const provisioning = await suite.provisioning();
      const name = await suite.newDatabase();
      expect(await provisioning.isEmpty(name)).toBe(true);
      await provisioning.changeIdentity(name, undefined, identity());
      expect(await provisioning.isEmpty(name)).toBe(true);
      await suite.newTable(await suite.open(name));
      expect(await provisioning.isEmpty(name)).toBe(false);
    });

    it('that holds a catalog is not empty, and gets no identity as a tenant’s', async () => {
      const provisioning = await suite.provisioning();
      const name = await suite.newDatabase();
      expect(await provisioning.conflictAt(name)).toBeUndefined();
      await provisioning.runScript(name, 'CREATE TABLE tenantry_catalog (id INTEGER)');
      expect(await provisioning.isEmpty(name)).toBe(false);
      expect(await provisioning.conflictAt(name)).toBe('catalog');
      const attempt = provisioning.changeIdentity(name, undefined, identity());
      expect(await failureOf(attempt)).toBeInstanceOf(IdentityMismatchError);
      expect(await provisioning.readIdentity(name)).toBeUndefined();
    });
  });

  describe('the identity of a database', () => {
    it('is absent until it is written', async () => {
      const name = await suite.newDatabase();
      expect(await (await suite.provisioning()).readIdentity(name)).toBeUndefined();
      const connection = await suite.open(name);
      expect(await connection.readIdentity()).toBeUndefined();
      expect(connection.isClean()).toBe(true);
    });

    it('reads as it was written, last', async () => {
      const provisioning = await suite.provisioning();
      const name = await suite.newDatabase();
      const first = identity({ state: 'creating' });
      const second: Identity = { ...first, epoch: 4_000_000_000, fence: 5_000_000_000, state: 'active' };
      await provisioning.changeIdentity(name, undefined, first);
      expect(await provisioning.readIdentity(name)).toEqual(first);
      await provisioning.changeIdentity(name, first, second);
      expect(await provisioning.readIdentity(name)).toEqual(second);
      expect(await (await suite.open(name)).readIdentity()).toEqual(second);
      await provisioning.changeIdentity(name, second, undefined);
      expect(await provisioning.readIdentity(name)).toBeUndefined();
    });

    it('changes only from exactly what it is', async () => {
      const provisioning = await suite.provisioning();
      const name = await suite.newDatabase();
      const now = identity();
      await provisioning.changeIdentity(name, undefined, now);
      const wrong: readonly (Identity | undefined)[] = [
        undefined,
        { ...now, incarnation: newId() },
        { ...now, tenantId: newId() },
        { ...now, epoch: 2 },
        { ...now, fence: 2 },
        { ...now, state: 'creating' },
      ];
      for (const from of wrong) {
        const changed = { ...now, epoch: 9 };
        const attempts = [() => provisioning.changeIdentity(name, from, changed)];
        if (from !== undefined) attempts.push(() => provisioning.changeIdentity(name, from, undefined));
        for (const attempt of attempts) {
          expect(await failureOf(attempt())).toBeInstanceOf(IdentityMismatchError);
        }
      }
      expect(await provisioning.readIdentity(name)).toEqual(now);
    });

    it('is written by one of many who find none', async () => {
      const provisioning = await suite.provisioning();
      const name = await suite.newDatabase();
      const rivals = Array.from({ length: 4 }, () => identity());
      const outcomes = await Promise.allSettled(
        rivals.map((rival) => provisioning.changeIdentity(name, undefined, rival)),
      );
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
      expect(await provisioning.readIdentity(name)).toEqual(rivals[winner]);
    });

    it('may be written by whoever may do everything', async () => {
      expect(await (await suite.provisioning()).mayIdentify(suite.database)).toBe(true);
    });

    it('cannot be asked of a database that is missing', async () => {
      const provisioning = await suite.provisioning();
      const name = suite.fixture.databaseName();
      expect(await suite.kindOf(provisioning.readIdentity(name))).toBe('unknown-database');
      const attempt = provisioning.changeIdentity(name, undefined, identity());
      expect(await suite.kindOf(attempt)).toBe('unknown-database');
      expect(await provisioning.databaseExists(name)).toBe(false);
    });
  });

  describe('a script', () => {
    it('runs every statement, whatever stands in its strings and comments', async () => {
      const name = await suite.newDatabase();
      await (await suite.provisioning()).runScript(
        name,
        `-- a comment; with a semicolon
        CREATE TABLE scripted (id INTEGER PRIMARY KEY, name VARCHAR(100) NOT NULL);
        /* another; one */
        INSERT INTO scripted VALUES (1, 'a;b'), (2, 'it''s; -- not a comment');
        ;
        INSERT INTO scripted VALUES (3, '\u{1f600}')`,
      );
      const { rows } = await (await suite.open(name)).query('SELECT name FROM scripted ORDER BY id');
      expect(rows.map((row) => row.name)).toEqual(['a;b', "it's; -- not a comment", '\u{1f600}']);
    });

    it('stops at its first error', async () => {
      const name = await suite.newDatabase();
      const script = `
        CREATE TABLE before_it (id INTEGER);
        INSERT INTO no_such_table VALUES (1);
        CREATE TABLE after_it (id INTEGER);`;
      const attempt = (await suite.provisioning()).runScript(name, script);
      expect(await suite.kindOf(attempt)).toBe('missing-table');
      const after = (await suite.open(name)).query('SELECT * FROM after_it');
      expect(await suite.kindOf(after)).toBe('missing-table');
    });

    it('may be empty', async () => {
      const name = await suite.newDatabase();
      await (await suite.provisioning()).runScript(name, ' \n-- nothing\n');
      expect(await (await suite.provisioning()).isEmpty(name)).toBe(true);
    });
  });
}

function identity(own: Partial<Identity> = {}): Identity {
  return { incarnation: newId(), tenantId: newId(), epoch: 1, fence: 1, state: 'active', ...own };
}

import { describe, expect, it } from 'vitest';
import {
  type Executor,
  type Session,
  TenancyError,
  TransactionEndedError,
} from '../../packages/tenantry/src/index.js';
import { type EngineUnderTest, forEachEngine, onEngine, useNamespace } from '../helpers/engines.js';
import { insertUser, openTenancy } from './tenancies.js';

/** Makes tenants in a namespace of its own; gives a session of each. */
function useTenants(engine: EngineUnderTest): (suffix: string) => Promise<Session> {
  const namespace = useNamespace(engine);
  return async (suffix) => {
    const tenancy = await openTenancy(namespace());
    const name = namespace().name(suffix);
    await tenancy.tenants.create({ name });
    return tenancy.session(name);
  };
}

async function userIds(session: Session): Promise<number[]> {
  const rows = await session.query<{ id: number }>('SELECT id FROM users ORDER BY id');
  return rows.map(({ id }) => Number(id));
}

forEachEngine((engine) => {
  const tenant = useTenants(engine);

  describe('a transaction that one of its statements ends', () => {
    for (const end of ['COMMIT', 'ROLLBACK']) {
      it(`by ${end} takes no further statement, and does not pass for committed`, async () => {
        const session = await tenant(`by_${end.toLowerCase()}`);
        let later: unknown;
        const done = session.transaction(async (tx) => {
          await tx.execute(insertUser(1, 'before'));
          await tx.execute(end);
          later = await tx.execute(insertUser(2, 'after')).catch((error: unknown) => error);
        });
        await expect(done).rejects.toThrow(TransactionEndedError);
        expect(later).toBeInstanceOf(TransactionEndedError);
        expect(await userIds(session)).toEqual(end === 'COMMIT' ? [1] : []);
      });

      it(`by ${end} at its very end does not pass for committed`, async () => {
        const session = await tenant(`last_${end.toLowerCase()}`);
        const done = session.transaction(async (tx) => {
          await tx.execute(insertUser(1, 'before'));
          void tx.execute(end);
        });
        await expect(done).rejects.toMatchObject({ code: 'TENANTRY_TRANSACTION_ENDED' });
      });
    }

    it('tells so where its function throws, because nothing was rolled back', async () => {
      const session = await tenant('throws');
      const reason = new Error('to have it all rolled back');
      const done = session.transaction(async (tx) => {
        await tx.execute(insertUser(1, 'stays'));
        await tx.execute('COMMIT');
        throw reason;
      });
      await expect(done).rejects.toMatchObject({ code: 'TENANTRY_TRANSACTION_ENDED', cause: reason });
      expect(await userIds(session)).toEqual([1]);
    });

    it('leaves its connection to the next one, which is a transaction again', async () => {
      const session = await tenant('next');
      await session.transaction((tx) => tx.execute('ROLLBACK')).catch(() => {});
      await expect(
        session.transaction(async (tx) => {
          await tx.execute(insertUser(1, 'rolled back'));
          throw new Error('no');
        }),
      ).rejects.toThrow('no');
      expect(await userIds(session)).toEqual([]);
    });
  });
});

onEngine('mysql', (engine) => {
  const tenant = useTenants(engine);
  let tenants = 0;

  describe('a transaction', () => {
    it('ends by DDL, which commits it', async () => {
      const session = await tenant('ddl');
      const done = session.transaction(async (tx) => {
        await tx.execute(insertUser(1, 'before'));
        await tx.execute('CREATE TABLE more (id INT)');
        await tx.execute(insertUser(2, 'after'));
      });
      await expect(done).rejects.toThrow(TransactionEndedError);
      expect(await userIds(session)).toEqual([1]);
    });

    it('is not told to have ended where its connection was lost', async () => {
      const session = await tenant('lost');
      await session.execute('CREATE PROCEDURE loses() KILL CONNECTION CONNECTION_ID()');
      const done = session.transaction(async (tx) => {
        await tx.execute(insertUser(1, 'before'));
        await tx.execute('CALL loses()');
      });
      await expect(done).rejects.toMatchObject({ code: 'TENANTRY_CONNECTION_LOST' });
      expect(await userIds(session)).toEqual([]);
    });

    it('ends by DDL that fails, which commits it as well', async () => {
      const session = await tenant('failed_ddl');
      const done = session.transaction(async (tx) => {
        await tx.execute(insertUser(1, 'before'));
        await tx.execute('CREATE TABLE users (id INT)');
      });
      await expect(done).rejects.toThrow(TransactionEndedError);
      expect(await userIds(session)).toEqual([1]);
    });

    it.each([
      ['BEGIN'],
      ['start transaction'],
      ['COMMIT AND CHAIN'],
      ['ROLLBACK WORK AND CHAIN'],
      ['COMMIT AND\n  CHAIN'],
      ['COMMIT /* a */ AND -- b\n CHAIN NO RELEASE'],
      ['/* a */ commit and/**/chain'],
      ['# a\nROLLBACK # b\nAND CHAIN'],
      ['/*! COMMIT */ AND CHAIN'],
      ['/*M! COMMIT AND CHAIN */'],
      ['/* a */ BEGIN'],
      ['BEGIN NOT ATOMIC COMMIT; START TRANSACTION; END'],
      ["EXECUTE IMMEDIATE 'COMMIT AND CHAIN'"],
      ["EXECUTE IMMEDIATE CONCAT('COM', 'MIT AND CHAIN')"],
      ['SET STATEMENT completion_type = 1 FOR COMMIT'],
      ['SET completion_type = 1', 'COMMIT'],
      ['SET completion_type = CHAIN', 'ROLLBACK'],
      ["PREPARE again FROM 'COMMIT AND CHAIN'", 'EXECUTE again'],
      ['CALL begins_anew()'],
      ['CALL fails_anew()'],
      ['SET completion_type = 1', 'CREATE TABLE more (id INT)'],
      ['SET autocommit = 0', 'CREATE TABLE more (id INT)'],
      ['SET autocommit = 0', 'COMMIT'],
      ['SET autocommit = 0', 'CALL commits()'],
      ['LOCK TABLES users WRITE'],
      ['SET autocommit = 0', 'UPDATE users SET id = id', '/* a */ LOCK TABLES users WRITE'],
      ['COMMIT RELEASE'],
      ['SET completion_type = 2', 'COMMIT'],
    ])('ends where the server ends it, whatever begins then: %s', async (...statements) => {
      const session = await tenant(`another_${++tenants}`);
      for (const [name, body] of [
        ['begins_anew', 'COMMIT; START TRANSACTION'],
        ['fails_anew', "COMMIT; START TRANSACTION; SIGNAL SQLSTATE '45000'"],
        ['commits', "COMMIT; INSERT INTO users (id, username) VALUES (3, 'in the other one')"],
      ])
        await session.execute(`CREATE PROCEDURE ${name}() BEGIN ${body}; END`);
      let later: unknown;
      const done = session.transaction(async (tx) => {
        await tx.execute(insertUser(1, 'before'));
        for (const sql of statements) await tx.execute(sql).catch(() => {});
        later = await tx.execute(insertUser(2, 'in the other one')).catch((error: unknown) => error);
      });
      await expect(done).rejects.toBeInstanceOf(TenancyError);
      expect(later).toBeInstanceOf(TenancyError);
      expect(await userIds(session)).not.toContain(2);
      await session.transaction(async (tx) => void (await tx.execute(insertUser(4, 'next'))));
      expect(await userIds(session)).toContain(4);
    });

    it.each([
      ['SAVEPOINT a', 'ROLLBACK TO a'],
      ['SAVEPOINT a', 'rollback work to savepoint a', 'RELEASE SAVEPOINT a'],
      ['SAVEPOINT a', '/* call: a */ ROLLBACK TO a'],
      ['-- begin\nSAVEPOINT a', '# call\n/* b */ ROLLBACK WORK TO SAVEPOINT a'],
      ['SAVEPOINT a', 'CALL works()', 'ROLLBACK TO a'],
      ['CALL works()'],
      ['/* the start */ UPDATE users SET username = "begin"'],
      ["EXECUTE IMMEDIATE 'SELECT 1'"],
      ["SET @a = 'commit and chain'"],
      ['CALL nothing_of_that_name()'],
      ['BEGIN NOT ATOMIC SELECT 1; END'],
    ])('goes on where nothing ended it: %s', async (...statements) => {
      const session = await tenant(`same_${++tenants}`);
      await session.execute(
        'CREATE PROCEDURE works() BEGIN SAVEPOINT b; DELETE FROM users WHERE id = 7; END',
      );
      const changes = (end: () => void) =>
        session.transaction(async (tx) => {
          await tx.execute(insertUser(1, 'before'));
          for (const sql of statements) await tx.execute(sql).catch(() => {});
          await tx.execute(insertUser(2, 'after'));
          end();
        });
      await expect(
        changes(() => {
          throw new Error('no');
        }),
      ).rejects.toThrow('no');
      expect(await userIds(session)).toEqual([]);
      await changes(() => {});
      expect(await userIds(session)).toEqual([1, 2]);
    });

    it('that is chosen as victim of a deadlock takes no further statement, and says what it was', async () => {
      const session = await tenant('deadlock');
      await session.execute(insertUser(1, 'one'));
      await session.execute(insertUser(2, 'two'));
      const barrier = meeting(2);
      const rename = (tx: Executor, id: number, name: string) =>
        tx.execute(`UPDATE users SET username = '${name}' WHERE id = ${id}`);
      const attempt = (name: string, first: number, second: number) =>
        session.transaction(async (tx) => {
          await rename(tx, first, name);
          await barrier();
          // Who swallows it goes on as if nothing had happened.
          await rename(tx, second, name).catch(() => {});
          await tx.execute(insertUser(10 + first, name));
        });
      const outcomes = await Promise.allSettled([attempt('a', 1, 2), attempt('b', 2, 1)]);
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
      expect(outcomes[1 - winner]).toMatchObject({
        reason: { code: 'TENANTRY_TRANSACTION_ENDED', kind: 'deadlock' },
      });
      expect(await userIds(session)).toEqual([1, 2, 11 + winner]);
    });

    it('that is a deadlock’s victim rejects with the error that its function throws', async () => {
      const session = await tenant('rethrown');
      await session.execute(insertUser(1, 'one'));
      await session.execute(insertUser(2, 'two'));
      const barrier = meeting(2);
      const attempt = (first: number, second: number) =>
        session.transaction(async (tx) => {
          await tx.execute(`UPDATE users SET username = 'x' WHERE id = ${first}`);
          await barrier();
          await tx.execute(`UPDATE users SET username = 'x' WHERE id = ${second}`);
        });
      const outcomes = await Promise.allSettled([attempt(1, 2), attempt(2, 1)]);
      const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
      expect(reasons).toEqual([expect.objectContaining({ code: 'TENANTRY_QUERY_FAILED', kind: 'deadlock' })]);
    });
  });
});

onEngine('postgres', (engine) => {
  const tenant = useTenants(engine);

  describe('a transaction', () => {
    it('whose function swallows an error tells it as the cause of all that fails of it', async () => {
      const session = await tenant('swallows');
      let later: unknown;
      const done = session.transaction(async (tx) => {
        await tx.execute(insertUser(1, 'undone'));
        await tx.query('SELECT nothing FROM nowhere').catch(() => {});
        later = await tx.query('SELECT 1').catch((error: unknown) => error);
      });
      const why = {
        code: 'TENANTRY_QUERY_FAILED',
        kind: 'transaction-failed',
        message: expect.stringContaining('nowhere'),
        cause: { code: 'TENANTRY_QUERY_FAILED', kind: 'missing-table' },
      };
      await expect(done).rejects.toMatchObject(why);
      expect(later).toMatchObject(why);
      expect(await userIds(session)).toEqual([]);
    });

    it('tells of the failure that it comes of, and of none that was taken back', async () => {
      const session = await tenant('taken_back');
      const done = session.transaction(async (tx) => {
        await tx.execute(insertUser(1, 'once'));
        await tx.execute('SAVEPOINT before');
        await tx.execute(insertUser(1, 'twice')).catch(() => {});
        await tx.execute('ROLLBACK TO before');
        await tx.query('SELECT $1', [{} as never]).catch(() => {});
        await tx.query('SELEC 1').catch(() => {});
      });
      await expect(done).rejects.toMatchObject({
        kind: 'transaction-failed',
        message: expect.stringContaining('SELEC'),
      });
    });

    const CHAINS = [
      'COMMIT AND CHAIN',
      'ROLLBACK AND CHAIN',
      'end transaction and chain;',
      'ABORT WORK AND CHAIN',
      '/* of ours */ rollback /* a /* nested */ comment */\n\tAND -- to savepoint chain\n chain',
    ];
    for (const [index, chain] of CHAINS.entries()) {
      it(`ends where ${JSON.stringify(chain)} begins another one`, async () => {
        const session = await tenant(`chain_${index}`);
        let later: unknown;
        const done = session.transaction(async (tx) => {
          await tx.execute(insertUser(1, 'before'));
          await tx.execute(chain);
          later = await tx.execute(insertUser(2, 'in the other one')).catch((error: unknown) => error);
        });
        await expect(done).rejects.toThrow(TransactionEndedError);
        expect(later).toBeInstanceOf(TransactionEndedError);
        expect(await userIds(session)).toEqual(/commit|end/.test(chain.toLowerCase()) ? [1] : []);
      });
    }

    it('ends where a failed one is committed and another begins', async () => {
      const session = await tenant('chain_failed');
      const done = session.transaction(async (tx) => {
        await tx.execute(insertUser(1, 'before'));
        await tx.query('SELECT 1 / 0').catch(() => {});
        await tx.execute('COMMIT AND CHAIN');
        await tx.execute(insertUser(2, 'in the other one'));
      });
      await expect(done).rejects.toThrow(TransactionEndedError);
      expect(await userIds(session)).toEqual([]);
    });

    it('is not ended behind another statement, by a block or by a procedure: the server refuses that', async () => {
      const session = await tenant('chain_hidden');
      await session.execute('CREATE PROCEDURE ends() LANGUAGE plpgsql AS $$ BEGIN COMMIT AND CHAIN; END $$');
      for (const text of [
        'SELECT 1; COMMIT AND CHAIN',
        'DO $$ BEGIN COMMIT AND CHAIN; END $$',
        'CALL ends()',
      ]) {
        const done = session.transaction(async (tx) => {
          await tx.execute(insertUser(1, 'before'));
          await tx.execute(text).catch(() => {});
        });
        await expect(done, text).rejects.toThrow(/rolled back/);
        expect(await userIds(session), text).toEqual([]);
      }
    });

    it('goes on after a return to a savepoint, however that is written', async () => {
      const session = await tenant('savepoint');
      const returns = [
        ...['ROLLBACK TO SAVEPOINT chain', 'rollback transaction to "chain";', 'ROLLBACK WORK TO chain'],
        '/* who asked */ ROLLBACK /* to */ TO -- the point\n "ch" ',
      ];
      await session.transaction(async (tx) => {
        await tx.execute('SAVEPOINT ch');
        await tx.execute('SAVEPOINT chain');
        for (const [index, text] of returns.entries()) {
          await tx.execute(insertUser(100 + index, 'taken back'));
          await tx.execute(text);
          await tx.query('SELECT 1');
        }
        await tx.execute(insertUser(1, 'stays'));
      });
      expect(await userIds(session)).toEqual([1]);
    });

    it('that another one has followed leaves its connection to a whole one', async () => {
      const session = await tenant('chain_next');
      await session.transaction((tx) => tx.execute('COMMIT AND CHAIN')).catch(() => {});
      await session.transaction((tx) => tx.execute(insertUser(1, 'committed')));
      const rolledBack = session.transaction(async (tx) => {
        await tx.execute(insertUser(2, 'rolled back'));
        throw new Error('no');
      });
      await expect(rolledBack).rejects.toThrow('no');
      expect(await userIds(session)).toEqual([1]);
    });
  });
});

onEngine('sqlite', (engine) => {
  const tenant = useTenants(engine);

  it('a transaction ends by what rolls it back', async () => {
    const session = await tenant('or_rollback');
    let later: unknown;
    const done = session.transaction(async (tx) => {
      await tx.execute(insertUser(1, 'first'));
      await tx.execute("INSERT OR ROLLBACK INTO users (id, username) VALUES (1, 'x')").catch(() => {});
      later = await tx.execute(insertUser(2, 'after')).catch((error: unknown) => error);
    });
    await expect(done).rejects.toThrow(TransactionEndedError);
    expect(later).toBeInstanceOf(TransactionEndedError);
    expect(await userIds(session)).toEqual([]);
  });
});

/** Resolves for all when so many have come. */
function meeting(size: number): () => Promise<void> {
  let open = () => {};
  const met = new Promise<void>((resolve) => {
    open = resolve;
  });
  let missing = size;
  return () => {
    if (--missing === 0) open();
    return met;
  };
}

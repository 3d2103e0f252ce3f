import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { NotSentError } from '../../../src/engine/not-sent.js';
import type { DriverName } from '../../../src/engines/sqlite/driver.js';
import { sqlite } from '../../../src/engines/sqlite/index.js';
import { connect, drivers, kindOf, oneDatabase, serverOn } from './fixture.js';

/** Every driver with each kind of worker that it runs in. */
const workers = drivers.flatMap((driver): (readonly [DriverName, 'thread' | 'process'])[] =>
  driver === 'libsql'
    ? [[driver, 'process']]
    : [
        [driver, 'thread'],
        [driver, 'process'],
      ],
);
const processes = workers.filter(([, kind]) => kind === 'process');

/** Takes a while, in one step of SQLite, and ends. */
const SLOW = `WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 2000000) SELECT count(*) AS n FROM c`;
/** Never ends. */
const ENDLESS = 'WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)';

/** Turns of the event loop. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** The processes that this one has started and that have not ended. */
function children(): string[] {
  return readdirSync('/proc/self/task').flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
  );
}

describe.each(workers)('a connection through %s in a %s', (driver, kind) => {
  const parameters = `&worker=${kind}`;

  /** The same database twice, open here and open in a worker. */
  async function alike() {
    const [inProcess, inWorker] = [await oneDatabase(driver), await oneDatabase(driver, parameters)];
    const connections = [await inProcess.open(), await inWorker.open()] as const;
    for (const connection of connections) {
      await connection.query('CREATE TABLE t (id INTEGER PRIMARY KEY, a)');
    }
    return connections;
  }

  it('leaves the event loop free while a statement runs', async () => {
    const connection = await (await oneDatabase(driver, parameters)).open();
    let isDone = false;
    const answer = connection.query(SLOW).finally(() => {
      isDone = true;
    });
    await turns(20);
    expect(isDone).toBe(false);
    expect(connection.isClean()).toBe(false);
    expect((await answer).rows).toEqual([{ n: 2_000_000 }]);
    expect(connection.isClean()).toBe(true);
  });

  it('answers as one in process does', async () => {
    const [inProcess, inWorker] = await alike();
    const values = [1, 2n ** 60n, 0.5, null, true, 'ü', new Date(0), new Uint8Array([1, 2, 255])];
    for (const [sql, params] of [
      ['SELECT ? AS a, ? AS b, ? AS c, ? AS d, ? AS e, ? AS f, ? AS g, ? AS h', values],
      ['SELECT zeroblob(3) AS a', []],
      ['INSERT INTO t (a) VALUES (?)', ['x']],
      ["INSERT INTO t (a) VALUES ('y') RETURNING id, a", []],
      ['SELECT a FROM t WHERE 0', []],
      ['UPDATE t SET a = a || ?', ['z']],
    ] as const) {
      expect(await inWorker.query(sql, params)).toStrictEqual(await inProcess.query(sql, params));
    }
  });

  it('fails as one in process does', async () => {
    const connections = await alike();
    for (const [sql, params] of [
      ['SELECT FROM', []],
      ['SELECT * FROM nope', []],
      ["INSERT INTO t VALUES (1, 'x'), (1, 'x')", []],
      ["ATTACH 'x' AS y", []],
      ['SELECT ?', []],
      ['SELECT ?', [{} as unknown as string]],
      ['SELECT :a', []],
    ] as const) {
      const [inProcess, inWorker] = await Promise.all(
        connections.map(async (connection) => {
          const error: unknown = await connection.query(sql, params).catch((reason: unknown) => reason);
          const { name, message, code } = error as Error & { code?: string };
          return { name, message, code, kind: sqlite.classifyError(error), isClean: connection.isClean() };
        }),
      );
      expect(inProcess?.message).toBeTruthy();
      expect(inWorker).toEqual(inProcess);
    }
  });

  it('is not clean in a transaction, and keeps it apart from others', async () => {
    const { open } = await oneDatabase(driver, parameters);
    const [one, other] = [await open(), await open()];
    await one.query('CREATE TABLE t (a)');
    await one.begin();
    await one.query('INSERT INTO t VALUES (1)');
    expect(one.isClean()).toBe(false);
    expect((await other.query('SELECT count(*) AS n FROM t')).rows).toEqual([{ n: 0 }]);
    await one.commit();
    expect(one.isClean()).toBe(true);
    expect((await other.query('SELECT count(*) AS n FROM t')).rows).toEqual([{ n: 1 }]);
  });

  it('that is destroyed rejects what is under way, whose outcome nobody knows', async () => {
    const connection = await (await oneDatabase(driver, parameters)).open();
    const onLost = vi.fn();
    connection.onLost(onLost);
    const outcome = connection.query(SLOW).catch((error: unknown) => error);
    await turns(5);
    connection.destroy();
    expect(await outcome).not.toBeInstanceOf(NotSentError);
    expect(sqlite.classifyError(await outcome)).toBe('connection-lost');
    await expect(connection.query('SELECT 1')).rejects.toBeInstanceOf(NotSentError);
    expect([connection.isAlive(), connection.isClean()]).toEqual([false, false]);
    expect(onLost).not.toHaveBeenCalled();
  });

  it('is not alive, and ends, once its file was deleted', async () => {
    const { open, provisioning } = await oneDatabase(driver, parameters);
    const [one, other] = [await open(), await open()];
    const onLost = vi.fn();
    other.onLost(onLost);
    await provisioning.dropDatabase('Alpha');
    expect(one.isAlive()).toBe(false);
    await expect(one.query('SELECT 1')).rejects.toBeInstanceOf(NotSentError);
    expect(await kindOf(other.ping())).toBe('connection-lost');
    expect(onLost).toHaveBeenCalledTimes(1);
    expect(other.isAlive()).toBe(false);
  });

  it('lends no client: the handle is elsewhere', async () => {
    const connection = await (await oneDatabase(driver, parameters)).open();
    expect(() => connection.lend()).toThrow(expect.objectContaining({ code: 'TENANTRY_INVALID_OPTION' }));
    expect(connection.isClean()).toBe(true);
  });

  it('is given up where opening it takes too long or is aborted', async () => {
    const { server } = await oneDatabase(driver, parameters);
    expect(await kindOf(server.open('Alpha', { timeoutMs: 1 }))).toBe('unreachable');
    const caller = new AbortController();
    const opening = kindOf(server.open('Alpha', { timeoutMs: 60_000, signal: caller.signal }));
    await turns(3);
    caller.abort();
    expect(await opening).toBe('cancelled');
    expect(await kindOf(server.open('Missing', { timeoutMs: 60_000 }))).toBe('unknown-database');
  });

  it('waits for a lock', async () => {
    const { open } = await oneDatabase(driver, parameters);
    const [holder, waiter] = [await open(), await open()];
    await holder.query('CREATE TABLE t (a)');
    await holder.begin();
    const waiting = waiter.query('INSERT INTO t VALUES (2)');
    await holder.query('INSERT INTO t VALUES (1)');
    await holder.commit();
    await waiting;
    expect((await holder.query('SELECT a FROM t')).rows).toEqual([{ a: 1 }, { a: 2 }]);
  });
});

describe.each(processes)('a connection through %s in a %s, which can be ended', (driver) => {
  const parameters = '&worker=process';

  it('says so', async () => {
    const { server } = await oneDatabase(driver, parameters);
    expect(server.engine.capabilities).toMatchObject({ cancel: true, cheapConnections: false });
  });

  it('is cancelled in the middle of a statement, of which nothing stays', async () => {
    const { open, folder } = await oneDatabase(driver, parameters);
    const connection = await open();
    const other = await connect(serverOn(folder, driver, '&busyTimeoutMs=0'), 'Alpha');
    await other.query('CREATE TABLE t (a)');
    const outcome = kindOf(connection.query(`${ENDLESS} INSERT INTO t SELECT x FROM c`));
    await expect.poll(() => kindOf(other.query('DELETE FROM t'))).toBe('lock-timeout');
    await connection.cancel(10_000);
    expect(await outcome).toBe('connection-lost');
    await other.query('INSERT INTO t VALUES (-1)');
    expect((await other.query('SELECT a FROM t')).rows).toEqual([{ a: -1 }]);
  });

  it.runIf(process.platform === 'linux')('leaves no process behind, however it ends', async () => {
    const { open, server } = await oneDatabase(driver, parameters);
    const before = children();
    const ours = () => children().filter((pid) => !before.includes(pid)).length;
    const [closed, destroyed, cancelled] = [await open(), await open(), await open()];
    expect(ours()).toBe(3);
    await closed.close();
    expect(ours()).toBe(2);
    void destroyed.query(`${ENDLESS} SELECT count(*) FROM c`).catch(() => {});
    destroyed.destroy();
    void cancelled.query(`${ENDLESS} SELECT count(*) FROM c`).catch(() => {});
    await cancelled.cancel(10_000);
    await server.open('Missing', { timeoutMs: 60_000 }).catch(() => {});
    await expect.poll(ours).toBe(0);
  });

  it.runIf(process.platform === 'linux')('is known to be lost when its process is killed', async () => {
    const { open } = await oneDatabase(driver, parameters);
    const before = children();
    const connection = await open();
    const [pid] = children().filter((child) => !before.includes(child));
    const onLost = vi.fn();
    connection.onLost(onLost);
    const outcome = connection.query(`${ENDLESS} SELECT count(*) FROM c`).catch((error: unknown) => error);
    process.kill(Number(pid), 'SIGKILL');
    expect(sqlite.classifyError(await outcome)).toBe('connection-lost');
    expect(await outcome).not.toBeInstanceOf(NotSentError);
    expect(onLost).toHaveBeenCalledTimes(1);
    expect([connection.isAlive(), connection.isClean()]).toEqual([false, false]);
  });
});

describe('libsql in a thread', () => {
  it.runIf(drivers.includes('libsql'))('is refused: it would end the program', async () => {
    const { folder } = await oneDatabase('libsql');
    const opening = serverOn(folder, 'libsql', '&worker=thread').open('Alpha', { timeoutMs: 1000 });
    await expect(opening).rejects.toMatchObject({ code: 'TENANTRY_INVALID_OPTION' });
  });
});

describe('a worker of another kind', () => {
  it.each(['1', 'Thread', ''])('is refused: worker=%s', (worker) => {
    expect(() => serverOn('/nowhere', 'libsql', `&worker=${worker}`)).toThrow(
      expect.objectContaining({ code: 'TENANTRY_INVALID_OPTION' }),
    );
  });
});

describe.each(workers)('a program with an open connection through %s in a %s', (driver, kind) => {
  /** A program of its own that opens a connection, asks something, and says the processes that it started. */
  async function program(after: string) {
    const { folder, open } = await oneDatabase(driver, '&busyTimeoutMs=0');
    const source = `
      import { readFileSync } from 'node:fs';
      import { sqlite } from 'tenantry/sqlite';
      const folder = process.argv[1];
      const parameters = new Map([['driver', '${driver}'], ['worker', '${kind}']]);
      const server = sqlite.server({ engine: 'sqlite', folder, parameters });
      const connection = await server.open('Alpha', { timeoutMs: 60_000 });
      const { rows } = await connection.query('SELECT 1 AS one');
      const children = readFileSync('/proc/self/task/' + process.pid + '/children', 'utf8').trim();
      console.log(JSON.stringify({ rows, children }));
      ${after}
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', source, folder], {
      cwd: new URL('../../..', import.meta.url),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const said = JSON.parse(line.toString()) as { rows: unknown; children: string };
    expect(said.rows).toEqual([{ one: 1 }]);
    return { child, exited, open, pids: said.children.split(' ').filter(Boolean) };
  }

  it.runIf(process.platform === 'linux')('ends though nobody closed it', async () => {
    const { exited, pids } = await program('');
    expect(await exited).toEqual([0, null]);
    await expect.poll(() => pids.some((pid) => existsSync(`/proc/${pid}`))).toBe(false);
  });

  // A thread has gone with its program.
  if (kind === 'thread') return;
  it.runIf(process.platform === 'linux')(
    'leaves nothing behind when it is killed, not even a statement without end',
    async () => {
      const { child, exited, pids, open } = await program(
        `await connection.query('CREATE TABLE t (a)'); void connection.query(${JSON.stringify(`${ENDLESS} INSERT INTO t SELECT x FROM c`)});`,
      );
      const other = await open();
      await expect.poll(() => kindOf(other.query('DELETE FROM t'))).toBe('lock-timeout');
      child.kill('SIGKILL');
      await exited;
      await expect.poll(() => pids.some((pid) => existsSync(`/proc/${pid}`))).toBe(false);
      expect(await kindOf(other.query('DELETE FROM t'))).toBe('no error');
    },
  );
});

import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ServerPool } from '../../../src/pool/server-pool.js';
import type { PoolTarget } from '../../../src/pool/target.js';
import { drivers, oneDatabase } from './fixture.js';

const FILES = 2000;
const BUDGET = 16;
const HOUR = 3_600_000;

/** Where SQLite keeps `user_version`: four bytes, big-endian. */
const USER_VERSION_AT = 60;

/** Thousands of databases in a folder, each of which knows its number, and a pool on them. */
async function manyFiles(driver: (typeof drivers)[number]) {
  const { folder, server } = await oneDatabase(driver);
  const model = readFileSync(join(folder, 'Alpha.sqlite'));
  for (let number = 0; number < FILES; number++) {
    model.writeInt32BE(number, USER_VERSION_AT);
    writeFileSync(join(folder, `File${number}.sqlite`), model);
  }
  const limits = { maxConnections: BUDGET, maxPerKey: BUDGET, maxWaiting: FILES };
  const times = { acquireMs: 60_000, connectMs: 60_000, idleMs: HOUR, lifetimeMs: HOUR };
  const pool = new ServerPool('main', server, { ...limits, ...times, cancels: true, sharing: true });
  const targets = Array.from({ length: FILES }, (_, number) => targetOf(`File${number}`));
  const ask = async (number: number) => {
    const target = targets[number % FILES] as PoolTarget;
    const lease = await pool.acquire(target);
    const { rows } = await lease.connection.query('PRAGMA user_version');
    lease.release();
    return rows[0]?.user_version;
  };
  return { folder, pool, ask };
}

function targetOf(database: string): PoolTarget {
  const certify = () => Promise.resolve();
  return { key: database, label: database, epoch: 1, database, place: {}, certifiedOn: new Set(), certify };
}

function openFilesIn(folder: string): number {
  return readdirSync('/proc/self/fd').filter((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith(folder);
    } catch {
      return false;
    }
  }).length;
}

describe.each(drivers)('thousands of files on a few handles, through %s', (driver) => {
  it('answer each for itself, and no more of them are open than the budget says', async () => {
    const { folder, pool, ask } = await manyFiles(driver);
    let mostHeld = 0;
    let mostOpen = 0;
    // As many at once as want to: all of them wait for their turn.
    for (let from = 0; from < FILES; from += 500) {
      const asked = Array.from({ length: 500 }, (_, index) => from + index);
      const answers = asked.map(async (number) => {
        const answer = await ask(number);
        const { inUse, idle, connecting, closing } = pool.stats();
        mostHeld = Math.max(mostHeld, inUse + idle + connecting + closing);
        return answer;
      });
      expect(await Promise.all(answers)).toEqual(asked);
      if (process.platform === 'linux') mostOpen = Math.max(mostOpen, openFilesIn(folder));
    }
    expect(mostHeld).toBeLessThanOrEqual(BUDGET);
    // A handle has up to three files; libsql closes some of them only when it pleases, a bounded number.
    const late = driver === 'libsql' ? 64 : 0;
    expect(mostOpen).toBeLessThanOrEqual(3 * (BUDGET + late));
    await pool.destroy();
  }, 120_000);

  it('keep those open that are asked for often', async () => {
    const { pool, ask } = await manyFiles(driver);
    const often = Array.from({ length: BUDGET / 2 }, (_, index) => index);
    for (let round = 0; round < 20; round++) for (const number of often) await ask(number);
    const before = pool.stats().totals.opened;
    for (let rare = BUDGET; rare < BUDGET + 300; rare++) {
      await ask(rare);
      await ask(often[rare % often.length] as number);
    }
    // Each rare one was opened; those in between hardly ever again.
    expect(pool.stats().totals.opened - before).toBeLessThan(330);
    await pool.destroy();
  }, 120_000);
});

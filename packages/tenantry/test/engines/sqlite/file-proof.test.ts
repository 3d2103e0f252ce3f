import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { identifyFile } from '../../../src/engines/sqlite/database-file.js';
import { FileProof, noteRemoval, PROOF_MS } from '../../../src/engines/sqlite/file-proof.js';
import { drivers, oneDatabase, temporaryFolder } from './fixture.js';

afterEach(() => {
  vi.restoreAllMocks();
});

/** A file that was proved just now, and the clock by which it was. */
function provenFile() {
  const path = join(temporaryFolder(), 'Alpha.sqlite');
  writeFileSync(path, '');
  const clock = { now: 1000 };
  const proof = new FileProof(path, identifyFile(path), () => clock.now);
  expect(proof.holds()).toBe(true);
  return { path, clock, proof };
}

/** What another process may do to a file. */
const CHANGES: readonly (readonly [string, (path: string) => void])[] = [
  ['deleted', (path) => rmSync(path)],
  ['moved away', (path) => renameSync(path, `${path}.old`)],
  [
    'replaced',
    (path) => {
      writeFileSync(`${path}.new`, '');
      renameSync(`${path}.new`, path);
    },
  ],
];

describe('the proof that a file is still the one that was opened', () => {
  it.each(CHANGES)('fails no later than its bound after the file was %s', (_what, change) => {
    const { path, clock, proof } = provenFile();
    change(path);
    clock.now += PROOF_MS;
    expect(proof.holds()).toBe(false);
  });

  it.each(CHANGES)('fails at once where somebody looks after the file was %s', (_what, change) => {
    const { path, proof } = provenFile();
    change(path);
    expect(proof.look()).toBe(false);
  });

  it('is never renewed by being asked for', () => {
    const { path, clock, proof } = provenFile();
    rmSync(path);
    for (let ms = 1; ms < PROOF_MS; ms++) {
      clock.now++;
      proof.holds();
    }
    clock.now++;
    expect(proof.holds()).toBe(false);
  });

  it('fails at once where this process removed the file', () => {
    const { path, proof } = provenFile();
    rmSync(path);
    noteRemoval();
    expect(proof.holds()).toBe(false);
    expect(proof.holds()).toBe(false);
  });

  it('outlives the removal of another file', () => {
    const { proof } = provenFile();
    noteRemoval();
    expect(proof.holds()).toBe(true);
  });
});

describe.each(drivers)(
  'a connection that was asked a moment ago whether it is alive, through %s',
  (driver) => {
    it('is not alive at once after this process dropped its database and made it anew', async () => {
      const { open, provisioning, folder } = await oneDatabase(driver);
      const connection = await open();
      // No time goes by, however slow the disk.
      vi.spyOn(performance, 'now').mockReturnValue(performance.now());
      expect(connection.isAlive()).toBe(true);
      await provisioning.dropDatabase('Alpha');
      await provisioning.createDatabase('Alpha');
      expect(existsSync(join(folder, 'Alpha.sqlite'))).toBe(true);
      expect(connection.isAlive()).toBe(false);
    });

    it('is not alive soon after another process moved its file away', async () => {
      const { open, folder } = await oneDatabase(driver);
      const connection = await open();
      expect(connection.isAlive()).toBe(true);
      renameSync(join(folder, 'Alpha.sqlite'), join(folder, 'Beta.sqlite'));
      await expect.poll(() => connection.isAlive()).toBe(false);
    });
  },
);

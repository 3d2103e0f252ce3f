import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, it, onTestFinished } from 'vitest';
import { onEngine } from '../helpers/engines.js';

const PROGRAM = fileURLToPath(new URL('./parameter-shapes.mjs', import.meta.url));
const RUNS = 100;
/** Knex counts, and writes texts, by itself. */
const OUTCOME = /^knex: | => (?:done|TENANTRY_INVALID_PARAMETER|DriverAdapterError ValueOutOfRange)$/;

/** What came of each parameter that every door was given; the last line is the last that the process did. */
function giveAll(driver: string, seed: number): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'tenantry-shapes-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [PROGRAM, folder, driver, String(seed), String(RUNS)],
    { encoding: 'utf8' },
  );
  expect(stderr).toBe('');
  return stdout.trimEnd().split('\n');
}

onEngine('sqlite', ({ label }) => {
  it('binds a parameter of whatever shape or refuses it, by every door, and never ends the process', () => {
    const seed = fc.sample(fc.integer(), 1)[0] ?? 0;
    const lines = giveAll(/\((.*)\)/.exec(label)?.[1] ?? '', seed);
    expect(lines.at(-1), `seed ${seed}`).toBe('alive');
    for (const line of lines.slice(0, -1)) expect(line, `seed ${seed}`).toMatch(OUTCOME);
  }, 180_000);
});

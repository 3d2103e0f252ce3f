import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';

const PROGRAM = fileURLToPath(new URL('./open-files.mjs', import.meta.url));

/** Runs the program with a small limit of open files, `left` of which are to be had while it is at its worst. */
function run(left: number): { readonly opening: string; readonly worst: string[]; readonly after: string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'tenantry-files-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const { stdout, stderr } = spawnSync(
    'sh',
    ['-c', `ulimit -n 100; exec "$0" "$@"`, process.execPath, PROGRAM, folder, String(left)],
    {
      encoding: 'utf8',
    },
  );
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

describe.skipIf(process.platform === 'win32')('a process that is out of open files for a moment', () => {
  it.each([0, 3])(
    'administers its tenants afterwards, and says meanwhile what is wrong (%i left)',
    (left) => {
      const { opening, worst, after } = run(left);
      // SQLite itself says no more than that it could not open the file.
      expect(opening).toBe(left === 0 ? 'TENANTRY_OUT_OF_RESOURCES' : 'done');
      for (const outcome of worst)
        expect(outcome).toMatch(
          /^(?:done|TENANTRY_(?:OUT_OF_RESOURCES|CATALOG_UNAVAILABLE|SERVER_UNAVAILABLE))$/,
        );
      expect(after).toEqual(['done', 'done', 'done', 'done']);
    },
  );
});

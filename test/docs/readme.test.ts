import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runDirectory } from '../helpers/environment.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

describe('the example in the README', () => {
  it('runs as it is printed', async () => {
    const readme = await readFile(join(root, 'README.md'), 'utf8');
    const [, code = ''] = /```js\n(.*?)```/s.exec(readme) ?? [];
    const folder = await mkdtemp(join(runDirectory(), 'readme-'));
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      cwd: root,
      env: { ...process.env, CATALOG: `sqlite:${folder}` },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stdout, stderr] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    expect(stderr).toBe('');
    expect(stdout).toContain("[ { text: 'hello' }, { text: 'both or none' } ]");
    expect(stdout).toContain('TENANTRY_UNKNOWN_TENANT');
  });
});

import { mkdtemp, readdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runDirectory } from '../helpers/environment.js';
import { runQuickstart, startQuickstart } from './process.js';

const folder = () => mkdtemp(join(runDirectory(), 'quickstart-'));

describe('npm start', () => {
  it('makes the folder, the catalog and the two tenants', async () => {
    const base = await folder();
    await using quickstart = await startQuickstart(`sqlite:${base}/not/there/yet`);
    expect(quickstart.banner).toMatch(/^listening on http:\/\/127\.0\.0\.1:\d+\n/);
    const files = await readdir(join(base, 'not/there/yet'));
    expect(files).toEqual(expect.arrayContaining(['General.sqlite', 'TenantA.sqlite', 'TenantB.sqlite']));
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('drains and exits 0 on %s', async (signal) => {
    await using quickstart = await startQuickstart(`sqlite:${await folder()}`);
    await fetch(`${quickstart.origin}/TenantA/users`);
    process.kill(quickstart.pid, signal);
    expect(await quickstart.ended).toMatchObject({ code: 0, stderr: '' });
  });

  it('exits 1 and says the way out where the port is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    const ended = await runQuickstart(['--url', `sqlite:${await folder()}`, '--port', String(port)]);
    other.close();
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain(`Port ${port}`);
    expect(ended.stderr).toContain('--port');
  });

  it.each(['mysql://root:s3cret-canary@127.0.0.1:1', 'postgres://postgres:s3cret-canary@127.0.0.1:1'])(
    'exits 6 and says what to check where %s is out of reach, without its password',
    async (url) => {
      const ended = await runQuickstart(['--url', url, '--port', '0']);
      expect(ended.code).toBe(6);
      expect(ended.stderr).toContain('TENANTRY_CATALOG_UNAVAILABLE');
      expect(ended.stderr).toContain('127.0.0.1:1');
      expect(ended.stderr + ended.stdout).not.toContain('s3cret-canary');
    },
  );

  it('exits 2 where the call cannot be understood', async () => {
    expect(await runQuickstart(['--prot', '1'])).toMatchObject({ code: 2 });
    expect(await runQuickstart(['--port', 'x'])).toMatchObject({ code: 2 });
    expect(await runQuickstart(['--url', 'oracle://x', '--port', '0'])).toMatchObject({ code: 2 });
  });

  it('takes the flag over the environment', async () => {
    const [flag, env] = [await folder(), await folder()];
    await using _quickstart = await startQuickstart(`sqlite:${flag}`, {
      TENANTRY_URL: `sqlite:${env}`,
      PORT: 'x',
    });
    expect(await readdir(flag)).toContain('General.sqlite');
    expect(await readdir(env)).toEqual([]);
  });
});

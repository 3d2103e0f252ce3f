import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { forEachEngine } from '../helpers/engines.js';
import { useInstallation } from './installations.js';
import { type Quickstart, runCli, startQuickstart } from './process.js';

forEachEngine((engine) => {
  const installation = useInstallation(engine);
  let quickstart: Quickstart;
  beforeAll(async () => {
    quickstart = await startQuickstart(installation().url);
  });
  afterAll(async () => {
    await quickstart?.[Symbol.asyncDispose]();
  });

  const get = (path: string, init?: RequestInit) => fetch(`${quickstart.origin}${path}`, init);
  const bodyOf = async (path: string) => (await get(path)).json();
  const statusOf = async (path: string) => (await get(path)).status;
  const tenantry = (...args: string[]) => runCli(args, { TENANTRY_URL: installation().url });

  describe('GET /:tenant/users', () => {
    it('answers with the users of that tenant, as the article has it', async () => {
      const response = await get('/TenantA/users');
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('application/json');
      expect(await response.text()).toBe('{"TenantA":["userA","userB"]}');
      expect(await (await get('/TenantB/users')).text()).toBe('{"TenantB":["userA","userC"]}');
    });

    it.each([
      'tenanta',
      'TenantA%20',
      'General',
      'mysql',
      'postgres',
      '..%2fx',
      '%00',
      '__proto__',
      'TenantB%3Fdb=TenantA&x=y',
      'Ä',
      'x'.repeat(10_000),
    ])('answers 404 for %.20s, with our code', async (name) => {
      const response = await get(`/${name}/users`);
      expect(response.status).toBe(404);
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      expect(await response.json()).toMatchObject({ status: 404, code: 'TENANTRY_UNKNOWN_TENANT' });
    });

    it('answers HEAD, refuses POST with 405 and malformed percent-encoding with 400', async () => {
      const head = await get('/TenantA/users', { method: 'HEAD' });
      expect([head.status, await head.text()]).toEqual([200, '']);
      const post = await get('/TenantA/users', {
        method: 'POST',
        body: '<x/>',
        headers: { 'content-type': 'text/xml' },
      });
      expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
      expect(await statusOf('/%zz/users')).toBe(400);
    });

    it('answers 500 with a code where the application’s table is missing, and no other tenant notices', async () => {
      await tenantry('tenants', 'create', 'NoTable');
      await expect.poll(() => statusOf('/NoTable/users')).toBe(200);
      await installation().run('NoTable', 'DROP TABLE users');
      const response = await get('/NoTable/users');
      expect(response.status).toBe(500);
      expect(await response.json()).toMatchObject({ code: 'TENANTRY_QUERY_FAILED' });
      expect(await statusOf('/TenantA/users')).toBe(200);
    });

    it('answers 503, and not to try again, where the identity check fails, and no other tenant notices', async () => {
      await tenantry('tenants', 'create', 'Stranger');
      const table = engine.name === 'postgres' ? 'tenantry.identity' : 'tenantry_identity';
      await installation().run(
        'Stranger',
        `UPDATE ${table} SET tenant_id = '00000000-0000-7000-8000-000000000000'`,
      );
      await expect.poll(() => statusOf('/Stranger/users')).toBe(503);
      const response = await get('/Stranger/users');
      expect(response.headers.get('retry-after')).toBe(null);
      expect(await response.json()).toMatchObject({ code: 'TENANTRY_IDENTITY_MISMATCH' });
      expect(await statusOf('/TenantB/users')).toBe(200);
    });

    it('keeps emoji, and the order of ids', async () => {
      await installation().run('TenantB', "INSERT INTO users (id, username) VALUES (0, '🦊')");
      expect(await bodyOf('/TenantB/users')).toEqual({ TenantB: ['🦊', 'userA', 'userC'] });
      await installation().run('TenantB', 'DELETE FROM users WHERE id = 0');
    });
  });

  describe('a change from the command line', () => {
    it('is seen by the running server: create, suspend, resume, delete', async () => {
      expect(await statusOf('/TenantC/users')).toBe(404);
      expect(await tenantry('tenants', 'create', 'TenantC')).toMatchObject({ code: 0 });
      await expect.poll(() => bodyOf('/TenantC/users')).toEqual({ TenantC: [] });
      expect(await tenantry('tenants', 'suspend', 'TenantC')).toMatchObject({ code: 0 });
      await expect.poll(() => statusOf('/TenantC/users')).toBe(403);
      expect(await tenantry('tenants', 'resume', 'TenantC')).toMatchObject({ code: 0 });
      await expect.poll(() => statusOf('/TenantC/users')).toBe(200);
      expect(await tenantry('tenants', 'delete', 'TenantC', '--yes')).toMatchObject({ code: 0 });
      await expect.poll(() => statusOf('/TenantC/users')).toBe(404);
    });

    it('is refused with the documented exit codes', async () => {
      expect(await tenantry('tenants', 'create', 'TenantA')).toMatchObject({ code: 4 });
      expect(await tenantry('tenants', 'create', 'tenanta')).toMatchObject({ code: 4 });
      expect(await tenantry('tenants', 'create', 'a/b')).toMatchObject({ code: 5 });
      expect(await tenantry('tenants', 'suspend', 'Nobody')).toMatchObject({ code: 3 });
      expect(await tenantry('tenants', 'delete', 'TenantA')).toMatchObject({ code: 2 });
      expect(await tenantry('tenants')).toMatchObject({ code: 2 });
    });

    it('lists tenants as JSON', async () => {
      const { stdout } = await tenantry('tenants', 'list', '--json');
      const list = JSON.parse(stdout) as { tenants: { name: string }[]; next: string | null };
      expect(list.tenants.map(({ name }) => name)).toEqual(expect.arrayContaining(['TenantA', 'TenantB']));
      expect(list).toMatchObject({ next: null });
      expect(list.tenants[0]).toEqual({
        id: expect.any(String),
        name: expect.any(String),
        status: 'active',
        epoch: 1,
        placement: expect.objectContaining({ server: 'main', isolation: 'database' }),
      });
    });
  });

  describe('started again', () => {
    it('serves what is there and makes nothing', async () => {
      await using second = await startQuickstart(installation().url);
      expect(await (await fetch(`${second.origin}/TenantA/users`)).json()).toEqual({
        TenantA: ['userA', 'userB'],
      });
      expect(await second.stop()).toMatchObject({ code: 0, stderr: '' });
    });
  });
});

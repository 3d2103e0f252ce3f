import { createTenancy, type Tenancy } from 'tenantry';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { forEachEngine, type Namespace } from '../helpers/engines.js';
import { catalogUrl, insertUser, SCHEMA } from '../tenancy/tenancies.js';
import { ambientClients } from './instances/prisma.js';
import type { PrismaClient } from './prisma/postgres/generated/client.js';

forEachEngine((engine) => {
  describe('a Prisma query, which runs only when it is awaited', () => {
    let namespace: Namespace;
    let tenancy: Tenancy;
    let client: PrismaClient;
    let a: string;
    let b: string;
    let id = 100;

    beforeAll(async () => {
      namespace = await engine.openNamespace();
      const template = namespace.name('Template');
      tenancy = await createTenancy({
        catalog: catalogUrl(namespace),
        servers: { main: namespace.url },
        setup: true,
        provision: { script: SCHEMA },
        template,
      });
      [a, b] = [namespace.name('A'), namespace.name('B')];
      await tenancy.tenants.create({ name: template });
      for (const name of [a, b]) {
        await tenancy.tenants.create({ name });
        await tenancy.session(name).query(insertUser(1, `of ${name}`));
      }
      client = await ambientClients[engine.name](tenancy);
      await tenancy.asTemplate(() => client.$connect());
    });
    afterAll(async () => {
      await client?.$disconnect();
      await tenancy?.close();
      await namespace?.close();
    });
    beforeEach(() => {
      id++;
    });

    /** Makes it in a tenant's context, and gives it back unawaited. */
    const made = async <T extends object>(tenant: string, make: () => T): Promise<{ query: T }> =>
      tenancy.run(tenant, async () => ({ query: make() }));
    const idsOf = (tenant: string) =>
      tenancy
        .session(tenant)
        .query<{ id: number }>('SELECT id FROM users ORDER BY id')
        .then((rows) => rows.map((row) => row.id));
    const add = (prisma: Pick<PrismaClient, 'user'>, username = 'added') =>
      prisma.user.create({ data: { id, username } });

    it.each<[string, (prisma: PrismaClient) => PromiseLike<unknown>]>([
      ['findMany', (prisma) => prisma.user.findMany({ take: 1 })],
      ['findUnique', (prisma) => prisma.user.findUnique({ where: { id: 1 } })],
      ['$queryRaw', (prisma) => prisma.$queryRaw`SELECT username FROM users WHERE id = 1`],
      ['$queryRawUnsafe', (prisma) => prisma.$queryRawUnsafe('SELECT username FROM users WHERE id = 1')],
      ['groupBy', (prisma) => prisma.user.groupBy({ by: ['username'], where: { id: 1 } })],
      ['findMany of an extended client', (prisma) => prisma.$extends({}).user.findMany({ take: 1 })],
      [
        'findMany of a client that extends queries',
        (prisma) =>
          prisma
            .$extends({ query: { $allModels: { $allOperations: ({ args, query }) => query(args) } } })
            .user.findMany({ take: 1 }),
      ],
    ])('answers from the tenant in whose context %s was called', async (_, call) => {
      const { query } = await made(a, () => call(client));
      const answer = await tenancy.run(b, () => query);
      expect(JSON.stringify(answer)).toContain(`of ${a}`);
      expect(JSON.stringify(answer)).not.toContain(`of ${b}`);
      expect(JSON.stringify(await (await made(a, () => call(client))).query)).toContain(`of ${a}`);
    });

    it.each<[string, (query: Promise<unknown>) => Promise<unknown>]>([
      ['then', (query) => query.then(() => {})],
      ['catch', (query) => query.catch(() => {})],
      ['finally', (query) => query.finally(() => {})],
    ])('writes where it was made, whoever calls its %s', async (_, call) => {
      const { query } = await made(a, () => add(client));
      await tenancy.run(b, () => call(query));
      expect(await idsOf(a)).toContain(id);
      expect(await idsOf(b)).not.toContain(id);
    });

    it('is refused without a tenant, also where it is awaited with one', async () => {
      const query = add(client);
      await expect(tenancy.run(a, () => query)).rejects.toMatchObject({ code: 'TENANTRY_NO_TENANT' });
      await expect(add(client)).rejects.toMatchObject({ code: 'TENANTRY_NO_TENANT' });
      expect(await idsOf(a)).not.toContain(id);
    });

    it('has no part in a transaction of another tenant', async () => {
      const inA = await made(a, () => add(client));
      const inB = await made(b, () => add(client));
      const queries = [inA.query, inB.query];
      const refusal = { code: 'TENANTRY_TENANT_SWITCH' };
      for (const parts of [queries, queries.toReversed(), [inA.query]]) {
        await expect(tenancy.run(b, () => client.$transaction(parts))).rejects.toMatchObject(refusal);
      }
      await expect(client.$transaction([inA.query])).rejects.toMatchObject(refusal);
      const outside = add(client);
      await expect(tenancy.run(a, () => client.$transaction([outside]))).rejects.toMatchObject({
        code: 'TENANTRY_NO_TENANT',
      });
      expect(await idsOf(a)).not.toContain(id);
      expect(await idsOf(b)).not.toContain(id);
    });

    it('has its part in a transaction of its own tenant, made in another run of it as well', async () => {
      const { query } = await made(a, () => add(client));
      const rename = () => client.user.update({ where: { id }, data: { username: 'renamed' } });
      const [, renamed] = await tenancy.run(a, () => client.$transaction([query, rename()]));
      expect(renamed).toMatchObject({ username: 'renamed' });
      expect(await idsOf(b)).not.toContain(id);
    });

    it('of an extension that makes a transaction of each query has its part there', async () => {
      const extended = client.$extends({
        query: {
          $allOperations: async ({ args, query }) => {
            const [, answer] = await client.$transaction([client.$queryRaw`SELECT 1`, query(args)]);
            return answer;
          },
        },
      });
      const { query } = await made(a, () => add(extended as unknown as PrismaClient));
      await tenancy.run(b, () => query);
      expect(await idsOf(a)).toContain(id);
      expect(await idsOf(b)).not.toContain(id);
    });

    it('of a transaction stays on its connection, in whatever context', async () => {
      await tenancy.run(a, () =>
        client.$transaction(async (tx) => {
          await tenancy.run(b, () => add(tx), { switch: true });
          const names = await tenancy.run(b, () => tx.user.findMany({ take: 1 }), { switch: true });
          expect(names[0]?.username).toBe(`of ${a}`);
        }),
      );
      expect(await idsOf(a)).toContain(id);
      expect(await idsOf(b)).not.toContain(id);
    });

    it('of a transaction has no part in one of another tenant', async () => {
      await tenancy.run(a, () =>
        client.$transaction(async (tx) => {
          const query = add(tx);
          const moved = tenancy.run(b, () => client.$transaction([query]), { switch: true });
          await expect(moved).rejects.toMatchObject({ code: 'TENANTRY_TENANT_SWITCH' });
        }),
      );
      expect(await idsOf(b)).not.toContain(id);
    });
  });
});

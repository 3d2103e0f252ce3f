import { PrismaPg } from '@prisma/adapter-pg';
import { createTenancy, NotSupportedError, type Tenancy } from 'tenantry';
import { ambientPrisma, prismaPerTenant } from 'tenantry/orm';
import { pgPool } from 'tenantry/postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Namespace, onEngine } from '../helpers/engines.js';
import { catalogUrl, insertUser, SCHEMA } from '../tenancy/tenancies.js';
import { PrismaClient } from './prisma/postgres/generated/client.js';

onEngine('postgres', (engine) => {
  let namespace: Namespace;
  let tenancy: Tenancy;
  let a: string;
  let b: string;

  beforeAll(async () => {
    namespace = await engine.openNamespace();
    tenancy = await createTenancy({
      catalog: catalogUrl(namespace),
      servers: { main: namespace.url },
      setup: true,
      provision: { script: SCHEMA },
    });
    [a, b] = [namespace.name('A'), namespace.name('B')];
    for (const name of [a, b]) {
      await tenancy.tenants.create({ name });
      await tenancy.session(name).query(insertUser(1, `of ${name}`));
    }
  });
  afterAll(async () => {
    await tenancy?.close();
    await namespace?.close();
  });

  const make = () => new PrismaClient({ adapter: new PrismaPg(pgPool(tenancy)) });
  const findFirst = (client: PrismaClient, tenant: string) =>
    tenancy.run(tenant, () => client.user.findUnique({ where: { id: 1 } }));
  const inOneTick = async (client: PrismaClient) => {
    const found = await Promise.all([findFirst(client, a), findFirst(client, b), findFirst(client, a)]);
    return found.map((user) => user?.username);
  };

  describe('an ambient Prisma client', () => {
    it('answers each of two tenants whose findUnique falls into one tick', async () => {
      const client = await ambientPrisma(tenancy, make);
      for (let round = 0; round < 10; round++) {
        expect(await inOneTick(client)).toEqual([`of ${a}`, `of ${b}`, `of ${a}`]);
      }
    });

    it('would answer from the wrong tenant with the loader that Prisma brings', async () => {
      // What ambientPrisma is for. If this fails, Prisma has changed, and the cure may not be needed.
      expect(await inOneTick(make())).not.toEqual([`of ${a}`, `of ${b}`, `of ${a}`]);
    });

    it('writes a batch of statements into the tenant that began it', async () => {
      const client = await ambientPrisma(tenancy, make);
      const write = (tenant: string, id: number) =>
        tenancy.run(tenant, () =>
          client.$transaction([
            client.user.create({ data: { id, username: `${id} by ${tenant}` } }),
            client.user.create({ data: { id: id + 1, username: `${id + 1} by ${tenant}` } }),
          ]),
        );
      await Promise.all([write(a, 10), write(b, 20), write(a, 30)]);
      const ids = async (tenant: string) =>
        (
          await tenancy.session(tenant).query<{ id: number }>('SELECT id FROM users WHERE id > 1 ORDER BY id')
        ).map(({ id }) => id);
      expect(await ids(a)).toEqual([10, 11, 30, 31]);
      expect(await ids(b)).toEqual([20, 21]);
    });

    it('is refused where its loader cannot be replaced', async () => {
      const withoutLoader = ambientPrisma(tenancy, () => ({ user: {} }));
      await expect(withoutLoader).rejects.toThrow(NotSupportedError);
      const goesAround = ambientPrisma(tenancy, () => {
        const client = make();
        const { _requestHandler: handler } = client as unknown as {
          _requestHandler: Record<string, unknown>;
        };
        const { dataloader } = handler as { dataloader: { request(request: unknown): unknown } };
        handler.request = (request: unknown) => dataloader.request(request);
        return client;
      });
      await expect(goesAround).rejects.toThrow(NotSupportedError);
    });
  });

  describe('a Prisma client for each tenant', () => {
    it('serves its tenant, and is closed when others were used more lately and nobody uses it', async () => {
      const closed: string[] = [];
      const clients = prismaPerTenant(
        (tenant) => {
          const client = new PrismaClient({ adapter: new PrismaPg(pgPool(tenancy, { tenant })) });
          return Object.assign(client, {
            $disconnect: async () => {
              closed.push(tenant);
            },
          });
        },
        { max: 1 },
      );
      const name = async (client: PrismaClient) =>
        (await client.user.findUniqueOrThrow({ where: { id: 1 } })).username;
      await clients.run(a, async (client) => {
        expect(await clients.run(b, name)).toBe(`of ${b}`);
        expect(closed).not.toContain(a);
        expect(await name(client)).toBe(`of ${a}`);
      });
      await clients.close();
      expect(closed.toSorted()).toEqual([a, b].toSorted());
      await expect(clients.run(a, name)).rejects.toThrow('closed');
    });
  });
});

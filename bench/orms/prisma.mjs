import { pathToFileURL } from 'node:url';
import { PrismaPg } from '@prisma/adapter-pg';
import { ambientPrisma } from '../../packages/tenantry/dist/adapters/orm/index.js';
import { pgPool } from '../../packages/tenantry/dist/adapters/postgres/index.js';
import { readConfig } from '../lib/child.mjs';

// Whoever starts the process has compiled it: the compiler would stay in the heap that is measured here.
const { PrismaClient } = await import(pathToFileURL(readConfig().prismaClient).href);

/** @type {import('./orm.mjs').Open} */
export function open(_engine, pool) {
  return asking(new PrismaClient({ adapter: new PrismaPg(pool) }));
}

/** @type {import('./orm.mjs').OpenAmbient} */
export async function openAmbient(tenancy) {
  const make = () => new PrismaClient({ adapter: new PrismaPg(pgPool(tenancy)) });
  return asking(await ambientPrisma(tenancy, make));
}

function asking(prisma) {
  // A client that never did has no query compiler yet, and could answer nobody.
  const prepare = () => prisma.$connect();
  return { users: () => prisma.user.findMany({ orderBy: { id: 'asc' } }), prepare };
}

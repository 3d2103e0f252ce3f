/**
 * What ORMs and their schema tools need beside a pool.
 *
 * @packageDocumentation
 */
export { ambientDrizzle } from './drizzle.js';
export { drizzleKitExclusions, prismaExternalTables } from './exclusions.js';
export { ambientKnex } from './knex.js';
export { ambientPrisma } from './prisma.js';
export { type PrismaPerTenant, type PrismaPerTenantOptions, prismaPerTenant } from './prisma-per-tenant.js';
export { ambientTypeorm } from './typeorm.js';

import { TenantAdmin, type TenantAdminRooms } from './tenant-admin.js';
import type { Tenants } from './tenants.js';

/** The administration of tenants: methods that need no `this`, each of which rejects and never throws. */
export function tenantsOf(rooms: TenantAdminRooms): Tenants {
  const admin = new TenantAdmin(rooms);
  return Object.freeze<Tenants>({
    create: async (tenant) => admin.create(tenant),
    plan: async (tenant) => admin.plan(tenant),
    adopt: async (tenant) => admin.adopt(tenant),
    get: async (tenant) => admin.get(tenant),
    list: async (options) => admin.list(options),
    suspend: async (tenant, options) => admin.suspend(tenant, options),
    resume: async (tenant, options) => admin.resume(tenant, options),
    takeOver: async (tenant, options) => admin.takeOver(tenant, options),
    delete: async (tenant, options) => admin.delete(tenant, options),
  });
}

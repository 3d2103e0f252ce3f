import { TenantAdmin, type TenantAdminRooms } from './tenant-admin.js';
import type { Tenants } from './tenants.js';

/** The administration of tenants: methods that need no `this`, each of which rejects and never throws. */
export function tenantsOf(rooms: TenantAdminRooms): Tenants {
  const admin = new TenantAdmin(rooms);
  return Object.freeze<Tenants>({
    create: async (tenant) => admin.create(tenant),
    adopt: async (tenant) => admin.adopt(tenant),
    get: async (name) => admin.get(name),
    list: async (options) => admin.list(options),
    suspend: async (name) => admin.suspend(name),
    resume: async (name) => admin.resume(name),
    delete: async (name) => admin.delete(name),
  });
}

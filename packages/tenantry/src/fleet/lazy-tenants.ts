import type { TenantAdminRooms } from './tenant-admin.js';
import type { Tenants } from './tenants.js';

/** The administration of tenants, loaded when it is first used: what only serves requests never needs it. */
export function lazyTenants(rooms: TenantAdminRooms): Tenants {
  let loading: Promise<Tenants> | undefined;
  const load = () => {
    loading ??= import('./tenant-admin.js').then(({ TenantAdmin }) => new TenantAdmin(rooms));
    return loading;
  };
  return Object.freeze<Tenants>({
    create: async (tenant) => (await load()).create(tenant),
    adopt: async (tenant) => (await load()).adopt(tenant),
    get: async (name) => (await load()).get(name),
    list: async (options) => (await load()).list(options),
    suspend: async (name) => (await load()).suspend(name),
    resume: async (name) => (await load()).resume(name),
    delete: async (name) => (await load()).delete(name),
  });
}

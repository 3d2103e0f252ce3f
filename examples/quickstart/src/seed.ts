import { type Tenancy, TenantBusyError, TenantExistsError } from 'tenantry';

/** The article's two tenants and their users. */
const TENANTS = new Map([
  ['TenantA', ['userA', 'userB']],
  ['TenantB', ['userA', 'userC']],
]);

/** Makes the article's tenants where there are none yet; otherwise leaves everything as it is. */
export async function seed(tenancy: Tenancy): Promise<void> {
  const { tenants } = await tenancy.tenants.list({ limit: 1 });
  if (tenants.length > 0) return;
  for (const [name, users] of TENANTS) {
    try {
      await tenancy.tenants.create({ name });
    } catch (error) {
      // Another quickstart started at the same time and is making it.
      if (error instanceof TenantExistsError || error instanceof TenantBusyError) continue;
      throw error;
    }
    // Numbers and names that are ours, so the statement needs no placeholders, which differ by database.
    const rows = users.map((username, index) => `(${index + 1}, '${username}')`);
    await tenancy.session(name).execute(`INSERT INTO users (id, username) VALUES ${rows.join(', ')}`);
  }
}

import type { Tenancy } from '../../packages/tenantry/src/index.js';

/** A database user who may reach one tenant's database and no other. */
export interface TenantUser {
  readonly user: string;
  readonly password: string;
}

/** Makes a user for a tenant by way of a tenancy that has all rights, and shuts everybody else out of its database. */
export async function createTenantUser(
  owner: Tenancy,
  engine: 'mysql' | 'postgres',
  tenant: string,
  password: string,
): Promise<TenantUser> {
  const session = owner.session(tenant);
  const { database } = (await session.ready()).placement;
  const user = `u_${database}`;
  const statements =
    engine === 'mysql'
      ? [
          `CREATE USER '${user}'@'%' IDENTIFIED BY '${password}'`,
          `GRANT ALL ON \`${database}\`.* TO '${user}'@'%'`,
        ]
      : [
          `CREATE ROLE "${user}" LOGIN PASSWORD '${password}'`,
          `REVOKE CONNECT ON DATABASE "${database}" FROM PUBLIC`,
          `GRANT CONNECT ON DATABASE "${database}" TO "${user}"`,
          `GRANT USAGE ON SCHEMA tenantry TO "${user}"`,
          `GRANT SELECT ON ALL TABLES IN SCHEMA tenantry TO "${user}"`,
          `GRANT ALL ON ALL TABLES IN SCHEMA public TO "${user}"`,
        ];
  for (const sql of statements) await session.execute(sql);
  return { user, password };
}

/** Gives a user another password. */
export async function changePassword(
  owner: Tenancy,
  engine: 'mysql' | 'postgres',
  tenant: string,
  { user }: TenantUser,
  password: string,
): Promise<TenantUser> {
  await owner
    .session(tenant)
    .execute(
      engine === 'mysql'
        ? `ALTER USER '${user}'@'%' IDENTIFIED BY '${password}'`
        : `ALTER ROLE "${user}" PASSWORD '${password}'`,
    );
  return { user, password };
}

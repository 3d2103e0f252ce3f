import { createTable, type Table } from './create-table.js';
import type { Migration } from './migration.js';

/** The tables of version 1, beside the catalog's own row. Written down once; a later version changes them in a step of its own. */
export const firstTables: Migration = async (sql, dialect) => {
  const { text, longText } = dialect;
  const tables: readonly Table[] = [
    {
      name: 'tenantry_tenants',
      columns: [
        `id ${text(36)} not null primary key`,
        `name ${text(63)} not null`,
        `name_key ${text(63)} null unique`,
        `status ${text(20)} not null`,
        `server ${text(63)} not null`,
        `database_name ${text(255)} not null`,
        `isolation ${text(20)} not null`,
        `schema_name ${text(63)} null`,
        `row_key ${text(255)} null`,
        `identity_check ${text(20)} not null`,
        'epoch bigint not null',
        'revision bigint not null',
        `schema_version ${text(255)} null`,
        `metadata ${longText} not null`,
        `owner ${text(64)} null`,
        'created_at bigint not null',
        'updated_at bigint not null',
      ],
      indexes: { tenantry_tenants_revision: 'revision', tenantry_tenants_name: 'name, id' },
    },
    {
      name: 'tenantry_servers',
      columns: [
        `name ${text(63)} not null primary key`,
        `engine ${text(20)} not null`,
        `address ${longText} not null`,
        'registered_at bigint not null',
      ],
    },
    {
      name: 'tenantry_domains',
      columns: [
        `domain ${text(253)} not null primary key`,
        `tenant_id ${text(36)} not null`,
        'revision bigint not null',
      ],
      indexes: { tenantry_domains_tenant: 'tenant_id', tenantry_domains_revision: 'revision' },
    },
    {
      name: 'tenantry_physical_names',
      columns: [
        `server ${text(63)} not null`,
        `name_key ${text(255)} not null`,
        `name ${text(255)} not null`,
        `tenant_id ${text(36)} not null`,
        'taken_at bigint not null',
        'primary key (server, name_key)',
      ],
      indexes: { tenantry_physical_names_tenant: 'tenant_id' },
    },
    {
      name: 'tenantry_processes',
      columns: [
        `id ${text(64)} not null primary key`,
        `label ${text(255)} not null`,
        'revision bigint not null',
        'heartbeat_at bigint not null',
        'lease_until bigint not null',
      ],
    },
  ];
  for (const table of tables) await createTable(sql, dialect, table);
};

import { afterEach } from 'vitest';
import { createTenancy, type Tenancy, type TenancyOptions } from '../../packages/tenantry/src/index.js';
import type { Namespace } from '../helpers/engines.js';

/** The quickstart's table, as `provision` makes it. */
export const SCHEMA =
  'CREATE TABLE users (id INT NOT NULL, username VARCHAR(100) NOT NULL, PRIMARY KEY (id));';

const open: Tenancy[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((tenancy) => tenancy.destroy()));
});

/** A tenancy whose catalog and tenants live in a namespace; ends with the test. */
export async function openTenancy(
  namespace: Namespace,
  options: Partial<TenancyOptions> = {},
): Promise<Tenancy> {
  const tenancy = await createTenancy({
    catalog: catalogUrl(namespace),
    servers: { main: namespace.url },
    setup: true,
    provision: { script: SCHEMA },
    ...options,
  });
  open.push(tenancy);
  return tenancy;
}

/** The URL of a catalog inside a namespace. */
export function catalogUrl({ url, name }: Namespace): string {
  const database = name('General');
  if (url.startsWith('sqlite:')) return `${url}${url.includes('?') ? '&' : '?'}database=${database}`;
  const parsed = new URL(url);
  parsed.pathname = `/${database}`;
  return parsed.href;
}

/** A statement that inserts a user; the values are ours, so that it is the same on every engine. */
export function insertUser(id: number, username: string): string {
  return `INSERT INTO users (id, username) VALUES (${id}, '${username}')`;
}

/** The placeholder of the first parameter. */
export function placeholder(namespace: Namespace): string {
  return namespace.url.startsWith('postgres') ? '$1' : '?';
}

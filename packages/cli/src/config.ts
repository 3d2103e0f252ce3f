import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { InvalidOptionError, type ServerOptions, type TenancyOptions } from 'tenantry';
import { findConfigFile } from './config-file.js';
import type { System } from './system.js';

/** What `createTenancy` will be called with. */
export type Config = TenancyOptions;

type Servers = Readonly<Record<string, string | ServerOptions>>;

/**
 * Puts the configuration together. From the weakest to the strongest: the configuration file;
 * `TENANTRY_URL`, one server for everything: its catalog and its tenants, as `main`;
 * `TENANTRY_CATALOG`; the flag `--catalog`. Relative SQLite folders in the file are relative to the
 * file, all others to the working directory.
 *
 * @throws InvalidOptionError if nothing names a catalog, or a part has the wrong shape.
 */
export async function loadConfig(
  system: Pick<System, 'cwd' | 'env'>,
  catalogFlag: string | undefined,
): Promise<Config> {
  const file = await findConfigFile(system.cwd);
  const { catalog, servers, provision, ...rest } = file?.content ?? {};
  const folder = file === undefined ? system.cwd : dirname(file.path);
  const path = file?.path ?? '';
  const here = (url: string | undefined) => absoluteAddress(url || undefined, system.cwd);

  const url = here(system.env.TENANTRY_URL);
  const chosen = here(catalogFlag) ?? here(system.env.TENANTRY_CATALOG) ?? url;
  const configured = chosen ?? absoluteAddress(optionalText(path, 'catalog', catalog), folder);
  if (configured === undefined) {
    throw new InvalidOptionError('No catalog is configured.', {
      hint: 'Say --catalog URL, set TENANTRY_CATALOG, or write tenantry.config.json: {"catalog": "sqlite:./data"}',
    });
  }
  const configuredServers = url === undefined ? absoluteServers(path, servers, folder) : { main: url };
  return {
    ...rest,
    catalog: configured,
    ...(configuredServers === undefined ? {} : { servers: configuredServers }),
    ...(provision === undefined ? {} : { provision: await readProvision(path, provision, folder) }),
  };
}

/** A SQLite address with an absolute folder; every other address as it is. */
export function absoluteAddress<T extends string | undefined>(url: T, folder: string): T | string {
  const match = /^sqlite:(?:\/\/)?([^?]+)(\?.*)?$/i.exec(url ?? '');
  if (match?.[1] === undefined || match[1] === ':memory:') return url;
  const path = resolve(folder, decode(match[1])).split('/').map(encodeURIComponent).join('/');
  return `sqlite:${path}${match[2] ?? ''}`;
}

function absoluteServers(path: string, servers: unknown, folder: string): Servers | undefined {
  if (servers === undefined) return undefined;
  if (typeof servers !== 'object' || servers === null || Array.isArray(servers)) {
    throw new InvalidOptionError(`"servers" in ${path} must be an object of names and URLs.`, {
      hint: '{"servers": {"main": "mysql://user:password@host:3306"}}',
    });
  }
  return Object.fromEntries(
    Object.entries(servers as Servers).map(([name, server]) => {
      if (typeof server === 'string') return [name, absoluteAddress(server, folder)];
      const url = optionalText(path, `servers.${name}.url`, server?.url) ?? '';
      return [name, { ...server, url: absoluteAddress(url, folder) }];
    }),
  );
}

/** `provision: './schema.sql'` names a script beside the file; an object is passed on as it is. */
async function readProvision(
  path: string,
  provision: unknown,
  folder: string,
): Promise<NonNullable<TenancyOptions['provision']>> {
  if (typeof provision === 'object' && provision !== null) {
    return provision as NonNullable<TenancyOptions['provision']>;
  }
  const script = resolve(folder, optionalText(path, 'provision', provision) ?? '');
  try {
    return { script: await readFile(script, 'utf8') };
  } catch (error) {
    throw new InvalidOptionError(`"provision" in ${path} names ${script}, which cannot be read.`, {
      cause: error,
      hint: 'It is the path of an SQL script, relative to the configuration file.',
    });
  }
}

function optionalText(path: string, key: string, value: unknown): string | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '')) return value;
  throw new InvalidOptionError(`"${key}" in ${path} must be a text that is not empty.`);
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new InvalidOptionError('The database URL has malformed percent-encoding.', {
      hint: 'Write "%" itself as %25.',
    });
  }
}

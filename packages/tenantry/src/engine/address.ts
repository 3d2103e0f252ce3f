import { resolve } from 'node:path';
import { InvalidOptionError } from '../errors.js';
import type { EngineName } from './capabilities.js';
import type { Credentials } from './place.js';
import { Secret } from './secret.js';

/**
 * A database server's address in parts. Connection options are built from these, never by pasting
 * text into a URL.
 */
export interface ServerAddress {
  readonly engine: EngineName;
  /** Undefined for SQLite and where a socket is used. */
  readonly host: string | undefined;
  readonly port: number | undefined;
  /** A unix socket: the file for MySQL, the directory for PostgreSQL. */
  readonly socketPath: string | undefined;
  readonly user: string | undefined;
  readonly password: Secret | undefined;
  /** The folder of SQLite files, absolute. */
  readonly folder: string | undefined;
  /** The database in the URL's path; the catalog's, or the one that tenants of isolation `schema` and `row` share. */
  readonly database: string | undefined;
  /** The remaining query parameters; each engine accepts the ones that it knows and refuses others. */
  readonly parameters: ReadonlyMap<string, string>;
}

const ENGINE_BY_SCHEME: ReadonlyMap<string, EngineName> = new Map([
  ['mysql:', 'mysql'],
  ['mariadb:', 'mysql'],
  ['postgres:', 'postgres'],
  ['postgresql:', 'postgres'],
  ['sqlite:', 'sqlite'],
]);

const EXAMPLES =
  'Use mysql://user:password@host:3306, postgres://user:password@host:5432 or sqlite:./folder.';

/**
 * Takes a URL apart: `mysql://user:password@host:3306/General`, `postgres://...`,
 * `mysql://user@localhost/?socketPath=/run/mysqld/mysqld.sock`, `sqlite:./data`.
 * A relative SQLite folder is taken from `baseFolder`.
 *
 * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`); the message never repeats the URL's password.
 */
export function parseAddress(url: string, baseFolder: string = process.cwd()): ServerAddress {
  const engine = ENGINE_BY_SCHEME.get(url.slice(0, url.indexOf(':') + 1).toLowerCase());
  if (engine === undefined) {
    throw new InvalidOptionError('The database URL begins with no scheme that tenantry knows.', {
      hint: EXAMPLES,
    });
  }
  return engine === 'sqlite' ? parseFolder(url, baseFolder) : parseServer(engine, url);
}

function parseFolder(url: string, baseFolder: string): ServerAddress {
  const [path = '', query = ''] = splitOnce(url.slice(url.indexOf(':') + 1), '?');
  const plain = path.startsWith('//') ? path.slice(2) : path;
  if (plain === '' || plain === ':memory:' || plain.includes('\0')) {
    throw new InvalidOptionError('A SQLite URL must name a folder.', { hint: EXAMPLES });
  }
  const parameters = new Map(new URLSearchParams(query));
  const database = take(parameters, 'database');
  return freeze({ engine: 'sqlite', folder: resolve(baseFolder, decode(plain)), database, parameters });
}

function parseServer(engine: EngineName, url: string): ServerAddress {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new InvalidOptionError('The database URL cannot be read.', { hint: EXAMPLES });
  }
  if (parsed.hash !== '') {
    throw new InvalidOptionError('The database URL has a fragment (#...).', {
      hint: 'Write "#" in a password as %23.',
    });
  }
  const parameters = new Map(parsed.searchParams);
  const socketPath = take(parameters, 'socketPath');
  const path = decode(parsed.pathname.replace(/^\//, ''));
  if (path.includes('/')) {
    throw new InvalidOptionError('The path of a database URL names one database.', { hint: EXAMPLES });
  }
  return freeze({
    engine,
    host: socketPath === undefined ? parsed.hostname.replace(/^\[(.*)\]$/, '$1') || 'localhost' : undefined,
    port: parsed.port === '' ? undefined : Number(parsed.port),
    socketPath,
    user: parsed.username === '' ? undefined : decode(parsed.username),
    password: parsed.password === '' ? undefined : new Secret(decode(parsed.password)),
    database: path === '' ? undefined : path,
    parameters,
  });
}

/** The same address as another user; as its own where there are no credentials. */
export function addressAs(address: ServerAddress, credentials: Credentials | undefined): ServerAddress {
  if (credentials === undefined) return address;
  const { user, password } = credentials;
  return Object.freeze({ ...address, user, password });
}

/** The address as it may be shown: no password, no parameters. */
export function describeAddress(address: ServerAddress): string {
  if (address.folder !== undefined) return `sqlite:${address.folder}`;
  const user = address.user === undefined ? '' : `${address.user}@`;
  const port = address.port === undefined ? '' : `:${address.port}`;
  const place = address.socketPath ?? `${address.host}${port}`;
  return `${address.engine}://${user}${place}`;
}

type Parts = Pick<ServerAddress, 'engine' | 'database' | 'parameters'> & Partial<ServerAddress>;

function freeze(parts: Parts): ServerAddress {
  return Object.freeze({
    host: undefined,
    port: undefined,
    socketPath: undefined,
    user: undefined,
    password: undefined,
    folder: undefined,
    ...parts,
  });
}

function take(parameters: Map<string, string>, key: string): string | undefined {
  const value = parameters.get(key);
  parameters.delete(key);
  return value === undefined || value === '' ? undefined : value;
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new InvalidOptionError('The database URL has malformed percent-encoding.', {
      hint: 'Write "%" itself as %25.',
    });
  }
}

import { InvalidOptionError, type TenancyOptions } from 'tenantry';
import { absoluteAddress, type Config } from '../config.js';

/** The flags that say where the databases are. */
export interface ServerFlags {
  readonly server?: string;
  readonly serverName?: string;
  readonly catalog?: string;
}

/** The server of an adoption. */
export interface ChosenServer {
  /** Undefined for the only one that is configured. */
  readonly name: string | undefined;
  /** The servers to open the tenancy with, where they differ from the configured ones. */
  readonly servers: TenancyOptions['servers'];
}

const URL_LIKE = /^[a-z]+:/i;

/**
 * Finds out what `--server` means. A name is a configured server. A URL is the configured server of
 * that URL, else a server called `--server-name` or `main`. A placement keeps the name and not the
 * URL, so a name is never given another address behind the configuration's back.
 *
 * @throws InvalidOptionError if the name is taken by another address.
 */
export function chooseServer(config: Config, flags: ServerFlags, cwd: string): ChosenServer {
  const { server, serverName } = flags;
  if (server === undefined || !URL_LIKE.test(server)) {
    if (serverName !== undefined) throw new InvalidOptionError('--server-name goes with --server URL.');
    return { name: server, servers: undefined };
  }
  const url = absoluteAddress(server, cwd);
  // Another catalog than the configured one is another installation, with servers of its own.
  if (flags.catalog !== undefined) {
    const name = serverName ?? 'main';
    return { name, servers: { [name]: url } };
  }
  const configured = new Map(Object.entries(config.servers ?? { main: config.catalog }));
  const name = serverName ?? nameAt(configured, url) ?? 'main';
  const taken = configured.get(name);
  if (taken !== undefined && !isSameAddress(urlOf(taken), url)) {
    throw new InvalidOptionError(`The configuration has a server ${name} with another address.`, {
      hint: 'Give this one a name of its own with --server-name, and add it to the configuration.',
    });
  }
  return { name, servers: Object.fromEntries(configured.set(name, url)) };
}

type ServerValue = string | { readonly url: string };

function nameAt(servers: ReadonlyMap<string, ServerValue>, url: string): string | undefined {
  return [...servers.keys()].find((name) => isSameAddress(urlOf(servers.get(name) ?? ''), url));
}

function urlOf(server: ServerValue): string {
  return typeof server === 'string' ? server : server.url;
}

/** Whether two URLs mean one server, whatever their users, databases and other parameters. */
function isSameAddress(one: string, other: string): boolean {
  return placeOf(one) === placeOf(other);
}

function placeOf(url: string): string {
  if (!URL.canParse(url)) return url;
  const { protocol, host, pathname, searchParams } = new URL(url);
  return protocol === 'sqlite:' ? pathname : `${searchParams.get('socketPath') ?? host}`;
}

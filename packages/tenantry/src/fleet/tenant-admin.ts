import type { Catalog, ListOptions, ProcessRecord, TenantPage } from '../catalog/catalog.js';
import { describeAddress } from '../engine/address.js';
import type { EngineServer } from '../engine/engine.js';
import { InvalidInputError, QueryFailedError, TenancyError } from '../errors.js';
import { assertFlag, assertSignal } from '../input/call-options.js';
import { assertKnownKeys } from '../input/known-keys.js';
import { checkedMetadata } from '../tenant/metadata.js';
import { assertTenantName, quoteForMessage } from '../tenant/name.js';
import { isNamedBy, isPossible, keyOf, labelOf, type TenantRef } from '../tenant/ref.js';
import { tenantStatuses, unknownTenant } from '../tenant/status.js';
import type { Placement, Tenant } from '../tenant/tenant.js';
import type { AdminServer, FindServer } from './admin-server.js';
import { assertIsolation } from './isolation.js';
import { adoptTenant } from './operations/adopt.js';
import { resumeTenant, stopTenant } from './operations/change-status.js';
import { createTenant } from './operations/create.js';
import { planTenant } from './operations/plan.js';
import { takeOverDatabase } from './operations/take-over.js';
import { serverError } from './server-error.js';
import type { Adoption, AdoptTenant, ChangeTenant, CreateTenant, Tenants } from './tenants.js';

/** What the administration of tenants works on. */
export interface TenantAdminRooms {
  readonly catalog: Catalog;
  readonly catalogServer: EngineServer;
  readonly catalogDatabase: string;
  readonly serverNames: readonly string[];
  readonly findServer: FindServer;
  readonly script: string | undefined;
  process(): ProcessRecord;
  /** Called after each change that went through, so that this process sees it at once; what it asks is asked after that. */
  changed(): Promise<void>;
}

const CREATE_KEYS = ['name', 'server', 'isolation', 'rowKey', 'metadata', 'signal'];
const ADOPT_KEYS = ['name', 'server', 'database', 'identity', 'dryRun'];
const LIST_KEYS = ['status', 'limit', 'after'];

/** Implements {@link Tenants}: checks the input, runs the operation, and brings this process up to date. */
export class TenantAdmin implements Tenants {
  readonly #rooms: TenantAdminRooms;

  constructor(rooms: TenantAdminRooms) {
    this.#rooms = rooms;
  }

  async create(input: CreateTenant): Promise<Tenant> {
    const place = this.#placeOf(input);
    const { script } = this.#rooms;
    const owner = this.#rooms.process();
    return this.#change(place.server, (catalog) =>
      createTenant(catalog, { ...place, script, owner, signal: input.signal }),
    );
  }

  async plan(input: CreateTenant): Promise<Placement> {
    const place = this.#placeOf(input);
    return this.#guard(place.server, () => planTenant(this.#rooms.catalog, place));
  }

  /** Where a tenant shall be made, and with what. */
  #placeOf(input: CreateTenant) {
    assertKnownKeys('create', input, CREATE_KEYS);
    assertSignal('create', input.signal);
    const { name, rowKey } = input;
    assertTenantName(name);
    const metadata = checkedMetadata(input.metadata ?? {});
    const server = this.#choose(input.server);
    const { isolation = server.isolation } = input;
    assertText('row key', rowKey);
    assertIsolation(server.server, isolation, rowKey);
    return { name, server, isolation, rowKey, metadata };
  }

  async adopt(input: AdoptTenant): Promise<Adoption> {
    assertKnownKeys('adopt', input, ADOPT_KEYS);
    assertFlag('adopt', 'dryRun', input.dryRun);
    assertTenantName(input.name);
    assertPlaceToAdopt(input);
    const server = this.#choose(input.server);
    const { catalogServer, catalogDatabase } = this.#rooms;
    const adopt = (catalog: Catalog) =>
      adoptTenant(catalog, {
        name: input.name,
        database: input.database ?? input.name,
        identity: input.identity ?? 'table',
        dryRun: input.dryRun === true,
        server,
        catalogDatabase: isSameServer(server.server, catalogServer) ? catalogDatabase : undefined,
      });
    if (input.dryRun) return this.#guard(server, () => adopt(this.#rooms.catalog));
    return this.#change(server, adopt);
  }

  async get(ref: TenantRef): Promise<Tenant> {
    const key = keyOf(ref);
    const { catalog } = this.#rooms;
    if (!isPossible(key)) throw unknownTenant(key);
    const { id } = key;
    const tenant = await (id === undefined ? catalog.findByName(labelOf(key)) : catalog.findById(id));
    if (tenant === undefined || tenant.status === 'deleted' || !isNamedBy(tenant, key))
      throw unknownTenant(key);
    return tenant;
  }

  async list(options: ListOptions = {}): Promise<TenantPage> {
    assertKnownKeys('list', options, LIST_KEYS);
    const { limit = 100, status, after } = options;
    assertText('option after', after);
    if (!Number.isInteger(limit) || limit < 1 || limit > 1000) {
      throw new InvalidInputError('The limit of a list must be a whole number from 1 to 1000.');
    }
    if (status !== undefined && !tenantStatuses.includes(status)) {
      throw new InvalidInputError(`There is no status ${quoteForMessage(status)}.`, {
        hint: `Known are: ${tenantStatuses.join(', ')}.`,
      });
    }
    return this.#rooms.catalog.list({ ...options, limit });
  }

  async suspend(ref: TenantRef, options?: ChangeTenant): Promise<Tenant> {
    return this.#stop(ref, 'suspended', isDryRun('suspend', options));
  }

  async delete(ref: TenantRef, options?: ChangeTenant): Promise<Tenant> {
    return this.#stop(ref, 'deleted', isDryRun('delete', options));
  }

  async resume(ref: TenantRef, options?: ChangeTenant): Promise<Tenant> {
    const dryRun = isDryRun('resume', options);
    return this.#settle(await this.get(ref), resumeTenant, dryRun);
  }

  async takeOver(
    ref: { readonly name: string; readonly id: string },
    options?: ChangeTenant,
  ): Promise<Tenant> {
    const dryRun = isDryRun('takeOver', options);
    const { name, id } = keyOf(ref);
    if (typeof name !== 'string' || typeof id !== 'string') {
      throw new InvalidInputError('A database is taken over for a tenant whose name and id are both given.');
    }
    return this.#settle(await this.get({ name, id }), takeOverDatabase, dryRun);
  }

  /** Changes a tenant together with what its database says. */
  async #settle(
    tenant: Tenant,
    change: (catalog: Catalog, findServer: FindServer, tenant: Tenant, dryRun: boolean) => Promise<Tenant>,
    dryRun: boolean,
  ): Promise<Tenant> {
    const { catalog, findServer } = this.#rooms;
    const changed = await this.#guard(findServer(tenant.placement.server), () =>
      change(catalog, findServer, tenant, dryRun),
    );
    if (!dryRun) await this.#follow();
    return changed;
  }

  async #stop(ref: TenantRef, to: 'suspended' | 'deleted', dryRun: boolean): Promise<Tenant> {
    const key = keyOf(ref);
    if (!isPossible(key)) throw unknownTenant(key);
    const tenant = await stopTenant(this.#rooms.catalog, this.#rooms.findServer, ref, to, dryRun);
    if (!dryRun) await this.#follow();
    return tenant;
  }

  async #change<T>(target: AdminServer, change: (catalog: Catalog) => Promise<T>): Promise<T> {
    const { catalog } = this.#rooms;
    const { name, server } = target;
    await catalog.registerServer(name, server.engine.name, describeAddress(server.address));
    const result = await this.#guard(target, () => change(catalog));
    await this.#follow();
    return result;
  }

  /** The change went through, whatever comes of this; where the catalog does not answer now, the poll follows. */
  async #follow(): Promise<void> {
    await this.#rooms.changed().catch(() => {});
  }

  /** Turns a driver's error about a server into ours. */
  async #guard<T>(server: AdminServer, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof TenancyError) throw error;
      throw serverError(error, server) ?? stepFailed(error, server);
    }
  }

  #choose(name: string | undefined): AdminServer {
    const { serverNames, findServer } = this.#rooms;
    if (name !== undefined) return findServer(name);
    const [only] = serverNames;
    if (only !== undefined && serverNames.length === 1) return findServer(only);
    throw new InvalidInputError('There are several servers; say on which one the tenant shall live.', {
      hint: `Configured are: ${serverNames.join(', ')}.`,
    });
  }
}

function stepFailed(error: unknown, { name, server }: AdminServer): QueryFailedError {
  const reason = error instanceof Error ? error.message : String(error);
  return new QueryFailedError(
    `Server ${name} (${describeAddress(server.address)}) refused a statement: ${reason}`,
    {
      cause: error,
      kind: server.engine.classifyError(error),
      hint: 'The cause is the original error of the driver; mend it and repeat the call.',
    },
  );
}

function isDryRun(what: string, options: ChangeTenant = {}): boolean {
  assertKnownKeys(what, options, ['dryRun']);
  assertFlag(what, 'dryRun', options.dryRun);
  return options.dryRun === true;
}

/** @throws InvalidInputError (`TENANTRY_INVALID_INPUT`) */
function assertText(what: string, value: unknown): void {
  if (value === undefined || typeof value === 'string') return;
  throw new InvalidInputError(`The ${what} must be a text.`, {
    hint: `It is ${value === null ? 'null' : `a ${typeof value}`}; leave it out for the default.`,
  });
}

/** @throws InvalidInputError (`TENANTRY_INVALID_INPUT`) */
function assertPlaceToAdopt({ database, identity }: AdoptTenant): void {
  if (database !== undefined && (typeof database !== 'string' || database === '')) {
    throw new InvalidInputError('The database to adopt must be named by a text that is not empty.', {
      hint: 'Leave it out where the database is called as the tenant.',
    });
  }
  if (identity === undefined || identity === 'table' || identity === 'name') return;
  throw new InvalidInputError(`There is no identity check ${quoteForMessage(identity)}.`, {
    hint: 'Known are: table, name.',
  });
}

function isSameServer(one: EngineServer, other: EngineServer): boolean {
  return (
    one.address.host === other.address.host &&
    one.address.port === other.address.port &&
    one.address.socketPath === other.address.socketPath &&
    one.address.folder === other.address.folder
  );
}

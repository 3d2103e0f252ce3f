import { inspect } from 'node:util';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { mariadbPool, mysqlDriver, mysqlPool } from '../../packages/tenantry/src/adapters/mysql/index.js';
import { prismaPerTenant } from '../../packages/tenantry/src/adapters/orm/index.js';
import { pgDriver, pgPool } from '../../packages/tenantry/src/adapters/postgres/index.js';
import {
  ambientTypeorm,
  prismaSqlite,
  sqliteDatabase,
  sqliteDialect,
} from '../../packages/tenantry/src/adapters/sqlite/index.js';
import {
  checkHealth,
  createTenancy,
  problem,
  type Tenancy,
  TenancyError,
} from '../../packages/tenantry/src/index.js';
import { EVENT_NAMES } from '../../packages/tenantry/src/observe/events.js';
import { forEachEngine, useNamespace } from '../helpers/engines.js';
import { catalogUrl, openTenancy } from './tenancies.js';

const TEXTS = [
  'mysql://app:quetzal@db:3306/General',
  'postgres://:quet zal@db',
  'app:quetzal@db',
  'password=quetzal',
];

/** A door, called with a value in the place of one of its arguments, or of one option by its key. */
type Door = (value: unknown) => unknown;

// biome-ignore lint/suspicious/noExplicitAny: what a caller without types passes
const any = (value: unknown) => value as any;

/** A text in every shape that somebody may pass by mistake. */
function wrongValues(text: string): unknown[] {
  const url = URL.canParse(text) ? [new URL(text)] : [];
  return [text, [text], { url: text }, { [text]: 1 }, Object.assign(new Error(text), { text }), ...url];
}

forEachEngine((engine) => {
  const namespace = useNamespace(engine);
  /** All that was said to somebody beside the caller: on the console, as a warning, as an event. */
  const heard: unknown[] = [];
  const hear = (...what: unknown[]) => void heard.push(what);

  beforeEach(() => {
    heard.length = 0;
    process.on('warning', hear);
    for (const way of ['log', 'info', 'warn', 'error', 'debug'] as const)
      vi.spyOn(console, way).mockImplementation(hear);
  });
  afterEach(() => {
    process.off('warning', hear);
    vi.restoreAllMocks();
  });

  async function open(): Promise<Tenancy> {
    const tenancy = await openTenancy(namespace());
    if ((await tenancy.tenants.list()).tenants.length === 0) await tenancy.tenants.create({ name: 'acme' });
    for (const name of EVENT_NAMES) tenancy.on(name, hear);
    return tenancy;
  }

  /** The keys that a door says it knows, when it is given one that it cannot know. So a new one is walked as well. */
  async function keysOf(name: string, call: Door): Promise<readonly string[]> {
    const error: unknown = await outcome(() => call({ nobodyKnowsThis: 1 }));
    expect(error, name).toBeInstanceOf(TenancyError);
    const [, keys] = /^Known are: (.*)\.$/.exec((error as TenancyError).hint) ?? [];
    expect(keys, inspect(error)).toBeDefined();
    return (keys ?? '').split(', ');
  }

  /** Doors that take an object of options, with what else they need. */
  function optionDoors(tenancy: Tenancy): Record<string, Door> {
    const session = tenancy.session('acme');
    const catalog = catalogUrl(namespace());
    const make = (options: object) =>
      createTenancy(any({ catalog, ...options })).then((one) => one.destroy());
    const server = namespace().url;
    return {
      createTenancy: (given) => make(any(given)),
      'createTenancy cache': (cache) => make({ cache }),
      'createTenancy timeouts': (timeouts) => make({ timeouts }),
      'createTenancy provision': (provision) => make({ provision }),
      'createTenancy servers': (given) => make({ servers: { main: { url: server, ...any(given) } } }),
      checkHealth: (given) => checkHealth(any({ catalog, ...any(given) })),
      create: (given) => tenancy.tenants.create({ name: 'b', ...any(given) }),
      plan: (given) => tenancy.tenants.plan({ name: 'b', ...any(given) }),
      adopt: (given) => tenancy.tenants.adopt({ name: 'b', ...any(given) }),
      list: (given) => tenancy.tenants.list(any(given)),
      query: (given) => session.query('SELECT 1', [], any(given)),
      execute: (given) => session.execute('SELECT 1', [], any(given)),
      ready: (given) => session.ready(any(given)),
      transaction: (given) => session.transaction(async (tx) => tx.query('SELECT 1'), any(given)),
      'a transaction’s query': (given) => session.transaction((tx) => tx.query('SELECT 1', [], any(given))),
      'central query': (given) => tenancy.central.query('SELECT 1', [], any(given)),
      run: (given) => tenancy.run('acme', () => 1, any(given)),
      acquire: (given) =>
        tenancy
          .clients('acme')
          .acquire(any(given))
          .then((lease) => lease.release()),
      warmUp: (given) => tenancy.warmUp(['acme'], any(given)),
      close: (given) => tenancy.close(any(given)),
      take: (given) => tenancy.clients('acme').take(any(given)).release(),
      pgPool: (given) => pgPool(tenancy, any(given)),
      pgDriver: (given) => pgDriver(tenancy, any(given)),
      mysqlPool: (given) => mysqlPool(tenancy, any(given)),
      mysqlDriver: (given) => mysqlDriver(tenancy, any(given)),
      mariadbPool: (given) => mariadbPool(tenancy, any(given)),
      ambientTypeorm: (given) =>
        ambientTypeorm(
          tenancy,
          any(() => ({})),
          any(given),
        ),
      prismaPerTenant: (given) =>
        prismaPerTenant(
          any(() => ({})),
          any(given),
        ),
      sqliteDatabase: (given) => sqliteDatabase(tenancy, any(given)),
      sqliteDialect: (given) => sqliteDialect(tenancy, any(given)),
      prismaSqlite: (given) => prismaSqlite(tenancy, any(given)),
    };
  }

  /** Doors that take a plain argument. */
  function argumentDoors(tenancy: Tenancy): Record<string, Door> {
    const session = tenancy.session('acme');
    const statement = engine.name === 'postgres' ? 'SELECT $1::text' : 'SELECT ?';
    const doors: Record<string, Door> = {
      'a session’s tenant': (given) => tenancy.session(any(given)).query('SELECT 1'),
      'a session’s name': (given) => tenancy.session({ name: any(given) }).query('SELECT 1'),
      'a session’s id': (given) => tenancy.session({ id: any(given) }).query('SELECT 1'),
      'a name with an id': (given) => tenancy.session({ name: 'acme', id: any(given) }).query('SELECT 1'),
      'a session that is out of time': (given) =>
        tenancy.session(any(given)).query('SELECT 1', [], { signal: AbortSignal.abort() }),
      'a slip in a call for a tenant': (given) =>
        tenancy.session(any(given)).query('SELECT 1', [], any({ x: 1 })),
      'a transaction of': (given) => tenancy.session(any(given)).transaction(async () => 1),
      'a run’s tenant': (given) => tenancy.run(any(given), () => 1),
      'a run that is over': (given) => tenancy.run(any(given), () => 1, { signal: AbortSignal.abort() }),
      'a run inside a run': (given) => tenancy.run('acme', () => tenancy.run(any(given), () => 1)),
      'a run’s function': (given) => tenancy.run('acme', any(given)),
      'clients of': (given) => tenancy.clients(any(given)).acquire(),
      'a client at once of': (given) => tenancy.clients(any(given)).take(),
      'a database of': (given) =>
        sqliteDatabase(tenancy, { tenant: any(given) })
          .prepare('SELECT 1')
          .all(),
      'a pool of': (given) => pgPool(tenancy, { tenant: any(given) }).query('SELECT 1'),
      'a mysql2 pool of': (given) =>
        mysqlPool(tenancy, { tenant: any(given) })
          .promise()
          .query('SELECT 1'),
      'a mariadb pool of': (given) => mariadbPool(tenancy, { tenant: any(given) }).query('SELECT 1'),
      'who is warmed up': (given) => tenancy.warmUp([any(given)]),
      'all who are warmed up': (given) => tenancy.warmUp(any(given)),
      'an event': (given) => tenancy.on(any(given), hear),
      'a listener': (given) => tenancy.on('connection.opened', any(given)),
      'what is bound': (given) => tenancy.run('acme', () => tenancy.bind(any(given))),
      'a template’s work': (given) => tenancy.asTemplate(any(given)),
      'a parameter': (given) => session.query(statement, [any(given)]),
      'the parameters': (given) => session.query(statement, any(given)),
      'a transaction’s function': (given) => session.transaction(any(given)),
      'a catalog': (given) => createTenancy({ catalog: any(given) }),
      'a server’s name': (given) =>
        createTenancy({ catalog: catalogUrl(namespace()), servers: { [any(given)]: namespace().url } }),
      'what makes Prisma clients': (given) => prismaPerTenant(any(given)),
      'a parameter of a URL': (given) =>
        createTenancy({ catalog: `${engine.name}:x?${encodeURIComponent(String(given))}=1` }),
    };
    for (const name of [
      'get',
      'suspend',
      'resume',
      'delete',
      'takeOver',
      'create',
      'plan',
      'adopt',
      'list',
    ] as const) {
      doors[`tenants.${name}`] = (given) => tenancy.tenants[name](any(given));
      doors[`tenants.${name} name`] = (given) => tenancy.tenants[name](any({ name: given }));
      doors[`tenants.${name} id`] = (given) => tenancy.tenants[name](any({ name: 'acme', id: given }));
    }
    for (const what of ['limits', 'credentials'] as const) {
      doors[what] = async (given) => {
        await using other = await createTenancy({
          catalog: catalogUrl(namespace()),
          servers: { main: namespace().url },
          [what]: () => given,
        });
        return await other.session('acme').query('SELECT 1');
      };
    }
    return doors;
  }

  async function assertSilent(tenancy: Tenancy, doors: Record<string, Door>): Promise<void> {
    const told = new Map<string, string>();
    for (const [what, call] of Object.entries(doors)) {
      for (const value of TEXTS.flatMap(wrongValues)) {
        const answer = await outcome(() => call(value));
        const leak = leakOf(answer);
        if (leak !== undefined) told.set(what, `given ${inspect(value).slice(0, 60)}, ${leak}`);
      }
    }
    expect(Object.fromEntries(told)).toEqual({});
    const rest = [heard, tenancy.stats(), await tenancy.health(), tenancy];
    expect(rest.map(leakOf)).toEqual(rest.map(() => undefined));
  }

  it('no option that takes a wrong value tells it', async () => {
    const tenancy = await open();
    const doors: Record<string, Door> = {};
    for (const [name, call] of Object.entries(optionDoors(tenancy))) {
      doors[`${name} itself`] = (given) => call({ [String(given)]: 1 });
      for (const key of await keysOf(name, call)) doors[`${name} ${key}`] = (given) => call({ [key]: given });
    }
    await assertSilent(tenancy, doors);
  });

  it('no object that is handed out shows the password of the server', async () => {
    const { server, url } = namespace();
    const password = server === undefined ? undefined : new URL(url).password;
    const tenancy = await open();
    const session = tenancy.session('acme');
    await session.ready();
    const lease = await tenancy.clients('acme').acquire();
    const within = await session.transaction(async (transaction) => ({
      transaction,
      shown: shapesOf(transaction),
    }));
    const refused = await outcome(() => session.query('no statement'));
    const objects = { tenancy, session, clients: tenancy.clients('acme'), central: tenancy.central, lease };
    const others = { tenants: tenancy.tenants, page: await tenancy.tenants.list(), stats: tenancy.stats() };
    const told = { ...within, refused, route: await session.ready(), health: await tenancy.health(), heard };
    for (const [what, value] of Object.entries({ ...objects, ...others, ...told })) {
      const { client: _driversOwn, ...own } = what === 'lease' ? { ...lease } : { client: undefined };
      const shapes = shapesOf(what === 'lease' ? own : value);
      for (const text of shapes) if (password) expect(text, what).not.toContain(password);
      expect(shapes.length).toBeGreaterThan(0);
    }
    lease.release();
    for (const text of shapesOf(lease)) if (password) expect(text).not.toContain(password);
  });

  it('no argument that takes a wrong value tells it', async () => {
    const tenancy = await open();
    const doors = argumentDoors(tenancy);
    const origin = engine.name === 'sqlite' ? 'sqlite:./x' : `${engine.name}://localhost/`;
    const opened = (key: string, given: unknown) =>
      createTenancy({ catalog: `${origin}?${key}=${encodeURIComponent(String(given))}` });
    for (const key of await keysOf('a URL', () => opened('nobodyKnowsThis', 1))) {
      // A path is an address, which the driver's own error may tell.
      if (key !== 'socketPath') doors[`the parameter ${key} of a URL`] = (given) => opened(key, given);
    }
    await assertSilent(tenancy, doors);
  });
});

async function outcome(call: () => unknown): Promise<unknown> {
  try {
    // What is taken stays the caller's: a handle that was asked for by this name may say so.
    await call();
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Where something shows the password, or undefined. */
function leakOf(value: unknown): string | undefined {
  const told = (error: unknown) => {
    if (!(error instanceof Error)) return {};
    const { message, stack, cause } = error;
    return { ...error, message, stack, cause, problem: problem(error).body };
  };
  const shown = {
    inspect: inspect(value, { depth: 8, showHidden: true }),
    string: String(value),
    json: toJson(value),
    parts: toJson(told(value)),
  };
  for (const [way, text] of Object.entries(shown)) {
    const at = text.search(/quet(?: |%20)?zal/);
    if (at >= 0) return `${way}: ${text.slice(Math.max(0, at - 120), at + 60)}`;
  }
  return undefined;
}

/** All in which somebody may see a value: printed, as JSON, and (where it can be) cloned. */
function shapesOf(value: unknown): string[] {
  const shapes = [inspect(value, { depth: 8, showHidden: true }), toJson(value)];
  try {
    shapes.push(inspect(structuredClone(value), { depth: 8, showHidden: true }));
  } catch {
    // What has functions cannot be cloned, and so shows nothing.
  }
  return shapes;
}

function toJson(value: unknown): string {
  const seen = new WeakSet<object>();
  return (
    JSON.stringify(value, (_key, part: unknown) => {
      if (typeof part === 'bigint') return String(part);
      if (typeof part !== 'object' || part === null) return part;
      if (seen.has(part)) return undefined;
      seen.add(part);
      return part;
    }) ?? ''
  );
}

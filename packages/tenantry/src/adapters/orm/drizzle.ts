import { NotSupportedError } from '../../errors.js';
import { assertTenancy } from '../../input/tenancy-argument.js';
import type { Tenancy } from '../../tenancy.js';
import { Origin } from './origin.js';

/** What a Drizzle instance makes queries with, beyond its types. */
interface DrizzleInternals {
  readonly session?: DrizzleSession;
  readonly dialect?: Dialect;
  /** The relational queries, one for each table. */
  readonly query?: Readonly<Record<string, object>>;
  execute?(...given: unknown[]): object;
}

interface DrizzleSession {
  prepareQuery(...given: unknown[]): unknown;
}

interface Dialect {
  migrate?(migrations: unknown, session: unknown, config: unknown, ...more: unknown[]): unknown;
}

/** Under which Drizzle's classes say what they are. */
const KIND = Symbol.for('drizzle:entityKind');

/**
 * Ties the queries of a Drizzle instance over an ambient pool to the context in which they are made. Gives back the
 * same instance.
 *
 * A query of Drizzle's sends nothing before it is awaited, and goes to the tenant of the context then. With this one
 * that was made in the context of one tenant, and is awaited or prepared in that of another, is refused
 * (`TENANTRY_TENANT_SWITCH`). What is made outside of every context, and what is prepared, is whoever's runs it.
 * Where tenants are schemas of one database, the migrator keeps its table in the tenant's: Drizzle's own is in the
 * schema `drizzle`, which all would share, so that it would skip every tenant after the first.
 *
 * @throws NotSupportedError (`TENANTRY_NOT_SUPPORTED`) if this version of Drizzle makes its queries otherwise.
 * @example
 * ```ts
 * const db = ambientDrizzle(tenancy, drizzle(pgPool(tenancy)))
 * await tenancy.run('acme', () => db.select().from(users))
 * ```
 */
export function ambientDrizzle<Db extends object>(tenancy: Tenancy, db: Db): Db {
  assertTenancy('ambientDrizzle', tenancy);
  const { session, query, dialect } = Object(db) as DrizzleInternals;
  if (typeof session?.prepareQuery !== 'function' || dialect === undefined) throw unsafe();
  for (const holder of [db, ...Object.values(query ?? {})]) bindSession(tenancy, holder);
  bindExecute(tenancy, db as DrizzleInternals);
  if (Reflect.get(dialect.constructor, KIND) === 'PgDialect') migrateEach(tenancy, dialect);
  return db;
}

/** Whoever makes a query asks for the session, and the query prepares itself by it when it is awaited. */
function bindSession(tenancy: Tenancy, holder: object): void {
  const session = Reflect.get(holder, 'session') as DrizzleSession | undefined;
  if (session === undefined) throw unsafe();
  const get = () => {
    const origin = new Origin(tenancy, 'A query');
    if (origin.tenant === undefined) return session;
    const bound = Object.create(session) as DrizzleSession;
    bound.prepareQuery = (...given) => {
      origin.assertNotElsewhere();
      return session.prepareQuery(...given);
    };
    return bound;
  };
  Object.defineProperty(holder, 'session', { get, enumerable: true, configurable: true });
}

/** On PostgreSQL it prepares at once, and runs when it is awaited. */
function bindExecute(tenancy: Tenancy, db: DrizzleInternals): void {
  const { execute } = db;
  if (execute === undefined) return;
  db.execute = (...given) => {
    const origin = new Origin(tenancy, 'A query');
    const raw = execute.apply(db, given) as { execute?(...given: unknown[]): unknown };
    const { execute: run } = raw;
    if (run !== undefined) {
      raw.execute = async (...values) => {
        origin.assertNotElsewhere();
        return run.apply(raw, values);
      };
    }
    return raw;
  };
}

function migrateEach(tenancy: Tenancy, dialect: Dialect): void {
  const { migrate } = dialect;
  if (migrate === undefined) throw unsafe();
  dialect.migrate = async (migrations, session, config, ...more) => {
    const { schema } = (await tenancy.session().ready()).placement;
    const own = schema === undefined ? {} : { migrationsSchema: schema };
    return migrate.call(dialect, migrations, session, { ...own, ...Object(config) }, ...more);
  };
}

function unsafe(): NotSupportedError {
  return new NotSupportedError('This Drizzle makes its queries otherwise than the versions that are known.', {
    hint: 'Use a version of Drizzle that docs/compatibility.md names.',
  });
}

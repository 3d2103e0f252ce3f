import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describeOrm, type OrmGaps, type OrmUnderTest } from 'tenantry/testing';
import { describe, it } from 'vitest';
import type { EngineName } from '../../packages/tenantry/src/engine/capabilities.js';
import type { Isolation, Tenancy } from '../../packages/tenantry/src/index.js';
import { onEngine } from '../helpers/engines.js';
import { isInstalled } from '../helpers/installed.js';
import { drizzleMysql, drizzlePostgres, drizzleSqlite } from './instances/drizzle.js';
import { knexMysql, knexPostgres, knexSqlite } from './instances/knex.js';
import { kyselyMysql, kyselyPostgres, kyselySqlite } from './instances/kysely.js';
import { prismaMysql, prismaPostgres, prismaSqlite } from './instances/prisma.js';
import { typeormMysql, typeormPostgres, typeormSqlite } from './instances/typeorm.js';
import { ormSetting } from './setting.js';

/** One ORM on one engine: how to open an instance, or why there is none. */
export interface Cell {
  readonly open?: (tenancy: Tenancy, tenants: readonly string[]) => OrmUnderTest | Promise<OrmUnderTest>;
  readonly gaps?: OrmGaps;
  /** Why an instance must not, or cannot, serve every tenant here. */
  readonly refused?: Partial<Record<Isolation, string>>;
  /** A package that the ORM imports by itself, and that cannot be installed on every machine. */
  readonly imports?: string;
}

/** An ORM with its package, and what it runs on. */
export interface Orm {
  readonly name: string;
  readonly packageName: string;
  readonly engines: Readonly<Record<EngineName, Cell>>;
}

const PREPARES_NOTHING = 'prepares nothing that an application could keep';
const KYSELY_GAPS = {
  'prepared statements': PREPARES_NOTHING,
  'nested transactions': 'has savepoints of its own, and no transaction inside another',
};
const PRISMA_GAPS = {
  'prepared statements': PREPARES_NOTHING,
  streaming: 'has no streams',
  'schema tools': 'has none in an application’s process, only its command',
};

/** Every ORM on every engine; docs/compatibility.md is made of this. */
export const matrix: readonly Orm[] = [
  {
    name: 'Drizzle',
    packageName: 'drizzle-orm',
    engines: {
      mysql: { open: drizzleMysql },
      postgres: { open: drizzlePostgres, gaps: { streaming: 'has no streams on node-postgres' } },
      sqlite: {
        open: drizzleSqlite,
        imports: 'better-sqlite3',
        gaps: {
          transactions: 'are synchronous on better-sqlite3: no work in them can wait',
          streaming: 'has no streams on better-sqlite3',
        },
      },
    },
  },
  {
    name: 'Kysely',
    packageName: 'kysely',
    engines: {
      mysql: { open: kyselyMysql, gaps: KYSELY_GAPS },
      postgres: { open: kyselyPostgres, gaps: KYSELY_GAPS },
      sqlite: { open: kyselySqlite, gaps: KYSELY_GAPS },
    },
  },
  {
    name: 'Knex',
    packageName: 'knex',
    engines: {
      mysql: { open: knexMysql, gaps: { 'prepared statements': PREPARES_NOTHING } },
      postgres: {
        open: knexPostgres,
        gaps: {
          'prepared statements': PREPARES_NOTHING,
          streaming: "releases a client twice after a stream, and throws, over pg's own pool as well",
        },
      },
      sqlite: { open: knexSqlite, gaps: { 'prepared statements': PREPARES_NOTHING } },
    },
  },
  {
    name: 'TypeORM',
    packageName: 'typeorm',
    engines: {
      mysql: { open: typeormMysql, gaps: { 'prepared statements': PREPARES_NOTHING } },
      postgres: { open: typeormPostgres, gaps: { 'prepared statements': PREPARES_NOTHING } },
      sqlite: { open: typeormSqlite, gaps: { 'prepared statements': PREPARES_NOTHING } },
    },
  },
  {
    name: 'Prisma',
    packageName: '@prisma/client',
    engines: {
      mysql: { open: prismaMysql, gaps: PRISMA_GAPS },
      postgres: {
        open: prismaPostgres,
        gaps: PRISMA_GAPS,
        refused: { schema: 'writes "public"."users", and so ignores the search path' },
      },
      sqlite: { open: prismaSqlite, gaps: PRISMA_GAPS },
    },
  },
];

/** How tenants can be kept apart on an engine. */
export const isolationsOf = (engine: EngineName): readonly Isolation[] =>
  engine === 'postgres' ? ['database', 'schema', 'row'] : ['database'];

/** The version of a package that is installed. */
export function versionOf(packageName: string): string {
  const file = fileURLToPath(new URL(`../../node_modules/${packageName}/package.json`, import.meta.url));
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

/** Runs the suite for one ORM wherever it runs. */
export function describeInMatrix(name: string): void {
  const orm = matrix.find((candidate) => candidate.name === name);
  for (const engineName of ['sqlite', 'mysql', 'postgres'] as const) {
    const cell = orm?.engines[engineName];
    if (cell === undefined) continue;
    onEngine(engineName, (engine) => {
      for (const isolation of isolationsOf(engineName)) {
        describe(`a tenant's ${isolation}`, () => {
          const { open, gaps, refused, imports } = cell;
          const isMissing = imports !== undefined && !isInstalled(imports);
          const reason = isMissing ? `imports ${imports}, which is not installed` : refused?.[isolation];
          if (open !== undefined && reason === undefined)
            describeOrm(name, () => ormSetting(engine, open, isolation), gaps);
          else it(`${name} is not served`, (context) => context.skip(`${name} ${reason}`));
        });
      }
    });
  }
}

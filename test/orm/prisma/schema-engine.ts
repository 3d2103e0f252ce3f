import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import {
  bindMigrationAwareSqlAdapterFactory,
  type SqlDriverAdapterFactory,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import type { MigrationDirectory, SchemaEngine, SchemaPushOutput } from '@prisma/schema-engine-wasm';

/** What Prisma's command does with a database, by the engine that it runs, as WebAssembly instead of a binary. */
export interface SchemaTools {
  /** `prisma db push`; with `force` as if `--accept-data-loss` was given. */
  push(options: {
    readonly external: readonly string[];
    readonly force?: boolean;
  }): Promise<SchemaPushOutput>;
  /** `prisma migrate deploy`, of one migration. */
  deploy(name: string, sql: string, external: readonly string[]): Promise<readonly string[]>;
  /** `prisma migrate reset`, up to where it would apply the migrations again. */
  reset(external: readonly string[]): Promise<void>;
}

/** Opens the engine over an adapter, for a schema. `external` is what `tables.external` of `prisma.config` says. */
export async function openSchemaTools(
  factory: SqlDriverAdapterFactory,
  schema: string,
): Promise<SchemaTools> {
  const engine = await openEngine(factory, schema);
  const filtersOf = (external: readonly string[]) => ({ externalTables: [...external], externalEnums: [] });
  const files = { files: [{ path: 'schema.prisma', content: schema }] };
  const provider = factory.provider === 'postgres' ? 'postgresql' : factory.provider;
  return {
    push: ({ external, force = false }) =>
      engine.schemaPush({ force, schema: files, filters: filtersOf(external) }),
    deploy: async (name, sql, external) => {
      const migration: MigrationDirectory = {
        path: name,
        migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: sql } },
      };
      const migrationsList = {
        baseDir: '/migrations',
        lockfile: { path: 'migration_lock.toml', content: `provider = "${provider}"` },
        shadowDbInitScript: '',
        migrationDirectories: [migration],
      };
      const done = await engine.applyMigrations({ migrationsList, filters: filtersOf(external) });
      return done.appliedMigrationNames;
    },
    reset: (external) => engine.reset({ filter: filtersOf(external) }),
  };
}

async function openEngine(factory: SqlDriverAdapterFactory, schema: string): Promise<SchemaEngine> {
  loading ??= load();
  const { SchemaEngine } = await loading;
  // A shadow database is for `migrate dev`, which is not tried here.
  const adapter = bindMigrationAwareSqlAdapterFactory(factory as SqlMigrationAwareDriverAdapterFactory);
  return SchemaEngine.new({ datamodels: [['schema.prisma', schema]] }, () => {}, adapter);
}

interface Bindings {
  readonly SchemaEngine: typeof SchemaEngine;
  __wbg_set_wasm(exports: object): void;
}

/** As far as it is used here: Node's typings have no WebAssembly. */
interface WebAssembly {
  instantiate(
    bytes: Uint8Array,
    imports: object,
  ): Promise<{ instance: { exports: { __wbindgen_start(): void } } }>;
}

let loading: Promise<Bindings> | undefined;

/** As its own entry does it, which imports WebAssembly as a module: Node does not without a flag. */
async function load(): Promise<Bindings> {
  const entry = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const bindings = (await import(entry)) as Bindings;
  const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssembly };
  const bytes = await readFile(entry.replace(/\.js$/, '.wasm'));
  const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': bindings });
  bindings.__wbg_set_wasm(instance.exports);
  // Where it says why it gives up.
  const registry = { set_message: (message: string) => console.error(message) };
  Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: registry });
  instance.exports.__wbindgen_start();
  return bindings;
}

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type BetterSqlite3 from 'better-sqlite3';
import type { drizzle } from 'drizzle-orm/better-sqlite3';
import type { SqliteDialectConfig } from 'kysely';
import ts from 'typescript';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type {
  ColumnDefinition,
  RunResult,
  SqliteDatabase,
  SqliteStatement,
  SqliteTransaction,
  sqliteDatabase,
} from '../../../src/adapters/sqlite/index.js';

type Add = (id: number, name: string) => boolean;
interface User {
  id: number;
}

/** What a database that leads to every tenant refuses. */
type Refused =
  | 'function'
  | 'aggregate'
  | 'table'
  | 'loadExtension'
  | 'backup'
  | 'serialize'
  | 'defaultSafeIntegers'
  | 'unsafeMode';

describe('sqliteDatabase', () => {
  it("is typed so that it goes wherever better-sqlite3's own is wanted", () => {
    expectTypeOf<typeof sqliteDatabase>().returns.toEqualTypeOf<SqliteDatabase>();
    expectTypeOf<SqliteDatabase>().toExtend<BetterSqlite3.Database>();
    expectTypeOf<[SqliteDatabase]>().toExtend<Parameters<typeof drizzle>>();
    expectTypeOf<SqliteDatabase>().toExtend<SqliteDialectConfig['database']>();
    expectTypeOf<{ tenant: undefined }>().not.toExtend<NonNullable<Parameters<typeof sqliteDatabase>[1]>>();
  });

  it("has better-sqlite3's members, all of them, and returns nothing from those that it refuses", () => {
    expectTypeOf<keyof SqliteDatabase>().toEqualTypeOf<keyof BetterSqlite3.Database>();
    expectTypeOf<ReturnType<SqliteDatabase[Refused]>>().toBeNever();
    // So the driver's own is not ours: it does what ours refuses.
    expectTypeOf<BetterSqlite3.Database>().not.toExtend<SqliteDatabase>();
    type Data = 'memory' | 'readonly' | 'name' | 'open' | 'inTransaction';
    expectTypeOf<Pick<SqliteDatabase, Data>>().toEqualTypeOf<Pick<BetterSqlite3.Database, Data>>();
    expectTypeOf<SqliteDatabase['pragma']>().toEqualTypeOf<BetterSqlite3.Database['pragma']>();
  });

  it("types statements and transactions as better-sqlite3's are", () => {
    expectTypeOf<SqliteStatement>().toExtend<BetterSqlite3.Statement>();
    type Ours = SqliteStatement<[id: number], User>;
    type Theirs = BetterSqlite3.Statement<[id: number], User>;
    expectTypeOf<Ours>().toExtend<Theirs>();
    expectTypeOf<keyof Ours>().toEqualTypeOf<keyof Theirs>();
    // Both ways, but for the database that they belong to.
    expectTypeOf<Ours['database']>().toEqualTypeOf<SqliteDatabase>();
    expectTypeOf<Theirs>().not.toExtend<Ours>();
    expectTypeOf<Theirs & Pick<Ours, 'database'>>().toExtend<Ours>();
    expectTypeOf<SqliteTransaction<Add>>().toEqualTypeOf<BetterSqlite3.Transaction<Add>>();
    expectTypeOf<RunResult>().toEqualTypeOf<BetterSqlite3.RunResult>();
    expectTypeOf<ColumnDefinition>().toEqualTypeOf<BetterSqlite3.ColumnDefinition>();

    const used = (database: SqliteDatabase) => ({
      user: database.prepare<[id: number], User>('SELECT id FROM users WHERE id = ?').get(1),
      named: database.prepare<{ id: number }, User>('SELECT id FROM users WHERE id = :id').all({ id: 1 }),
      add: database.transaction((id: number, name: string) => id > 0 && name !== ''),
    });
    type Used = ReturnType<typeof used>;
    expectTypeOf<Used['user']>().toEqualTypeOf<User | undefined>();
    expectTypeOf<Used['named']>().toEqualTypeOf<User[]>();
    expectTypeOf<Used['add']>().toEqualTypeOf<SqliteTransaction<Add>>();
  });
});

describe('tenantry/sqlite', () => {
  it('is typed without any driver and any ORM, also where libraries are checked', async () => {
    // Beside the package that it imports.
    const parent = fileURLToPath(
      new URL('../../../../../node_modules/.cache/tenantry-types/', import.meta.url),
    );
    await mkdir(parent, { recursive: true });
    const folder = await mkdtemp(join(parent, 'run-'));
    try {
      const file = join(folder, 'application.mts');
      await writeFile(
        file,
        `import { createTenancy } from 'tenantry';
         import * as sqlite from 'tenantry/sqlite';
         const tenancy = await createTenancy({ catalog: 'sqlite:./data' });
         export const rows: unknown[] = sqlite.sqliteDatabase(tenancy).prepare('SELECT 1').all();`,
      );
      const program = ts.createProgram([file], {
        target: ts.ScriptTarget.ES2023,
        lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
        module: ts.ModuleKind.NodeNext,
        moduleResolution: ts.ModuleResolutionKind.NodeNext,
        types: ['node'],
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: false,
        noEmit: true,
      });
      const read = program.getSourceFiles().map(({ fileName }) => fileName);
      const ours = program
        .getSourceFiles()
        .filter(({ fileName }) => fileName === file || fileName.includes('/tenantry/dist/'));
      expect(ours.length).toBeGreaterThan(20);
      const messages = ours
        .flatMap((source) => [
          ...program.getSyntacticDiagnostics(source),
          ...program.getSemanticDiagnostics(source),
        ])
        .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
      expect(messages).toEqual([]);
      expect(
        read.filter((name) => /node_modules\/(@types\/)?(better-sqlite3|libsql|knex)\//.test(name)),
      ).toEqual([]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

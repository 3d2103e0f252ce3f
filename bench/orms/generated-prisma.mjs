// The client that `prisma generate` made for the tests. It is TypeScript, which Node 20 does not run.

import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SOURCE = join(ROOT, 'test/orm/prisma/postgres/generated');
/** Beside the packages that it imports. */
const FOLDER = join(ROOT, 'node_modules/.cache/tenantry-bench/prisma');

/** Writes it down as JavaScript, and says where its module is. */
export async function compilePrisma() {
  await rm(FOLDER, { recursive: true, force: true });
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
  for (const file of await readdir(SOURCE, { recursive: true })) {
    if (!file.endsWith('.ts')) continue;
    const source = await readFile(join(SOURCE, file), 'utf8');
    const path = join(FOLDER, file.replace(/\.ts$/, '.js'));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, ts.transpileModule(source, { compilerOptions }).outputText);
  }
  return join(FOLDER, 'client.js');
}

// The client that `prisma generate` made for the tests. It is TypeScript, which Node 20 does not run; and it has one
// model, which no application has, so it gets more.

import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SOURCE = join(ROOT, 'test/orm/prisma/postgres/generated');
/** Beside the packages that it imports. */
const FOLDER = join(ROOT, 'node_modules/.cache/tenantry-bench/prisma');

/** Beside `User`: together the twenty of a small application, with ten fields each. */
const MORE_MODELS = 19;
const FIELDS = ['id', ...Array.from({ length: 9 }, (_, index) => `field${index + 1}`)];

/** Writes it down as JavaScript, and says where its module is. */
export async function compilePrisma() {
  await rm(FOLDER, { recursive: true, force: true });
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
  for (const file of await readdir(SOURCE, { recursive: true })) {
    if (!file.endsWith('.ts')) continue;
    const source = await readFile(join(SOURCE, file), 'utf8');
    const { outputText } = ts.transpileModule(source, { compilerOptions });
    const path = join(FOLDER, file.replace(/\.ts$/, '.js'));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, withMoreModels(outputText));
  }
  return join(FOLDER, 'client.js');
}

/** Where the generated configuration names its models, more are put beside them. */
function withMoreModels(code) {
  const names = Array.from({ length: MORE_MODELS }, (_, index) => `Model${index + 1}`);
  const fields = FIELDS.map((name) => ({ name, kind: 'scalar', type: 'Int' }));
  const models = Object.fromEntries(names.map((name) => [name, { fields, dbName: null, schema: null }]));
  const columns = FIELDS.map((name) => `${name} Int${name === 'id' ? ' @id' : ''}`).join('\n');
  const schema = names.map((name) => `\nmodel ${name} {\n${columns}\n}`).join('\n');
  return code.replace(
    /^config\.parameterizationSchema = /m,
    `Object.assign(config.runtimeDataModel.models, ${JSON.stringify(models)});
config.inlineSchema += ${JSON.stringify(schema)};
$&`,
  );
}

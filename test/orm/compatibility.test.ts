import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { type Cell, isolationsOf, matrix, versionOf } from './matrix.js';

const file = fileURLToPath(new URL('../../docs/compatibility.md', import.meta.url));
const ENGINES = ['postgres', 'mysql', 'sqlite'] as const;
const LABELS = { postgres: 'PostgreSQL', mysql: 'MariaDB', sqlite: 'SQLite' };

const PREFACE = `# Compatibility

One instance of an ORM, over one pool, for every tenant: which of them pass the suite that this takes (\`describeOrm\` of
\`tenantry/testing\`). Made of the suite's own table (\`test/orm/matrix.ts\`); whatever is named here runs with every
\`npm test\`, on MariaDB 10.11, PostgreSQL 15, better-sqlite3 and libsql. MySQL itself has not been run.

To make it anew: \`TENANTRY_WRITE_DOCS=1 npm test -- test/orm/compatibility\`.
`;

it('docs/compatibility.md says what the suite runs', async () => {
  const text = [PREFACE, ...table(), '', ...notes(), ''].join('\n');
  if (process.env.TENANTRY_WRITE_DOCS === '1') await writeFile(file, text);
  expect(await readFile(file, 'utf8')).toBe(text);
});

function table(): string[] {
  const columns = ENGINES.flatMap((engine) =>
    isolationsOf(engine).map((isolation) => ({ engine, isolation })),
  );
  const head = columns.map(({ engine, isolation }) => `${LABELS[engine]}, ${isolation}`);
  return [
    row(['ORM', 'version', ...head]),
    row(['ORM', 'version', ...head].map(() => '---')),
    ...matrix.map(({ name, packageName, engines }) =>
      row([
        name,
        versionOf(packageName),
        ...columns.map(({ engine, isolation }) => verdict(engines[engine], isolation)),
      ]),
    ),
  ];
}

function verdict({ open, gaps, refused }: Cell, isolation: keyof NonNullable<Cell['refused']>): string {
  if (open === undefined || refused?.[isolation] !== undefined) return 'no';
  return gaps === undefined ? 'yes' : 'yes, but';
}

function notes(): string[] {
  const lines = matrix.flatMap(({ name, engines }) =>
    ENGINES.flatMap((engine) => {
      const { gaps = {}, refused = {} } = engines[engine];
      const on = `${name} on ${LABELS[engine]}`;
      return [
        ...Object.entries(gaps).map(([what, why]) => `- ${on}, ${what}: ${why}.`),
        ...Object.entries(refused).map(
          ([isolation, why]) => `- ${on}, isolation \`${isolation}\`, no: ${why}.`,
        ),
      ];
    }),
  );
  return ['"But", and "no":', '', ...lines];
}

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;

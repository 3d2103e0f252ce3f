import { describe } from 'vitest';
import { describeContext } from './context.js';
import { describeOrmErrors } from './errors.js';
import type { OrmGaps, OrmSetting } from './fixture.js';
import { describeOrmSchemaTools } from './schema-tools.js';
import { describeOrmStatements } from './statements.js';
import { OrmSuiteContext } from './suite-context.js';
import { describeOrmTransactions } from './transactions.js';

/**
 * Defines the suite that an ORM must pass before one instance of it may serve every tenant, tried on
 * real servers. Call it in a vitest file. What the ORM cannot do is skipped, with the reason.
 *
 * @example
 * ```ts
 * describeOrm('Kysely on MySQL', async () => ({ tenancy, tenants, open: openKysely, close: () => tenancy.close() }), {
 *   'nested transactions': 'Kysely has none',
 * });
 * ```
 */
export function describeOrm(label: string, makeSetting: () => Promise<OrmSetting>, gaps: OrmGaps = {}): void {
  describe(label, () => {
    const suite = new OrmSuiteContext(makeSetting);
    describeContext(suite);
    describeOrmErrors(suite, gaps);
    describeOrmTransactions(suite, gaps);
    describeOrmStatements(suite, gaps);
    // The last: a tool that drops everything leaves a tenant without its tables.
    describeOrmSchemaTools(suite, gaps);
  });
}

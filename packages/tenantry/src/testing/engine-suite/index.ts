import { describe } from 'vitest';
import { describeDatabases } from './databases.js';
import { describeEndings } from './endings.js';
import type { EngineFixture } from './fixture.js';
import { describeLeftBehind } from './left-behind.js';
import { describeOpening } from './opening.js';
import { describeQuoting } from './quoting.js';
import { describeStatements } from './statements.js';
import { SuiteContext } from './suite-context.js';
import { describeTransactions } from './transactions.js';

/**
 * Defines the conformance suite of the engine contract: what every engine must do, tried on a real
 * server. Call it in a vitest file. What an engine cannot do is skipped, with the reason.
 *
 * @example
 * ```ts
 * describeEngine('my engine', async () => ({
 *   server: myEngine.server(parseAddress(process.env.MY_SERVER_URL)),
 *   databaseName: () => `Suite_${randomUUID().slice(0, 8)}`,
 *   refused: { missing: 'it has no passwords' },
 *   unreachable: { missing: 'it is always there' },
 *   silent: { missing: 'it never hangs' },
 *   close: () => dropEverything(),
 * }));
 * ```
 */
export function describeEngine(label: string, makeFixture: () => Promise<EngineFixture>): void {
  describe(`the engine ${label}`, () => {
    const suite = new SuiteContext(makeFixture);
    describeSessions(suite);
    describeDatabases(suite);
    describeQuoting(suite);
  });
}

/**
 * The part of the conformance suite that is about sessions, run in a part of a database: a schema, or the rows
 * of one tenant. The fixture's `part` says which.
 */
export function describeEnginePart(label: string, makeFixture: () => Promise<EngineFixture>): void {
  describe(`the engine ${label}`, () => describeSessions(new SuiteContext(makeFixture)));
}

function describeSessions(suite: SuiteContext): void {
  describeOpening(suite);
  describeStatements(suite);
  describeTransactions(suite);
  describeLeftBehind(suite);
  describeEndings(suite);
}

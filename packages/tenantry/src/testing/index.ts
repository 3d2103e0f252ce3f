/**
 * Tools for tests: the conformance suites of the engine and catalog contracts, the suite for ORMs, and a network that fails on demand.
 *
 * @packageDocumentation
 */
export type { CatalogFixture } from './catalog-suite/fixture.js';
export { describeCatalog } from './catalog-suite/index.js';
export type { Available, EngineFixture, SilentServer, SuitePart } from './engine-suite/fixture.js';
export { describeEngine, describeEnginePart } from './engine-suite/index.js';
export type {
  OrmGaps,
  OrmHandle,
  OrmSchemaTools,
  OrmSetting,
  OrmTransaction,
  OrmUnderTest,
} from './orm-suite/fixture.js';
export { describeOrm } from './orm-suite/index.js';
export type { Direction } from './proxied-connection.js';
export { type ProxyTarget, TcpProxy } from './tcp-proxy.js';

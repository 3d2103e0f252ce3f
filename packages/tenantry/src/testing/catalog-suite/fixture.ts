import type { Catalog } from '../../catalog/catalog.js';

/** What the conformance suite needs in order to try a catalog. One is made for each test. */
export interface CatalogFixture {
  /** A catalog that was never set up. */
  readonly catalog: Catalog;
  /** The same catalog as another process sees it. */
  another(): Catalog;
  /** A catalog whose server does not answer. */
  unreachable(): Catalog;
  /** Removes what the fixture has made; rejects if the catalog still holds a connection. */
  close(): Promise<void>;
}

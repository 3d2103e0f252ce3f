import { forEachEngine } from '../../../../test/helpers/engines.js';
import { describeCatalog } from '../../src/testing/index.js';
import { makeTestCatalog } from './test-catalog.js';

forEachEngine((engine) => describeCatalog('in SQL tables', () => makeTestCatalog(engine)));

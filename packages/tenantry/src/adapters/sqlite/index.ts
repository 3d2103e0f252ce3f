export { sqlite } from '../../engines/sqlite/index.js';

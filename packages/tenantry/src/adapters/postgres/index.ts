export { postgres } from '../../engines/postgres/index.js';

export { mysql } from '../../engines/mysql/index.js';

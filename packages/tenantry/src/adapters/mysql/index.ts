export { mysql } from '../../engines/mysql/index.js';
export { type MysqlDriver, mysqlDriver } from './driver.js';
export { type MariadbPoolOptions, mariadbPool } from './mariadb-pool.js';
export { mysqlPool } from './pool.js';
export type { MysqlPoolOptions, ValueOptions } from './pool-options.js';

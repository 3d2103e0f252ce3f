export { mysql } from './engine.js';
export { type MysqlSender, openTunnel } from './lend.js';
export { noAddress } from './no-address.js';

export { mysql } from './engine.js';
export { type MysqlSender, openTunnel } from './lend.js';
export { assertPreparable, assertSendable } from './lent-values.js';

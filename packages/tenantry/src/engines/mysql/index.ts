export { noAddress } from '../../engine/no-address.js';
export { mysql } from './engine.js';
export { type MysqlSender, openTunnel } from './lend.js';
export { leavable, leavableStream } from './lent-streams.js';
export { assertPreparable, assertSendable, valuesOf } from './lent-values.js';

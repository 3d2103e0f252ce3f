export { mysql } from './engine.js';
export { openTunnel } from './lend.js';

export { postgres } from './engine.js';

export { mysql } from './engine.js';

export { sqlite } from './engine.js';

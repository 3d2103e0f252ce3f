import { describeInMatrix } from './matrix.js';

describeInMatrix('Knex');

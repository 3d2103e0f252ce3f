import { describeInMatrix } from './matrix.js';

describeInMatrix('Drizzle');

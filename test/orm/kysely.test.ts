import { describeInMatrix } from './matrix.js';

describeInMatrix('Kysely');

import { describeInMatrix } from './matrix.js';

describeInMatrix('TypeORM');

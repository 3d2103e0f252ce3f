import { describeInMatrix } from './matrix.js';

describeInMatrix('Prisma');

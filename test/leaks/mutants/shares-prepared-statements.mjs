/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'shares-prepared-statements',
  about: 'Prepared statements are kept by their text, for all handles together.',
  engines: ['sqlite'],
  patches: [
    {
      file: 'engines/sqlite/prepared-statements.js',
      find: '    #bySql = new Map();',
      replace: '    #bySql = shared;',
    },
    {
      file: 'engines/sqlite/prepared-statements.js',
      find: 'export class PreparedStatements',
      replace: `const shared = new Map();
export class PreparedStatements`,
    },
    {
      file: 'engines/sqlite/prepared-statements.js',
      find: `        this.#bySql.clear();
`,
      replace: '',
    },
  ],
};

/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'does-not-see-transactions-sqlite',
  about: 'An open transaction is not noticed.',
  engines: ['sqlite'],
  patches: [
    {
      file: 'engines/sqlite/connection.js',
      find: 'return !handle.inTransaction;',
      replace: 'return true;',
    },
  ],
};

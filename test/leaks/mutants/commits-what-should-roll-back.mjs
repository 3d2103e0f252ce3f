/** @type {import('../contracts.js').Mutant} */
export default {
  name: 'commits-what-should-roll-back',
  about: 'A transaction that fails is committed.',
  engines: ['mysql', 'postgres', 'sqlite'],
  patches: [
    {
      file: 'session/transaction.js',
      find: 'await lease.connection.rollback();',
      replace: 'await lease.connection.commit();',
    },
  ],
};

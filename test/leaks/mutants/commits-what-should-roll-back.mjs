/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'commits-what-should-roll-back',
  about: 'A transaction that fails is committed.',
  engines: ['mysql', 'postgres', 'sqlite'],
  patches: [
    {
      file: 'session/transaction.js',
      find: 'lease, lease.connection.rollback()',
      replace: 'lease, lease.connection.commit()',
    },
  ],
};

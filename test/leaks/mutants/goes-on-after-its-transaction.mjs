/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'goes-on-after-its-transaction',
  about: 'A transaction that the server has ended takes further statements.',
  engines: ['mysql', 'postgres', 'sqlite'],
  patches: [
    {
      file: 'session/transaction.js',
      find: 'if (lease.ended || lease.connection.isInTransaction())',
      replace: 'if (lease !== undefined)',
    },
  ],
};

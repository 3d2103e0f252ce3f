/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'begins-for-nobody',
  about: 'A call that is one lease may begin a transaction, with which nobody can go on.',
  engines: ['mysql', 'postgres', 'sqlite'],
  patches: [
    {
      file: 'session/left-open.js',
      find: 'if (lease.ended || !lease.connection.isInTransaction())',
      replace: 'if (lease !== undefined)',
    },
  ],
};

/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'does-not-see-transactions-mysql',
  about: 'An open transaction is not noticed.',
  engines: ['mysql'],
  patches: [
    {
      file: 'engines/mysql/connection.js',
      find: 'return status.flags !== undefined && !isOpen(status.flags);',
      replace: 'return status.flags !== undefined;',
    },
  ],
};

/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'serves-the-first-who-waits',
  about: 'A connection that comes back goes to whoever expects one, of any tenant.',
  engines: ['mysql', 'postgres', 'sqlite'],
  patches: [
    {
      file: 'pool/serving.js',
      find: 'if (waiter.target?.key === key && waiter.target.epoch === epoch)',
      replace: 'if (waiter.target !== undefined)',
    },
  ],
};

/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'takes-a-lost-commit-for-done',
  about: 'A COMMIT whose answer never came counts as done.',
  engines: ['mysql', 'postgres'],
  patches: [
    {
      file: 'session/transaction.js',
      find: '            throw new TransactionOutcomeUnknownError(`COMMIT',
      replace: `            return;
            throw new TransactionOutcomeUnknownError(\`COMMIT`,
    },
  ],
};

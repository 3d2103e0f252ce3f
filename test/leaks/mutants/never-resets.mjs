/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'never-resets',
  about: 'A connection goes to the next as the last one left it.',
  engines: ['mysql', 'postgres'],
  patches: [
    {
      file: 'pool/returns.js',
      find: 'else if (connection.isTouched())',
      replace: 'else if (connection === undefined)',
    },
  ],
};

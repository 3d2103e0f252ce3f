/** @type {import('../contracts/mutant.js').Mutant} */
export default {
  name: 'keeps-doubtful-connections',
  about: 'A connection is kept as long as it lives, whatever is open on it.',
  engines: ['mysql', 'postgres', 'sqlite'],
  patches: [
    {
      file: 'pool/returns.js',
      find: 'if (!connection.isClean())',
      replace: 'if (!connection.isAlive())',
    },
  ],
};
